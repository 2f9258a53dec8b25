// The map: the ground and the cells without numbers, the own cell marked, and what a view puts on.

import { get } from '../page/ask.js';
import { isDark, onTheme } from '../page/theme.js';
import { t } from '../page/words.js';
import { boxOnMap, onGround, onMap } from '../map/datum.js';
import { Names } from '../map/names.js';
import { settings, state } from '../map/state.js';
import { TownTiles, stopLoading } from '../map/tiles.js';
import { mine } from './place.js';

export { boxOnMap, onGround, onMap };
export let map; // eslint-disable-line import/no-mutable-exports
export let marks;
let tiles;
let names;

// Called by the page's own script, which maps/home.py writes.
export function openMap(id) {
  const calm = window.matchMedia('(prefers-reduced-motion: reduce)').matches;
  map = L.map(id, { zoomControl: false, maxZoom: 20, minZoom: 10, zoomSnap: 0.25, fadeAnimation: !calm, zoomAnimation: !calm, inertia: !calm });
  map.getContainer().setAttribute('aria-label', t('home.map.label'));
  map.attributionControl.setPrefix('Leaflet');
  map.createPane('town').style.zIndex = 300;
  map.createPane('names').style.zIndex = 450;
  map.getPane('names').style.pointerEvents = 'none';
  L.control.zoom({ position: 'bottomright', zoomInTitle: t('home.map.in'), zoomOutTitle: t('home.map.out') }).addTo(map);
  L.control.scale({ position: 'bottomleft', imperial: false }).addTo(map);
  state.measure = null; // the cells are told by name here, not by number
  state.dark = isDark();
  for (const { key } of settings.parts) state.parts.add(key);
  tiles = new TownTiles({ pane: 'town' }).on('tileunload', stopLoading);
  names = new Names(tiles);
  onTheme(() => {
    state.dark = isDark();
    tiles.repaint();
    names.draw();
  });
  marks = L.layerGroup().addTo(map);
  return map;
}

export async function begin() {
  state.overview = await get('/overview');
  whole();
  tiles.addTo(map);
  names.addTo(map);
}

// The whole town.
export function whole() {
  const { bbox } = state.overview;
  if (bbox) map.fitBounds(boxOnMap(bbox), { animate: false });
  else map.setView([35, 105], 10);
}

// Nothing of the view before is left.
export function clear() {
  marks.clearLayers();
  map.off('click');
  map.closePopup();
  select(mine.code);
}

export function select(code) {
  state.selected = code;
  tiles.repaint();
}

// My cell, near enough to see its houses.
export async function showCell(code) {
  const { bbox } = await get(`/cells/${encodeURIComponent(code)}`);
  map.fitBounds(boxOnMap(bbox), { animate: false, maxZoom: 17, padding: [20, 20] });
}
