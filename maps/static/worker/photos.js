// Photographs taken with the phone: made small at once, shown, kept with what they belong to.

import { make, sign } from '../page/build.js';
import { smaller } from '../page/photos.js';
import { toast } from '../page/tell.js';
import { t } from '../page/words.js';

const MOST = 3;

// `changed()` hears that one came or went. The label opens the camera by itself.
export function photoField(changed = () => {}) {
  let taken = [];
  const input = make('input', { type: 'file', accept: 'image/*', capture: 'environment', class: 'unseen', id: 'camera', onchange: take });
  const button = make('label', { class: 'camera', for: 'camera' }, sign('camera'), make('span', { text: t('worker.photo.take') }));
  const list = make('ul', { class: 'shots' });
  const element = make('div', { class: 'photos' }, list, input, button);

  async function take() {
    const files = [...input.files];
    input.value = '';
    for (const file of files.slice(0, MOST - taken.length)) {
      try {
        taken = [...taken, await smaller(file)];
      } catch {
        toast(t('worker.photo.unreadable'));
      }
    }
    draw();
  }

  function draw() {
    list.replaceChildren(...taken.map((one, at) => {
      one.image.alt = t('worker.photo.number', { n: at + 1 });
      return make('li', {}, one.image, make('button', { type: 'button', class: 'drop', 'aria-label': t('worker.photo.drop', { n: at + 1 }), onclick: () => drop(one) }, sign('close')));
    }));
    element.classList.toggle('some', taken.length > 0);
    button.hidden = taken.length >= MOST;
    button.lastElementChild.textContent = t(taken.length ? 'worker.photo.more' : 'worker.photo.take');
    changed();
  }

  function drop(one) {
    taken = taken.filter((other) => other !== one);
    draw();
    input.focus();
  }

  return { element, input, blobs: () => taken.map(({ blob }) => blob) };
}
