// How many households a cell has, as a bar with the allowed range on it. Below, in and above the
// range differ by sign and pattern, not only by colour.

import { make } from '../page/build.js';
import { count, t } from '../page/words.js';

const SIGNS = { below: '▼', within: '✓', above: '▲', free: '·' };

// Where a cell stands: { at: 'below' | 'within' | 'above' | 'free', by: how many too few or many }.
export function standing({ households, low, high }) {
  if (low === null || low === undefined || households === null || households === undefined) return { at: 'free', by: 0 };
  if (households < low) return { at: 'below', by: low - households };
  if (households > high) return { at: 'above', by: households - high };
  return { at: 'within', by: 0 };
}

export const isOut = (cell) => standing(cell).by > 0;

// The longest bar of all: what it stands for, so that the bars of a list can be compared.
export const longest = (cells) => Math.max(1, ...cells.map(({ households, high }) => Math.max(households ?? 0, (high ?? 0) * 1.25)));

export function rangeBar(cell, most) {
  const { households, low, high } = cell;
  const { at } = standing(cell);
  const share = (value) => `${Math.min(100, (100 * value) / most)}%`;
  const allowed = at === 'free' ? null : make('i', { class: 'allowed', css: { left: share(low), width: `calc(${share(high)} - ${share(low)})` } });
  const words = at === 'free' ? t('plan_panels.cells.bar_free', { n: count(households) }) : t('plan_panels.cells.bar', { n: count(households), low: count(low), high: count(high) });
  return make('span', { class: 'range-bar', 'data-at': at, role: 'img', 'aria-label': words },
    make('i', { class: 'fill', css: { width: share(households ?? 0) } }), allowed);
}

// ▲ 多120户
export function standingMark(cell) {
  const { at, by } = standing(cell);
  return make('span', { class: 'standing-mark', 'data-at': at }, make('span', { 'aria-hidden': 'true', text: SIGNS[at] }), t(`plan_panels.cells.${at}`, { n: count(by) }));
}
