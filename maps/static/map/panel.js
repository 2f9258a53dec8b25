// The panel beside the map, on a phone a sheet from below. It shows one thing at a time: the card
// of a cell, or of a case, or the form of a report.

import { t } from '../page/words.js';
import { Lost } from './ask.js';
import { icon, make } from './build.js';
import { changed, state } from './state.js';

export const panel = document.getElementById('card');

// What a line in the panel opens; main.js says how.
export const opens = { cell() {}, case() {} };

let asking = new AbortController();
let drawn = false;

// Whether what the panel is about is read; before that nothing can be out of date.
export const isDrawn = () => drawn;

// From here on the panel is about this cell or case or report; what was asked for before is not waited for.
export function turnTo({ cell = null, file = null, reporting = false }) {
  if (state.selected !== cell || state.case !== file || state.reporting !== reporting) {
    state.selected = cell;
    state.case = file;
    state.reporting = reporting;
    changed('selected');
  }
  drawn = false;
  return askAnew();
}

export function askAnew() {
  asking.abort();
  asking = new AbortController();
  return asking.signal;
}

export function fill(label, ...children) {
  panel.replaceChildren(closer(), ...children.filter(Boolean), make('div', { class: 'more-below', 'aria-hidden': 'true' }));
  panel.setAttribute('aria-label', label);
  panel.hidden = false;
  panel.scrollTop = 0;
  drawn = true;
  document.body.classList.add('with-card');
  showMore();
}

// Draw again what is shown: who reads on, reads on; who stood on a button, stands there.
export function inPlace(draw) {
  const [at, held] = [panel.scrollTop, document.activeElement];
  const stood = held !== panel && panel.contains(held);
  draw();
  panel.scrollTop = at;
  if (stood) (alike(held) ?? panel).focus({ preventScroll: true });
}

function alike(element) {
  return [...panel.querySelectorAll(element.tagName)].find((one) => one.className === element.className && one.textContent === element.textContent);
}

export function closeCard() {
  const wasInside = panel.contains(document.activeElement);
  panel.hidden = true;
  document.body.classList.remove('with-card');
  turnTo({});
  if (wasInside) document.querySelector('.folium-map').focus({ preventScroll: true });
}

// A fading edge says that there is more below.
function showMore() {
  panel.classList.toggle('has-more', panel.scrollTop + panel.clientHeight < panel.scrollHeight - 6);
}
panel.addEventListener('scroll', showMore, { passive: true });
window.addEventListener('resize', showMore);
new ResizeObserver(showMore).observe(panel);

function closer() {
  return make('div', { class: 'closer' },
    make('button', { type: 'button', class: 'close', 'aria-label': t('page.do.close'), onclick: closeCard }, icon('m5 5 10 10', 'm15 5-10 10')));
}

// A name of three hundred characters is cut until it is clicked.
export function heading(name) {
  return make('h2', { text: name, title: name, onclick: (event) => event.target.classList.toggle('whole') });
}

export function section(label, ...children) {
  return make('section', {}, make('h3', { text: label }), ...children);
}

export function telephone(name, phone) {
  return phone ? make('a', { href: `tel:${phone.replace(/[^0-9+]/g, '')}`, text: phone, 'aria-label': t('map.call', { name, phone }) }) : null;
}

// Why something cannot be read; `thing` is its name, `gone` the sentence that there is none.
export function reason(error, thing, gone) {
  const words = error.status === 404
    ? gone
    : error instanceof Lost || error.status >= 500
      ? t('map.lost.unread', { thing })
      : t('map.lost.refused', { thing });
  return make('p', { class: 'none', text: words });
}
