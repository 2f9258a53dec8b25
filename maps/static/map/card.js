// The card of a cell.

import { t, term } from '../page/words.js';
import { Lost, Refused, askJson } from './ask.js';
import { count, icon, make } from './build.js';
import { caseList } from './case-list.js';
import { isHidden } from './classes.js';
import { HIDDEN, whyHidden } from './hidden.js';
import { may } from './me.js';
import { askAnew, fill, heading, inPlace, panel, reason, section, telephone, turnTo } from './panel.js';
import { nameOf, picture } from './signs.js';
import { state } from './state.js';

export async function showCell(code) {
  const signal = turnTo({ cell: code });
  try {
    const [cell, files] = await read(code, signal);
    draw(cell, files);
    return cell;
  } catch (error) {
    if (error.name !== 'AbortError') refuse(code, error);
    throw error;
  }
}

// What is open is asked for again, in place: after a change of the data, after a lost server.
export async function freshCell() {
  const code = state.selected;
  if (!code) return;
  try {
    const [cell, files] = await read(code, askAnew());
    inPlace(() => draw(cell, files));
  } catch (error) {
    if (error.status === 404) refuse(code, error);
    throw error;
  }
}

function read(code, signal) {
  return Promise.all([askJson(`/cells/${encodeURIComponent(code)}`, signal), openCases(code, signal)]);
}

const MOST_CODE = 64; // what /cases takes as an area

// The open cases of a cell that the viewer may see; null for who may see none at all.
async function openCases(code, signal) {
  if (code.length > MOST_CODE || !(await may('cases'))) return null;
  try {
    return await askJson(`/cases?area=${encodeURIComponent(code)}&open=true&limit=500`, signal);
  } catch (error) {
    if (error instanceof Lost || error instanceof Refused) return null;
    throw error;
  }
}

function refuse(code, error) {
  fill(TITLE, head(code, '', ''), reason(error, t('map.cell.this'), t('map.cell.none')));
}

const TITLE = t('map.cell.title');

function draw(cell, files) {
  const { community, street } = cell;
  const where = [street.name, community.name].filter(Boolean).join(' › ');
  fill(TITLE, head(cell.name, where, cell.code, term('cell_kind', cell.kind)), facts(cell), posts(cell), cases(cell, files), facilities(cell), foot(cell));
}

// The cells a rough position allows: `rows` of { code, name, distance_m }, the nearest first.
export function showChoice({ title, accuracy, rows }, openCell) {
  turnTo({});
  const list = rows.map(({ code, name, distance_m: away }) => make('li', {},
    make('button', { type: 'button', onclick: () => openCell(code) },
      make('span', { class: 'name', text: name }),
      make('span', { class: 'away', text: away ? t('map.here.about', { m: length(away) }) : t('map.here.in_it') }))));
  fill(TITLE, make('header', { class: 'head' },
    make('p', { class: 'where', text: t('map.here.accuracy', { m: length(accuracy) }) }),
    make('h2', { text: title, title })),
  make('ul', { class: 'choice' }, ...list));
}

export function length(metres) {
  return metres >= 1000 ? `${(metres / 1000).toFixed(1)} ${t('page.unit.km')}` : `${Math.round(metres)} ${t('page.unit.m')}`;
}

function head(name, where, code, kind) {
  return make('header', { class: 'head' },
    make('p', { class: 'where', text: where || ' ' }),
    heading(name),
    make('p', { class: 'code' }, kind ? make('span', { class: 'kind', text: kind }) : null, make('span', { text: code })));
}

