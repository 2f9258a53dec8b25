// The card of a cell.

import { Lost, Refused, askJson } from './ask.js';
import { HIDDEN, both, count, icon, isHidden, make, whyHidden } from './build.js';
import { caseList } from './case-list.js';
import { may } from './me.js';
import { askAnew, fill, heading, inPlace, panel, reason, section, telephone, turnTo } from './panel.js';
import { lookOf, picture } from './signs.js';
import { state } from './state.js';

const NONE = ['现行方案里没有这个网格。', 'No cell of the plan in force has this code.'];

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
  fill(TITLE, head(code, '', ''), reason(error, ['这个网格', 'This cell'], NONE));
}

const TITLE = '网格信息 Cell';

function draw(cell, files) {
  const { community, street } = cell;
  const where = [street.name, community.name].filter(Boolean).join(' › ');
  fill(TITLE, head(cell.name, where, cell.code, cell.kind_label), facts(cell), posts(cell), cases(cell, files), facilities(cell), foot(cell));
}

// The cells a rough position allows: `rows` of { code, name, distance_m }, the nearest first.
export function showChoice({ title, english, accuracy, rows }, openCell) {
  turnTo({});
  const list = rows.map(({ code, name, distance_m: away }) => make('li', {},
    make('button', { type: 'button', onclick: () => openCell(code) },
      make('span', { class: 'name', text: name }),
      make('span', { class: 'away', text: away ? `约 ${length(away)}` : '定位点在此' }))));
  fill(TITLE, make('header', { class: 'head' },
    make('p', { class: 'where', text: `定位误差约 ${length(accuracy)}` }),
    make('h2', { text: title, title }),
    make('p', { class: 'code', lang: 'en', text: english })),
  make('ul', { class: 'choice' }, ...list));
}

export function length(metres) {
  return metres >= 1000 ? `${(metres / 1000).toFixed(1)} 公里` : `${Math.round(metres)} 米`;
}

function head(name, where, code, kind) {
  return make('header', { class: 'head' },
    make('p', { class: 'where', text: where || ' ' }),
    heading(name),
    make('p', { class: 'code' }, kind ? make('span', { class: 'kind', text: kind }) : null, make('span', { text: code })));
}

function facts(cell) {
  const counted = cell.dwellings > 0;
  const households = counted || cell.households_declared === null ? ['户', 'Households'] : ['申报户', 'Declared'];
  const big = [
    [told(cell, 'households', count(cell.households)), ...households],
    [told(cell, 'residents', known(cell.residents, 'residents')), '人', 'Residents'],
    [told(cell, 'open_cases', count(cell.open_cases)), '未结案', 'Open cases'],
  ];
  const small = [
    ['楼栋', 'Buildings', known(cell.buildings, 'buildings')],
    ['房屋', 'Dwellings', told(cell, 'dwellings', known(cell.dwellings, 'buildings'))],
    ['面积', 'Area', area(cell.area_m2)],
    ['负荷', 'Load', cell.load === null ? told(cell, 'households', unloaded(cell)) : `${count(cell.load)} 户/人`],
  ];
  return make('div', { class: 'facts' },
    make('dl', { class: 'big' }, ...big.map(([value, label, english]) => make('div', {}, make('dt', {}, ...both(label, english)), number(value)))),
    make('dl', { class: 'small' }, ...small.map(([label, english, value]) => make('div', {}, make('dt', {}, ...both(label, english)), number(value)))));
}

// A number, or that it is hidden: never a nought or a dash in its place.
function told(cell, name, text) {
  return isHidden(cell, name) ? HIDDEN : text;
}

function number(value) {
  return value === HIDDEN ? make('dd', { class: 'kept', title: whyHidden }, ...both(...HIDDEN)) : make('dd', { text: value });
}

// A nought says «none»; where the whole town has none, nobody has counted.
function known(value, total) {
  return value === 0 && state.overview?.totals[total] === 0 ? '—' : count(value);
}

function unloaded(cell) {
  const { cells, cells_without_worker: without } = state.overview?.totals ?? {};
  const vacant = cells > without && !cell.posts.some(({ role }) => role === 'grid_worker');
  return vacant ? '无专职网格员' : '—';
}

function area(metres) {
  if (metres === null) return '—';
  return metres >= 1e6 ? `${(metres / 1e6).toFixed(2)} km²` : `${(metres / 1e4).toFixed(1)} 公顷`;
}

function posts(cell) {
  if (!cell.posts.length) return section('责任人', 'Posts', make('p', { class: 'none', text: '现在没有人在岗 Nobody is posted here now' }));
  const rows = cell.posts.map(({ label, name, phone }) => make('li', {},
    make('span', { class: 'role', text: label }),
    make('span', { class: 'name', text: name }),
    telephone(name, phone)));
  return section('责任人', 'Posts', make('ul', { class: 'posts' }, ...rows));
}

// Counts for everybody; each by name for those in charge, who are spared the counts of a few.
function cases(cell, files) {
  const none = isHidden(cell, 'open_cases') ? HIDDEN.join(' ') : cell.open_cases ? `${count(cell.open_cases)} 件` : '没有未结案 No open case';
  const list = files?.cases.length ? caseList(files, cell.open_cases) : null;
  const counts = tallies('cases', cell.open_cases_by_state, none);
  return section('未结案', 'Open cases', list?.isWhole ? null : counts, list?.element);
}

function facilities(cell) {
  return section('设施', 'Facilities', tallies('facilities', cell.facilities_by_category, '没有设施 No facility'));
}

function tallies(kind, counts, none) {
  const rows = Object.entries(counts);
  if (!rows.length) return make('p', { class: 'none', text: none });
  return make('ul', { class: 'tallies' }, ...rows.map(([word, n]) => make('li', {},
    picture(kind, word), make('span', { text: lookOf(kind, word).label }), make('b', { text: count(n) }))));
}

function foot({ code }) {
  const link = (layer, label) => make('a', {
    class: 'take', href: `/layers/${layer}.geojson?area=${encodeURIComponent(code)}`, download: `${layer}-${code}.geojson`,
  }, icon('M10 3v10', 'm6 9.5 4 4 4-4', 'M4 17h12'), label);
  return make('footer', {}, make('h3', {}, ...both('下载', 'GeoJSON')),
    make('div', { class: 'takes' }, link('cells', '网格边界'), link('facilities', '设施'), link('cases', '案卷'), link('buildings', '楼栋')));
}
