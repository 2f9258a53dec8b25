// Photographs of a report: made small, shown before they go.

import { smaller } from '../page/photos.js';
import { t } from '../page/words.js';
import { icon, make } from './build.js';

const MOST = 3;

// `fault(words)` says at the field what cannot be taken; without words it is quiet.
export function photosField(fault, changed) {
  const input = make('input', { id: 'report-photos', class: 'unseen', type: 'file', accept: 'image/*', multiple: true, 'aria-describedby': 'fault-photos' });
  const add = make('label', { class: 'add', for: 'report-photos' }, icon('M10 4v12', 'M4 10h12'), make('span', { text: t('map.photos_add') }));
  const list = make('ul', { class: 'shots' }, make('li', {}, input, add));
  let taken = [];

  function draw() {
    const shown = taken.map((one, index) => {
      one.image.alt = t('map.photo', { number: index + 1 });
      return make('li', {}, one.image, make('button', { type: 'button', class: 'drop', 'aria-label': t('map.photo_drop', { number: index + 1 }), onclick: () => drop(one) },
        make('span', {}, icon('m5 5 10 10', 'm15 5-10 10'))));
    });
    list.replaceChildren(...shown, list.lastElementChild);
    list.lastElementChild.hidden = taken.length >= MOST;
    changed();
  }

  function drop(one) {
    taken = taken.filter((other) => other !== one);
    draw();
    fault();
    input.focus();
  }

  input.addEventListener('change', async () => {
    const files = [...input.files];
    input.value = '';
    fault();
    const bad = [];
    for (const file of files.slice(0, MOST - taken.length)) {
      try {
        taken = [...taken, await smaller(file)].slice(0, MOST);
      } catch {
        bad.push(file.name);
      }
    }
    draw();
    if (bad.length) fault(t('map.photos_bad', { names: bad.join(t('map.and')) }));
    else if (files.length > MOST || taken.length < files.length) fault(t('map.photos_most', { n: MOST }));
  });
  return {
    element: list,
    input,
    all: () => taken,
    empty() {
      taken = [];
      draw();
    },
  };
}
