// The map: the town's own ground, houses and divisions, over which the cells of the plan are drawn.
// Datum of everything that comes in or goes out of here: WGS-84.

import { askJson } from '../map/ask.js';
import { boxOnMap, onGround, onMap } from '../map/datum.js';
import { Names } from '../map/names.js';
import { changed as repaint, onChange, settings, state as look } from '../map/state.js';
import { TownTiles, stopLoading } from '../map/tiles.js';
import { icon, make } from '../page/build.js';
import { offset } from '../page/gcj02.js';
import { isDark, onTheme } from '../page/theme.js';
import { t } from '../page/words.js';
import { boxOf, positions } from './shapes.js';
import { on, state } from './state.js';

export { onGround, onMap };
export let map;
export let tiles; // of the ground, once there are any
const PAN_PX = 40; // an arrow key
const CLOSEST = 18;
const EDGE_PX = 24;
export const UNIT_ZOOM = 18;
const bench = document.getElementById('bench');

export function openMap(id) {
  const calm = window.matchMedia('(prefers-reduced-motion: reduce)').matches;
  map = L.map(id, { zoomControl: false, maxZoom: 20, minZoom: 3, zoomSnap: 0.25, fadeAnimation: false, zoomAnimation: !calm, inertia: !calm, doubleClickZoom: false, keyboardPanDelta: PAN_PX });
  map.getContainer().setAttribute('aria-label', t('plan.map.title'));
  map.attributionControl.setPrefix('Leaflet');
  map.createPane('town').style.zIndex = 300;
  map.createPane('names').style.zIndex = 350;
  map.getPane('names').style.pointerEvents = 'none';
  L.control.zoom({ position: 'bottomright', zoomInTitle: t('plan.map.in'), zoomOutTitle: t('plan.map.out') }).addTo(map);
  document.getElementById('place').append(make('button', { type: 'button', class: 'btn square whole', 'aria-label': t('plan.map.whole'), title: `${t('plan.map.whole')} (F)`, onclick: whole }, icon('M3 7V3h4', 'M13 3h4v4', 'M17 13v4h-4', 'M7 17H3v-4')));
  L.control.scale({ position: 'bottomright', imperial: false }).addTo(map);
  for (const part of settings.parts) if (part.on) look.parts.add(part.key);
  Object.assign(look, { measure: null });
  new ResizeObserver(() => map.invalidateSize({ pan: false, debounceMoveend: true })).observe(map.getContainer());
  return map;
}

// The ground, by day or by night as the page is.
export async function begin() {
  look.dark = isDark();
  look.overview = await askJson('/overview');
  if (!map._loaded) zoomTo(look.overview.bbox ?? [73, 18, 135, 53]);
  tiles = new TownTiles({ pane: 'town' }).on('tileunload', stopLoading).addTo(map);
  const names = new Names(tiles).addTo(map);
  onChange(() => {
    tiles.repaint();
    names.draw();
  });
  onTheme(() => {
    look.dark = isDark();
    repaint('theme');
  });
  on('panel', uncover);
  repaint('overview');
}

// Brings cells (their codes), [west, south, east, north] or a geometry into view.
export function zoomTo(target) {
  const box = typeof target[0] === 'number' ? target : boxOf(target.coordinates ? positions(target) : target.flatMap((code) => (state.cells.has(code) ? positions(state.cells.get(code).geometry) : [])));
  if (!box) return;
  const { left, below } = card();
  map.fitBounds(boxOnMap(box), { animate: false, maxZoom: CLOSEST, paddingTopLeft: [EDGE_PX + left, EDGE_PX], paddingBottomRight: [EDGE_PX, EDGE_PX + Math.max(below, covered())] });
}

// How much of the map the card of the tool lies over: on the telephone from below, else at the left.
function card() {
  const { width, height } = bench.getBoundingClientRect();
  return width > map.getSize().x / 2 ? { left: 0, below: height } : { left: width, below: 0 };
}

// All that is chosen, or else the whole plan.
export const whole = () => state.plan && zoomTo(state.chosen.size ? [...state.chosen] : state.plan.bounds);

// How much of the map, from below, a panel lies over: on the telephone it is a sheet.
function covered() {
  const own = map.getContainer().getBoundingClientRect();
  const { top, width } = document.getElementById('side').getBoundingClientRect();
  return width < own.width ? 0 : Math.min(own.bottom - top, own.height - 2 * 60);
}

// What was in the middle stays in the middle of what can be seen, while a panel opens or closes.
let moved = 0;
function uncover() {
  const by = Math.round(Math.max(0, covered() - card().below) / 2) - moved;
  moved += by;
  if (by && map._loaded) map.panBy([0, by], { animate: false });
}

// A place in pixels of the whole world at the zoom of `UNIT_ZOOM`, as Leaflet would project it: for
// outlines of many thousand corners.
const WORLD = 256 * 2 ** UNIT_ZOOM;
export function world([lon, lat]) {
  const [east, north] = settings.datum === 'gcj02' ? offset(lon, lat) : [0, 0];
  const sine = Math.sin(((lat + north) * Math.PI) / 180);
  return [WORLD * ((lon + east) / 360 + 0.5), WORLD * (0.5 - Math.log((1 + sine) / (1 - sine)) / (4 * Math.PI))];
}

// What can be seen, and a little around: [west, south, east, north].
export function viewBox(margin = 0.25) {
  const view = map.getBounds().pad(margin);
  return [...onGround(view.getSouthWest()), ...onGround(view.getNorthEast())];
}

// [west, south, east, north] around a pixel.
export function around([x, y], reach) {
  const [one, other] = [ground([x - reach, y + reach]), ground([x + reach, y - reach])];
  return [...one, ...other];
}

// The pixel of a place in the map's frame, and the place of a pixel.
export function pixel([lon, lat]) {
  const { x, y } = map.latLngToContainerPoint(onMap(lon, lat));
  return [x, y];
}

export const ground = ([x, y]) => onGround(map.containerPointToLatLng([x, y])).map((one) => Number(one.toFixed(9)));
