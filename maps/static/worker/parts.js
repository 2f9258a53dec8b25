// What several views are put together from.

import { icon, make, sign } from '../page/build.js';
import { t } from '../page/words.js';
import { telling } from '../page/zone.js';
import { state } from './state.js';
import { length, metres } from './geo.js';
import { back } from './route.js';

// What a stop is: a case to be handled, somebody to be visited. And what else only this page shows.
const OWN = {
  case: ['M5 4.5h10V17H5z', 'M8 3h4v3H8z', 'M7.7 9.5h4.6', 'M7.7 13h4.6'],
  me: ['M10 2v3', 'M10 15v3', 'M2 10h3', 'M15 10h3', 'M14.5 10a4.5 4.5 0 1 1-9 0 4.5 4.5 0 0 1 9 0z'],
};
export const picture = (name) => (OWN[name] ? icon(...OWN[name]) : sign(name));

// The head of a card: the way back, what it is, and under it a line.
export function head(title, under = null) {
  return make('header', { class: 'card-head' },
    make('button', { type: 'button', class: 'btn bare square', 'aria-label': t('page.do.back'), onclick: () => back() }, sign('back')),
    make('div', { class: 'grow' }, make('h2', { text: title }), under && make('p', { class: 'soft small', text: under })));
}

export function part(title, ...content) {
  return make('section', { class: 'part' }, title && make('h3', { text: title }), ...content);
}

export const nothing = (words, name = 'check') => make('div', { class: 'empty' }, sign(name), make('p', { text: words }));

export function distance(one) {
  if (!state.here || one.lon === null || one.lon === undefined) return null;
  return length(metres(state.here, one));
}

export const dayOf = telling({ month: 'numeric', day: 'numeric' });

export const joined = (...words) => words.filter(Boolean).join(' · ');

export function call(phone, words = t('page.do.call')) {
  return make('a', { class: 'btn', href: `tel:${phone}` }, sign('phone'), words);
}

// One of several: chips that press each other out. `chosen(value)` hears of it.
export function choice(label, options, chosen, { value = null } = {}) {
  const group = make('div', { class: 'chips', role: 'group', 'aria-label': label });
  for (const { value: own, text } of options) {
    group.append(make('button', {
      type: 'button', class: 'chip', 'aria-pressed': String(own === value), text,
      onclick: ({ currentTarget }) => {
        for (const chip of group.children) chip.setAttribute('aria-pressed', String(chip === currentTarget));
        chosen(own);
      },
    }));
  }
  return group;
}

// Draws anew in place: who was reading or had pressed something stays there.
export function inPlace(root, ...content) {
  const key = root.contains(document.activeElement) ? document.activeElement.dataset.key : null;
  const scrolled = root.firstElementChild ? root.scrollTop : 0; // to ask it lays the page out
  root.replaceChildren(...content.flat().filter(Boolean));
  if (scrolled) root.scrollTop = scrolled;
  if (key) root.querySelector(`[data-key="${CSS.escape(key)}"]`)?.focus({ preventScroll: true });
}
