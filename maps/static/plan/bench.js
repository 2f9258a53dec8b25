// The card on the map that speaks of the tool in hand: what to do, what it would lead to, whether to
// keep it. On the telephone it lies below the map.

import { make } from '../page/build.js';
import { count, t } from '../page/words.js';
import { longest, rangeBar, standing, standingMark } from './range-bar.js';
import { short } from './sheet.js';
import { about, state } from './state.js';

const place = document.getElementById('bench');
let said = null;

// The card of one tool: what it says after it was laid aside is said to nobody.
export const benchOf = (tool) => (...told) => state.tool === tool && bench(...told);

// Fills the card; the focus stays where it was as far as there is such a button.
export function bench(title, ...children) {
  const held = place.contains(document.activeElement) ? document.activeElement.dataset.do : null;
  place.replaceChildren(make('h2', { text: title }), ...children.flat(2).filter(Boolean));
  if (held) (place.querySelector(`[data-do="${held}"]:not(:disabled)`) ?? place).focus({ preventScroll: true });
}

export const byFinger = window.matchMedia('(pointer: coarse)').matches;

// A hint for whoever has keys.
export const keysHint = (words) => (byFinger ? null : hint(words));

export const hint = (words) => make('p', { class: 'small soft', text: words });

export const waiting = () => make('p', { class: 'wait', role: 'img', 'aria-label': t('page.state.loading') });

export const button = (name, words, run, { main = false, disabled = false, key = null } = {}) =>
  make('button', { type: 'button', class: `btn${main ? ' main' : ''}`, 'data-do': name, disabled, onclick: run, 'aria-keyshortcuts': key }, words, key ? make('kbd', { 'aria-hidden': 'true', text: key === 'Escape' ? 'Esc' : key }) : null);

// Tells who does not see the map what changed on it.
export function say(words) {
  said ??= document.getElementById('said');
  said.textContent = words;
}

// Household bars of cells as they are or would be: [{ …properties, before }], `before` being the
// households now, where they differ.
export function bars(cells) {
  const most = longest(cells);
  return make('ul', { class: 'live-bars' }, cells.map((cell) => make('li', { 'data-cell': cell.code },
    make('b', { class: 'num', text: short(cell.code), title: cell.name }),
    make('span', { class: 'num many' }, cell.before === undefined || cell.before === cell.households ? t('page.count.households', { n: count(cell.households) }) : t('plan.bars.from_to', { before: count(cell.before), after: count(cell.households) })),
    rangeBar(cell, most), standing(cell).at === 'free' ? null : standingMark(cell))));
}

// Of the cells of an answer those `codes` that are meant, and all that win or lose households: a
// neighbour that only got a corner more is not told.
export const meant = ({ cells: { features } }, codes) => ({ type: 'FeatureCollection', features: features.filter(({ properties: { code, households } }) => codes.includes(code) || households !== about(code)?.households) });

// The same cells as bars, beside what they have now.
export const outcome = (edited, codes) => bars(meant(edited, codes).features.map(({ properties }) => ({ ...properties, before: about(properties.code)?.households })));
