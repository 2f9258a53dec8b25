// What several panels say: days, numbers, names of cells, that one has to wait.

import { make } from '../page/build.js';
import { day } from '../page/time.js';
import { count, t } from '../page/words.js';
import { short } from './sheet.js';
import { about, state } from './state.js';

// A day as the server writes it, 2026-12-01, in words.
export const dayOf = (date) => day(`${date}T12:00`);

// Today where the town is, and the day after, as the server writes days.
export const today = () => state.plan.today;
export const tomorrow = () => new Date(Date.parse(today()) + 86_400_000).toISOString().slice(0, 10);

// The communities of the open plan: code → { name, n: how many cells }.
export function communities() {
  const some = new Map();
  for (const { properties: { division_code: code, division_name: name } } of state.cells.values()) if (code) some.set(code, { name: name ?? code, n: (some.get(code)?.n ?? 0) + 1 });
  return some;
}

export const percent = (share) => `${count(Math.round(share * 1000) / 10)}%`;

// A cell that was not given a name yet is called by its community and the end of its code.
export function titled({ code, name, division_name: community }) {
  return name && name !== code ? name : [community, short(code)].filter(Boolean).join(' ');
}

export const cellName = (code) => titled(about(code) ?? { code });

// A number in a sentence, of which one is said otherwise.
export const number = (n) => (n === 1 ? n : count(n));

// How many cells of each fate, where there are any.
export const fatesSaid = (fates) => Object.entries(fates).filter(([, n]) => n).map(([fate, n]) => t(`plan_panels.balance.${fate}`, { n: count(n) })).join(t('plan_panels.between'));

export const figure = (value, words, look = '') => make('div', { class: `figure ${look}` }, make('b', { class: 'num', text: value }), make('span', { class: 'small soft', text: words }));

export const field = (id, words, input, hint = null) => make('div', { class: 'field' }, make('label', { for: id, text: words }), input, hint && make('p', { class: 'hint', text: hint }));

export const waiting = (words) => make('div', { class: 'stack', role: 'status' }, make('p', { class: 'soft', text: words }), make('span', { class: 'wait' }), make('span', { class: 'wait' }));

// In place of a panel: no plan is open, or not yet.
export const noPlan = () => (state.plans && !state.plans.length ? make('p', { class: 'empty', text: t('plan_panels.no_plan') }) : waiting(t('page.state.loading')));