function facts(cell) {
  const counted = cell.dwellings > 0;
  const households = counted || cell.households_declared === null ? 'households' : 'declared';
  const big = [
    [told(cell, 'households', count(cell.households)), households],
    [told(cell, 'residents', known(cell.residents, 'residents')), 'residents'],
    [told(cell, 'open_cases', count(cell.open_cases)), 'open_cases'],
  ];
  const small = [
    ['buildings', known(cell.buildings, 'buildings')],
    ['dwellings', told(cell, 'dwellings', known(cell.dwellings, 'buildings'))],
    ['area', area(cell.area_m2)],
    ['load', cell.load === null ? told(cell, 'households', unloaded(cell)) : `${count(cell.load)} ${t('map.unit.load')}`],
  ];
  return make('div', { class: 'facts' },
    make('dl', { class: 'big' }, ...big.map(([value, name]) => make('div', {}, make('dt', { text: t(`map.cell.${name}`) }), number(value)))),
    make('dl', { class: 'small' }, ...small.map(([name, value]) => make('div', {}, make('dt', { text: t(`map.cell.${name}`) }), number(value)))));
}

// A number, or that it is hidden: never a nought or a dash in its place.
function told(cell, name, text) {
  return isHidden(cell, name) ? HIDDEN : text;
}

function number(value) {
  return value === HIDDEN ? make('dd', { class: 'kept', title: whyHidden, text: HIDDEN }) : make('dd', { text: value });
}

// A nought says «none»; where the whole town has none, nobody has counted.
function known(value, total) {
  return value === 0 && state.overview?.totals[total] === 0 ? '—' : count(value);
}

function unloaded(cell) {
  const { cells, cells_without_worker: without } = state.overview?.totals ?? {};
  const vacant = cells > without && !cell.posts.some(({ role }) => role === 'grid_worker');
  return vacant ? t('map.cell.vacant') : '—';
}

function area(metres) {
  if (metres === null) return '—';
  return metres >= 1e6 ? `${(metres / 1e6).toFixed(2)} km²` : `${(metres / 1e4).toFixed(1)} ${t('map.unit.ha')}`;
}

function posts(cell) {
  if (!cell.posts.length) return section(t('map.cell.posts'), make('p', { class: 'none', text: t('map.nobody_posted') }));
  const rows = cell.posts.map(({ role, name, phone }) => make('li', {},
    make('span', { class: 'role', text: term('post_role', role) }),
    make('span', { class: 'name', text: name }),
    telephone(name, phone)));
  return section(t('map.cell.posts'), make('ul', { class: 'posts' }, ...rows));
}

// Counts for everybody; each by name for those in charge, who are spared the counts of a few.
function cases(cell, files) {
  const none = isHidden(cell, 'open_cases') ? HIDDEN : cell.open_cases ? t('page.count.cases', { n: cell.open_cases }) : t('map.cell.no_case');
  const list = files?.cases.length ? caseList(files, cell.open_cases) : null;
  const counts = tallies('cases', cell.open_cases_by_state, none);
  return section(t('map.cell.open_cases'), list?.isWhole ? null : counts, list?.element);
}

function facilities(cell) {
  return section(t('map.part.facilities'), tallies('facilities', cell.facilities_by_category, t('map.cell.no_facility')));
}

function tallies(kind, counts, none) {
  const rows = Object.entries(counts);
  if (!rows.length) return make('p', { class: 'none', text: none });
  return make('ul', { class: 'tallies' }, ...rows.map(([word, n]) => make('li', {},
    picture(kind, word), make('span', { text: nameOf(kind, word) }), make('b', { text: count(n) }))));
}

function foot({ code }) {
  const link = (layer, label) => make('a', {
    class: 'take', href: `/layers/${layer}.geojson?area=${encodeURIComponent(code)}`, download: `${layer}-${code}.geojson`,
  }, icon('M10 3v10', 'm6 9.5 4 4 4-4', 'M4 17h12'), label);
  return make('footer', {}, make('h3', { text: t('map.cell.download') }),
    make('div', { class: 'takes' }, link('cells', t('map.cell.boundary')), ['facilities', 'cases', 'buildings'].map((layer) => link(layer, t(`map.part.${layer}`)))));
}
