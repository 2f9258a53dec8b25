// What lies under the pointer or the finger: a case is opened, a crowd of cases is gone into, a cell
// tells what it holds and how to see only its cases.

import { lookOf } from '../map/signs.js';
import { state as look } from '../map/state.js';
import { make } from '../page/build.js';
import { count, t, term } from '../page/words.js';

const CLOSEST = 19;
const LISTED = 12;
const REACH = 14;

export async function under(map, tiles, place, open) {
  const find = () => tiles.find(place, look.parts.has('facilities') ? REACH : 0);
  const found = (await find()) ?? (await loaded(tiles), await find()); // it may still be on its way
  if (!found) return;
  const { near, cell } = found;
  if (near?.kind === 'cases') return near.n === 1 && near.values.code ? open.case(near.values.code) : into(map, place, near, open);
  if (near) return tell(map, place, make('p', { class: 'soft small', text: term('facility_category', near.word) }), make('b', { text: near.values.name ?? lookOf('facilities', near.word).label }));
  if (!cell) return;
  look.selected = cell.code;
  tell(map, place, make('b', { text: cell.name }),
    make('p', { class: 'soft small', text: [cell.open_cases === undefined ? null : t('page.count.cases', { n: count(cell.open_cases) }), cell.households === undefined ? null : t('page.count.households', { n: count(cell.households) })].filter(Boolean).join(' · ') }),
    make('button', { type: 'button', class: 'btn', text: t('desk.map.only'), onclick: () => { map.closePopup(); open.cell(cell); } }));
}

// All tiles of the view are there.
export async function loaded(tiles) {
  if (tiles.isLoading()) await new Promise((done) => { tiles.once('load', done); });
}

// Nearer, until they part; those at one and the same place are listed.
function into(map, place, { codes, box, values }, open) {
  const zoom = map.getZoom();
  const wide = box ? Math.max(box[2] - box[0], box[3] - box[1]) : 0;
  if (zoom < CLOSEST && (wide > 1 || !values.code)) {
    map.setView(place, Math.min(CLOSEST, zoom + (values.code ? 2 : 2.5)));
    return;
  }
  tell(map, place, make('b', { text: t('page.count.cases', { n: count(codes.length) }) }), make('ul', { class: 'at-one-place' }, codes.slice(0, LISTED).map((code) =>
    make('li', {}, make('button', { type: 'button', class: 'btn bare', text: code, onclick: () => { map.closePopup(); open.case(code); } })))));
}

function tell(map, place, ...words) {
  L.popup({ maxWidth: 260, autoPanPadding: [24, 24] }).setLatLng(place).setContent(make('div', { class: 'point' }, words)).openOn(map);
}

// With a mouse: the cell's name follows the pointer, at the foot of the map.
export function readout(map, tiles) {
  if (!window.matchMedia('(hover: hover)').matches) return;
  const line = make('p', { class: 'readout', 'aria-hidden': 'true', hidden: true });
  map.getContainer().append(line);
  let asked = 0; // of several answers only that for the last place counts
  const hide = () => {
    asked += 1;
    line.hidden = true;
  };
  map.on('mousemove', L.Util.throttle(async ({ latlng }) => {
    if (map.dragging.moving()) return;
    const mine = (asked += 1);
    const found = await tiles.find(latlng, 0);
    if (mine !== asked) return;
    const { near, cell } = found ?? {};
    map.getContainer().classList.toggle('over', Boolean(near || cell));
    line.hidden = !near && !cell;
    const words = [cell?.name, near?.n > 1 ? t('page.count.cases', { n: count(near.n) }) : near?.values.title].filter(Boolean);
    line.replaceChildren(...words.flatMap((text, at) => (at ? [' · ', text] : [make('b', { text })])));
  }, 50));
  map.on('mouseout movestart', hide);
}
