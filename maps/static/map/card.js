// The card of a cell: a panel beside the map, on a phone a sheet from below.

import { Lost, askJson } from './ask.js';
import { HIDDEN, both, count, icon, isHidden, make, whyHidden } from './build.js';
import { lookOf, picture } from './signs.js';
import { changed, state } from './state.js';

const panel = document.getElementById('card');
let asking = new AbortController();

export async function showCell(code) {
  asking.abort();
  asking = new AbortController();
  state.selected = code;
  changed('selected');
  try {
    const cell = await read(code);
    draw(cell);
    return cell;
  } catch (error) {
    if (error.name !== 'AbortError') fill(head(code, '', ''), reason(error));
    throw error;
  }
}

// What is open is asked for again, in place: after a change of the data, after a lost server.
export async function freshCard() {
  if (!state.selected) return;
  asking.abort();
  asking = new AbortController();
  const [code, at] = [state.selected, panel.scrollTop];
  try {
    draw(await read(code));
    panel.scrollTop = at;
  } catch (error) {
    if (error.status === 404) fill(head(code, '', ''), reason(error));
    throw error;
  }
}

function read(code) {
  return askJson(`/cells/${encodeURIComponent(code)}`, asking.signal);
}

function reason(error) {
  const words = error.status === 404
    ? ['现行方案里没有这个网格。', 'No cell of the plan in force has this code.']
    : error instanceof Lost || error.status >= 500
      ? ['连接不上服务器，读不到这个网格；恢复后会自动再读。', 'The server does not answer; the card is read again once it is back.']
      : ['读不到这个网格。', 'This cell cannot be read.'];
  return make('p', { class: 'none' }, ...both(...words));
}

function draw(cell) {
  const { community, street } = cell;
  const where = [street.name, community.name].filter(Boolean).join(' › ');
  fill(head(cell.name, where, cell.code, cell.kind_label), facts(cell), posts(cell), cases(cell), facilities(cell), foot(cell));
}

export function closeCard() {
  asking.abort();
  const wasInside = panel.contains(document.activeElement);
  panel.hidden = true;
  if (wasInside) document.querySelector('.folium-map').focus({ preventScroll: true });
  document.body.classList.remove('with-card');
  if (!state.selected) return;
  state.selected = null;
  changed('selected');
}

function fill(...children) {
  panel.replaceChildren(closer(), ...children, make('div', { class: 'more-below', 'aria-hidden': 'true' }));
  panel.hidden = false;
  panel.scrollTop = 0;
  document.body.classList.add('with-card');
  showMore();
}

// A fading edge says that there is more below.
function showMore() {
  panel.classList.toggle('has-more', panel.scrollTop + panel.clientHeight < panel.scrollHeight - 6);
}
panel.addEventListener('scroll', showMore, { passive: true });
window.addEventListener('resize', showMore);

function closer() {
  return make('div', { class: 'closer' },
    make('button', { type: 'button', class: 'close', 'aria-label': '关闭 Close', onclick: closeCard }, icon('m5 5 10 10', 'm15 5-10 10')));
}

// The cells a rough position allows: `rows` of { code, name, distance_m }, the nearest first.
export function showChoice({ title, english, accuracy, rows }, openCell) {
  asking.abort();
  if (state.selected) {
    state.selected = null;
    changed('selected');
  }
  const list = rows.map(({ code, name, distance_m: away }) => make('li', {},
    make('button', { type: 'button', onclick: () => openCell(code) },
      make('span', { class: 'name', text: name }),
      make('span', { class: 'away', text: away ? `约 ${length(away)}` : '定位点在此' }))));
  fill(make('header', { class: 'head' },
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
    make('h2', { text: name, title: name, onclick: (event) => event.target.classList.toggle('whole') }),
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

function section(label, english, ...children) {
  return make('section', {}, make('h3', {}, ...both(label, english)), ...children);
}

function posts(cell) {
  if (!cell.posts.length) return section('责任人', 'Posts', make('p', { class: 'none', text: '现在没有人在岗 Nobody is posted here now' }));
  const rows = cell.posts.map(({ label, name, phone }) => make('li', {},
    make('span', { class: 'role', text: label }),
    make('span', { class: 'name', text: name }),
    phone ? make('a', { href: `tel:${phone.replace(/[^0-9+]/g, '')}`, text: phone, 'aria-label': `拨打 ${name} ${phone}` }) : null));
  return section('责任人', 'Posts', make('ul', { class: 'posts' }, ...rows));
}

function cases(cell) {
  const none = isHidden(cell, 'open_cases') ? HIDDEN.join(' ') : cell.open_cases ? `${count(cell.open_cases)} 件` : '没有未结案 No open case';
  return section('未结案', 'Open cases', tallies('cases', cell.open_cases_by_state, none));
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
