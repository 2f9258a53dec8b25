// What balancing or drawing anew would do, in numbers: who moves, from whom to whom, what is better
// after it, and what cannot be reached.

import { make } from '../page/build.js';
import { count, t } from '../page/words.js';
import { cellName, number, percent } from './panel-words.js';
import { zoomTo } from './place.js';
import { said } from './said.js';
import { about, state } from './state.js';

const MOST = 100;

// `proposed` is { act, answer }; `keep` and `away` are what its two buttons do.
export function outcome({ act, answer }, { keep, away }) {
  const { moves = [], moved_households: moved, born = [], ended = [], changed = [], cannot = [], seconds } = answer;
  const nothing = !born.length && !ended.length && !changed.length;
  return make('section', { class: 'stack outcome paper inside', 'aria-label': t('plan_panels.balance.outcome') },
    make('header', {}, make('h3', { tabindex: '-1', text: t('plan_panels.balance.outcome') }), make('span', { class: 'small soft num', text: t('plan_panels.balance.took', { seconds: count(Math.round(seconds * 10) / 10) }) })),
    make('p', { class: 'lead', role: 'status', text: nothing ? t(answer.after?.out_of_range ? 'plan_panels.balance.no_more' : 'plan_panels.balance.nothing') : summary(act, moves, moved) }),
    nothing ? '' : make('div', { class: 'chips' }, fate('born', born), fate('ended', ended), fate('changed', changed)),
    better(answer), answer.complete === false ? make('p', { class: 'notice warn small', text: t('plan_panels.balance.cut_short') }) : '', cannot.length ? make('div', { class: 'notice warn small' }, make('b', { text: t('plan_panels.balance.cannot') }), make('ul', {}, cannot.map((sentence) => make('li', { text: said(sentence) })))) : '',
    moves.length ? handed(moves) : '', moves.length ? each(moves) : '',
    nothing ? '' : make('p', { class: 'small soft', text: moves.length ? t('plan_panels.balance.legend_moves') : t('plan_panels.balance.legend_cells') }),
    nothing ? '' : make('p', { class: 'small', text: t('plan_panels.balance.not_kept') }),
    make('div', { class: 'acts' }, nothing ? '' : make('button', { type: 'button', class: 'btn main', text: t('plan_panels.balance.keep'), onclick: keep }),
      make('button', { type: 'button', class: 'btn', text: t(nothing ? 'page.do.ok' : 'plan_panels.balance.away'), onclick: away })));
}

function summary(act, moves, moved) {
  const all = [...state.cells.values()].reduce((sum, { properties: one }) => sum + (one.households ?? 0), 0);
  const told = (n) => ({ households: count(n), share: percent(all ? n / all : 0), n: number(moves.length) });
  if (act !== 'balance') return t('plan_panels.balance.draws', told(moved));
  const another = moves.filter(({ from, to }) => about(from)?.worker !== about(to)?.worker).reduce((sum, { households }) => sum + households, 0);
  return `${t('plan_panels.balance.moves', told(moved))}${t('plan_panels.balance.workers', told(another))}`;
}

const fate = (name, codes) => (codes.length ? make('span', { class: 'badge', text: t(`plan_panels.balance.${name}`, { n: count(codes.length) }) }) : null);

// How far the worst cell is off, and how many are: now and after.
function better({ before, after }) {
  if (!before || !after) return '';
  const line = (key, unit) => make('tr', {}, make('th', { scope: 'row', text: t(`plan_panels.balance.${key}`) }), ...[before, after].map((one) => make('td', { class: 'right', text: unit(one[key]) })),
    make('td', { class: 'right', text: trend(after[key] - before[key], unit) }));
  const plain = (value) => count(Math.round(value * 10) / 10);
  return make('table', { class: 'table' }, make('thead', {}, make('tr', {}, make('td', {}), ...['before', 'after'].map((key) => make('th', { scope: 'col', class: 'right', text: t(`plan_panels.balance.${key}`) })), make('td', {}))),
    make('tbody', {}, line('out_of_range', plain), line('worst', plain)));
}

const trend = (by, unit) => (by === 0 ? '=' : by < 0 ? `↓ ${unit(-by)}` : `↑ ${unit(by)}`);

// From whom to whom, most households first; whether somebody else answers for them then.
function handed(moves) {
  const ways = new Map();
  for (const { from, to, households } of moves) {
    const key = JSON.stringify([from, to]);
    const way = ways.get(key) ?? { from, to, households: 0, buildings: 0 };
    way.households += households;
    way.buildings += 1;
    ways.set(key, way);
  }
  const some = [...ways.values()].sort((a, b) => b.households - a.households);
  const go = ({ from, to }) => zoomTo([from, to].filter(about));
  return make('table', { class: 'table ways' }, make('caption', { text: t('plan_panels.balance.from_to') }),
    make('thead', {}, make('tr', {}, ...['from', 'to', 'buildings', 'moved'].map((key, at) => make('th', { scope: 'col', class: at > 1 && 'right', text: t(`plan_panels.balance.${key}`) })))),
    make('tbody', {}, some.slice(0, MOST).map((way) => make('tr', {}, make('th', { scope: 'row' }, make('button', { type: 'button', class: 'link', text: cellName(way.from), onclick: () => go(way) })),
      make('td', { text: cellName(way.to) }), make('td', { class: 'right', text: count(way.buildings) }), make('td', { class: 'right', text: count(way.households) })))));
}

const each = (moves) => make('details', { class: 'fold' }, make('summary', { text: t('plan_panels.balance.each') }),
  make('ul', { class: 'rows' }, [...moves].sort((a, b) => b.households - a.households).slice(0, MOST).map((one) => make('li', {},
    make('button', { type: 'button', class: 'row small', text: t('plan_panels.balance.lines', { unit: one.unit, households: count(one.households), from: cellName(one.from), to: cellName(one.to) }), onclick: () => zoomTo({ type: 'Point', coordinates: [one.lon, one.lat] }) })))));
