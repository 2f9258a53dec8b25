// What the page says when there is nothing to show, or nobody to ask.

import { t } from '../page/words.js';
import { icon, make } from './build.js';

const notice = document.getElementById('notice');
const said = document.getElementById('said');

export function quiet() {
  notice.hidden = true;
}

// The first picture is there, or it is said why not.
export function loaded() {
  document.getElementById('loading').hidden = true;
}

// With a map on the screen one line above it is enough; it can still be read and moved.
export function lost(retry, mapIsThere) {
  loaded();
  notice.classList.add('warning');
  notice.classList.toggle('slim', mapIsThere);
  notice.replaceChildren(
    make('h2', { text: t('map.lost.title') }),
    make('p', { text: t('map.lost.lead') }),
    make('button', { class: 'main', type: 'button', onclick: retry, text: t('map.lost.again') }),
  );
  notice.hidden = false;
}

export function nothingYet() {
  loaded();
  notice.classList.remove('warning', 'slim');
  notice.replaceChildren(
    make('h2', { text: t('map.nothing.title') }),
    make('p', { text: t('map.nothing.lead') }),
    make('pre', {}, make('code', { text: t('map.nothing.how') })),
    make('button', { class: 'main', type: 'button', onclick: () => window.location.reload(), text: t('map.nothing.again') }),
  );
  notice.hidden = false;
}

let hiding;

// A passing sentence; it goes by itself or by its button.
export function say(words) {
  said.replaceChildren(make('span', { text: words }),
    make('button', { type: 'button', class: 'close', 'aria-label': t('map.do.dismiss'), onclick: unsay }, icon('m5 5 10 10', 'm15 5-10 10')));
  said.hidden = false;
  clearTimeout(hiding);
  hiding = setTimeout(unsay, 8000);
}

export function unsay() {
  said.hidden = true;
}
