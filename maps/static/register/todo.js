// To mend: what a worker should mend next, cell by cell.

import { get } from '../page/ask.js';
import { make } from '../page/build.js';
import { t } from '../page/words.js';
import { show } from './household.js';
import { drawRows } from './mend.js';
import { button, empty, fill } from './parts.js';
import { GAPS } from './words.js';

export function draw(place) {
  const list = make('div');
  place.replaceChildren(make('h1', { text: t('register.gaps.title') }), list);
  fill(list, get('/register/completeness'), ({ cells }) => overview(cells, place));
}

function overview(cells, place) {
  const open = cells.filter((cell) => GAPS.some((gap) => cell[gap]));
  if (!open.length) return empty(t('register.gaps.none'));
  const head = GAPS.map((gap) => make('th', { scope: 'col', text: t(`register.gaps.${gap}`) }));
  const rows = open.map((cell) => make('tr', {},
    make('th', { scope: 'row' }, make('button', { type: 'button', class: 'link', text: cell.name ?? t('register.no_cell'), onclick: () => one(cell, place) })),
    GAPS.map((gap) => make('td', { 'data-label': t(`register.gaps.${gap}`), text: cell[gap] || '' }))));
  return make('div', { class: 'paper' }, make('table', { class: 'table gaps' },
    make('thead', {}, make('tr', {}, make('th', { scope: 'col', text: t('register.gaps.cell') }), head)), make('tbody', {}, rows)));
}

function one(cell, place) {
  const lists = make('div');
  place.replaceChildren(
    make('div', { class: 'above' }, button(`← ${t('register.gaps.all')}`, () => draw(place)), make('h1', { text: cell.name ?? t('register.no_cell') })), lists);
  fill(lists, get(`/register/completeness?cell=${encodeURIComponent(cell.code ?? '')}`), ({ lists: gaps }) => {
    const parts = GAPS.filter((gap) => gaps[gap]?.length).map((gap) => section(gap, gaps[gap], () => one(cell, place)));
    return parts.length ? parts : empty(t('register.gaps.done'));
  });
}

function section(gap, items, again) {
  return make('section', { class: 'gap' },
    make('h2', { text: `${t(`register.gaps.${gap}`)} ${items.length}` }),
    make('p', { class: 'hint', text: t(`register.advice.${gap}`) }),
    gap === 'refused_rows'
      ? drawRows(items, again)
      : make('ul', { class: 'lines paper' }, items.map((item) => make('li', {}, item.household_id
        ? make('button', { type: 'button', onclick: () => show(item.household_id, item.resident_id) }, make('b', { text: item.label }))
        : make('span', { class: 'plain', text: item.label })))));
}
