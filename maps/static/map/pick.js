// What lies under the finger: a sign nearby, else the cell. And, with a mouse, its name at once.

import { HIDDEN, both, count, isHidden, make } from './build.js';
import { LEGIBLE, lookOf, picture, signSize } from './signs.js';
import { settings, state } from './state.js';

const probe = document.createElement('canvas').getContext('2d');

// How far from its middle a sign is still meant, in pixels. A finger is coarse and a dot is
// small: with it only signs whose character can be read are picked, all else means the cell.
function reach(zoom) {
  const touch = window.matchMedia('(pointer: coarse)').matches;
  const size = signSize(zoom);
  if (size < (touch ? LEGIBLE : 5)) return 0;
  return size * 1.25 + (touch ? 5 : 2);
}

function nearest(spot, pixels) {
  let best = null;
  for (const [kind, word] of [['cases', 'state'], ['facilities', 'category']]) {
    if (!state.parts.has(kind)) continue;
    for (const { x, y, values } of spot.tile[kind] ?? []) {
      if (!state[kind].has(values[word])) continue;
      const away = Math.hypot(x - spot.x, y - spot.y) / spot.perPixel;
      const nearer = !best || away < best.away || (away === best.away && kind === best.kind); // the one on top
      if (pixels && away <= pixels && nearer) best = { away, kind, word: values[word], values, cell: cellAt({ tile: spot.tile, x, y }) };
    }
  }
  return best;
}

function cellAt(spot) {
  const inside = (spot.tile.cells ?? []).filter(({ path }) => probe.isPointInPath(path, spot.x, spot.y, 'evenodd'));
  const codes = inside.map(({ values }) => values).sort((a, b) => (a.code < b.code ? -1 : 1));
  return codes[0] ?? null;
}

// Opens what is there and returns it; null where there is nothing.
export function pickAt(map, tiles, place, opens) {
  const spot = tiles.at(place);
  if (!spot) return null;
  const near = nearest(spot, reach(map.getZoom()));
  if (near) return popup(map, place, near, opens);
  const cell = state.parts.has('cells') && cellAt(spot);
  if (!cell) return null;
  opens.cell(cell.code);
  return cell;
}

function popup(map, place, { kind, word, values, cell }, opens) {
  const { label } = lookOf(kind, word);
  const way = (look, open, ...words) => make('button', { type: 'button', class: look, onclick: () => { map.closePopup(); open(); } }, ...words);
  const body = make('div', { class: 'point' },
    make('p', { class: 'what' }, picture(kind, word), make('span', { text: label })),
    make('p', { class: 'name', text: values.title ?? values.name, title: values.title ?? values.name }),
    make('p', { class: 'code', text: values.code }),
    kind === 'cases' && values.code && way('of-case', () => opens.case(values.code), ...both('经过与责任', 'Details'), ' ›'),
    cell && way('of-cell', () => opens.cell(cell.code), '属于 ', make('b', { text: cell.name }), ' ›'));
  return L.popup({ maxWidth: 260, closeButton: true, autoPanPadding: [24, 24] }).setLatLng(place).setContent(body).openOn(map);
}

// With a mouse: the cell's name and value follow the pointer, at the foot of the map.
export function readout(map, tiles) {
  if (!window.matchMedia('(hover: hover)').matches) return;
  const line = make('p', { class: 'readout', 'aria-hidden': 'true', hidden: true });
  map.getContainer().append(line);
  const look = L.Util.throttle((event) => {
    const spot = tiles.at(event.latlng);
    const near = spot && nearest(spot, reach(map.getZoom()));
    const cell = spot && state.parts.has('cells') && cellAt(spot);
    map.getContainer().classList.toggle('over', Boolean(near || cell));
    line.hidden = !cell;
    if (cell) line.replaceChildren(make('b', { text: cell.name }), ` ${value(cell)}`);
  }, 40);
  map.on('mousemove', look);
  map.on('mouseout movestart', () => { line.hidden = true; });
}

function value(cell) {
  const { key, label, unit } = settings.styles.measures.find((measure) => measure.key === state.measure);
  if (isHidden(cell, key === 'load' ? 'households' : key)) return `${label} ${HIDDEN[0]}`;
  return cell[key] === undefined ? `${label} —` : `${label} ${count(cell[key])} ${unit}`;
}
