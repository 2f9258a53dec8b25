// 待补: what a worker should mend next, cell by cell.

import { both, button, empty, fill, make } from './parts.js';
import { show } from './household.js';
import { drawRows } from './mend.js';
import { get } from './send.js';
import { GAPS } from './words.js';

export function draw(place) {
  const list = make('div', {});
  place.replaceChildren(make('h2', {}, ...both('每个网格还缺什么', 'What each cell still lacks')), list);
  fill(list, get('/register/completeness'), ({ cells }) => overview(cells, place));
}

function overview(cells, place) {
  const open = cells.filter((cell) => Object.keys(GAPS).some((gap) => cell[gap]));
  if (!open.length) return empty('职责范围内没有要补的。', 'Nothing to mend in your charge.');
  const head = Object.entries(GAPS).map(([, [chinese, english]]) => make('th', { scope: 'col' }, ...both(chinese, english)));
  const rows = open.map((cell) => make('tr', {},
    make('th', { scope: 'row' }, make('button', { type: 'button', class: 'link', text: cell.name ?? '不在任何网格', onclick: () => one(cell, place) })),
    ...Object.entries(GAPS).map(([gap, [chinese]]) => make('td', { 'data-label': chinese, text: cell[gap] || '' }))));
  return make('table', { class: 'gaps' }, make('thead', {}, make('tr', {}, make('th', { scope: 'col' }, ...both('网格', 'Cell')), ...head)), make('tbody', {}, ...rows));
}

function one(cell, place) {
  const lists = make('div', {});
  place.replaceChildren(
    make('div', { class: 'above' }, button('← 全部网格', 'All cells', () => draw(place)), make('h2', { text: cell.name ?? '不在任何网格' })), lists);
  fill(lists, get(`/register/completeness?cell=${encodeURIComponent(cell.code ?? '')}`), ({ lists: gaps }) => {
    const parts = Object.entries(GAPS).filter(([gap]) => gaps[gap]?.length).map(([gap, words]) => section(gap, words, gaps[gap], () => one(cell, place)));
    return parts.length ? parts : empty('这个网格补齐了。', 'This cell is complete.');
  });
}

function section(gap, [chinese, english, advice], items, again) {
  return make('section', { class: 'gap' },
    make('h3', {}, ...both(`${chinese} ${items.length}`, english)),
    make('p', { class: 'hint', text: advice }),
    gap === 'refused_rows'
      ? drawRows(items, again)
      : make('ul', { class: 'lines' }, ...items.map((item) => make('li', {}, item.household_id
        ? make('button', { type: 'button', onclick: () => show(item.household_id, item.resident_id) }, make('b', { text: item.label }))
        : make('span', { class: 'plain', text: item.label })))));
}
