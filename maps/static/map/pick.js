// What lies under the finger: a sign nearby, else the cell. And, with a mouse, its name at once.

import { t } from '../page/words.js';
import { count, make } from './build.js';
import { isHidden } from './classes.js';
import { LEGIBLE, signSize } from './glyphs.js';
import { HIDDEN } from './hidden.js';
import { nameOf, picture } from './signs.js';
import { state } from './state.js';

// How far from its middle a sign is still meant, in pixels. A finger is coarse and a dot is
// small: with it only signs whose character can be read are picked, all else means the cell.
function reach(zoom) {
  const touch = window.matchMedia('(pointer: coarse)').matches;
  const size = signSize(zoom);
  if (size < (touch ? LEGIBLE : 5)) return 0;
  return size * 1.25 + (touch ? 5 : 2);
}

// Opens what is there and returns it; null where there is nothing.
export async function pickAt(map, tiles, place, opens) {
  const found = await tiles.find(place, reach(map.getZoom()));
  if (found?.near) return popup(map, place, found.near, opens);
  if (found?.cell) opens.cell(found.cell.code);
  return found?.cell ?? null;
}

function popup(map, place, { kind, word, values, cell }, opens) {
  const way = (look, open, ...words) => make('button', { type: 'button', class: look, onclick: () => { map.closePopup(); open(); } }, ...words);
  const body = make('div', { class: 'point' },
    make('p', { class: 'what' }, picture(kind, word), make('span', { text: nameOf(kind, word) })),
    make('p', { class: 'name', text: values.title ?? values.name, title: values.title ?? values.name }),
    make('p', { class: 'code', text: values.code }),
    kind === 'cases' && values.code && way('of-case', () => opens.case(values.code), t('map.case.details'), ' ›'),
    cell && way('of-cell', () => opens.cell(cell.code), t('map.cell.of'), ' ', make('b', { text: cell.name }), ' ›'));
  return L.popup({ maxWidth: 260, closeButton: true, autoPanPadding: [24, 24] }).setLatLng(place).setContent(body).openOn(map);
}

// With a mouse: the cell's name and value follow the pointer, at the foot of the map.
export function readout(map, tiles) {
  if (!window.matchMedia('(hover: hover)').matches) return;
  const line = make('p', { class: 'readout', 'aria-hidden': 'true', hidden: true });
  map.getContainer().append(line);
  let over = 0; // of several answers only that for the last place counts
  const look = L.Util.throttle(async (event) => {
    over += 1;
    const asked = over;
    const found = await tiles.find(event.latlng, reach(map.getZoom()));
    if (asked !== over) return;
    map.getContainer().classList.toggle('over', Boolean(found?.near || found?.cell));
    line.hidden = !found?.cell;
    if (found?.cell) line.replaceChildren(make('b', { text: found.cell.name }), ` ${value(found.cell)}`);
  }, 40);
  map.on('mousemove', look);
  map.on('mouseout movestart', () => {
    over += 1;
    line.hidden = true;
  });
}

function value(cell) {
  const key = state.measure;
  const label = t(`map.measure.${key}`);
  if (isHidden(cell, key === 'load' ? 'households' : key)) return `${label} ${HIDDEN}`;
  return cell[key] === undefined ? `${label} —` : `${label} ${count(cell[key])} ${t(`map.unit.${key}`)}`;
}
