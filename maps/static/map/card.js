// The card of a cell: a panel beside the map, on a phone a sheet from below.

import { askJson } from './ask.js';
import { both, count, icon, make } from './build.js';
import { lookOf, picture } from './signs.js';
import { changed, state } from './state.js';

const panel = document.getElementById('card');
let asking = new AbortController();

export async function showCell(code) {
  asking.abort();
  asking = new AbortController();
  state.selected = code;
  changed('selected');
  let cell;
  try {
    cell = await askJson(`/cells/${encodeURIComponent(code)}`, asking.signal);
  } catch (error) {
    if (error.name !== 'AbortError') fill(head(code, '', ''), make('p', { class: 'none', text: '读不到这个网格 This cell cannot be read' }));
    throw error;
  }
  const { community, street } = cell;
  const where = [street.name, community.name].filter(Boolean).join(' › ');
  fill(head(cell.name, where, cell.code, cell.kind_label), facts(cell), posts(cell), cases(cell), facilities(cell), foot(cell));
  return cell;
}

export function closeCard() {
  asking.abort();
  panel.hidden = true;
  document.body.classList.remove('with-card');
  if (!state.selected) return;
  state.selected = null;
  changed('selected');
}

function fill(...children) {
  panel.replaceChildren(...children);
  panel.hidden = false;
  panel.scrollTop = 0;
  document.body.classList.add('with-card');
}

function head(name, where, code, kind) {
  return make('header', { class: 'head' },
    make('p', { class: 'where', text: where || ' ' }),
    make('h2', { text: name }),
    make('p', { class: 'code' }, kind ? make('span', { class: 'kind', text: kind }) : null, make('span', { text: code })),
    make('button', { type: 'button', class: 'close', 'aria-label': '关闭 Close', onclick: closeCard }, icon('m5 5 10 10', 'm15 5-10 10')));
}

function facts(cell) {
  const counted = cell.dwellings > 0;
  const households = counted || cell.households_declared === null ? ['户', 'Households'] : ['申报户', 'Declared'];
  const big = [
    [count(cell.households), ...households],
    [count(cell.residents), '人', 'Residents'],
    [count(cell.open_cases), '未结案', 'Open cases'],
  ];
  const small = [
    ['楼栋', 'Buildings', count(cell.buildings)],
    ['房屋', 'Dwellings', count(cell.dwellings)],
    ['面积', 'Area', area(cell.area_m2)],
    ['负荷', 'Load', cell.load === null ? '无专职网格员' : `${count(cell.load)} 户/人`],
  ];
  return make('div', { class: 'facts' },
    make('dl', { class: 'big' }, ...big.map(([value, label, english]) => make('div', {}, make('dt', {}, ...both(label, english)), make('dd', { text: value })))),
    make('dl', { class: 'small' }, ...small.map(([label, english, value]) => make('div', {}, make('dt', {}, ...both(label, english)), make('dd', { text: value })))));
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
  return section('未结案', 'Open cases', tallies('cases', cell.open_cases_by_state, '没有未结案 No open case'));
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
