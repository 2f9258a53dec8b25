// The map itself. Leaflet is here by now; folium's script calls `openMap`.

import { onGround, onMap } from '../map/datum.js';
import { Names } from '../map/names.js';
import { settings, state as look } from '../map/state.js';
import { TownTiles, stopLoading } from '../map/tiles.js';
import { make } from '../page/build.js';
import { isDark, onTheme } from '../page/theme.js';
import { t } from '../page/words.js';
import { tellBlank } from './blank.js';
import { keepTiles } from './installed.js';
import { picture } from './parts.js';
import { state } from './state.js';
import { isDue, isLate, stops } from './stops.js';

const BY_HAND_M = 5;
const LEGIBLE = 17.5; // from this zoom on the stops carry their signs
let map;
let cells;
let marks;
let me;
let picked = null;
let shownBefore = false;

export function openMap(id) {
  const calm = window.matchMedia('(prefers-reduced-motion: reduce)').matches;
  map = L.map(id, { zoomControl: false, maxZoom: 20, minZoom: 11, zoomSnap: 0.25, fadeAnimation: !calm, zoomAnimation: !calm, inertia: !calm });
  map.attributionControl.setPrefix('Leaflet');
  map.createPane('town').style.zIndex = 300;
  map.createPane('names').style.zIndex = 450;
  map.getPane('names').style.pointerEvents = 'none';
  L.control.scale({ position: 'bottomleft', imperial: false }).addTo(map);
  if (window.matchMedia('(min-width: 1000px)').matches) L.control.zoom({ position: 'bottomright', zoomInTitle: t('worker.map.in'), zoomOutTitle: t('worker.map.out') }).addTo(map);
  map.on('click', () => picked?.(null));
  map.on('zoomend', () => map.getContainer().classList.toggle('far', map.getZoom() < LEGIBLE));
  ground();
  [cells, marks, me] = [L.layerGroup(), L.layerGroup(), L.layerGroup()].map((group) => group.addTo(map));
  draw();
  showCells();
  return map;
}

// The town's own ground, unless a basemap lies there; that under my cells is kept for when there is no
// network.
function ground() {
  if (!settings.parts.length) return;
  look.measure = null;
  look.parts = new Set(settings.parts.map(({ key }) => key));
  const tiles = new TownTiles({ pane: 'town' }).on('tileunload', stopLoading);
  const names = new Names(tiles);
  tellBlank(map, tiles);
  const dress = () => {
    look.dark = isDark();
    document.getElementById('ground').classList.toggle('dark', look.dark);
  };
  dress();
  onTheme(() => {
    dress();
    tiles.repaint();
    if (names._map) names.draw();
    draw();
  });
  map.once('zoomend moveend', () => {
    tiles.addTo(map);
    names.addTo(map);
  });
  const layers = [...new Set(settings.parts.map((part) => part.tiles))].join(',');
  const shift = settings.datum === 'gcj02' ? '?datum=gcj02' : '';
  keepTiles(state.day.cells.map(({ geometry }) => geometry), ({ z, x, y }) => `/tiles/${layers}/${z}/${x}/${y}.mvt${shift}`).catch(() => {});
}

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

// Draws what the page knows anew.
export function draw() {
  for (const layer of [cells, marks, me]) layer.clearLayers();
  if (!state.day) return; // the sign-in has ended
  for (const cell of state.day.cells) outline(cell).addTo(cells);
  stops().forEach((stop, at) => stop.one.lon !== null && mark(stop, at + 1).addTo(marks));
  if (state.here) myself(state.here);
}

function outline({ geometry }) {
  const rings = geometry.coordinates.map((polygon) => polygon.map((ring) => ring.map(([lon, lat]) => onMap(lon, lat))));
  return L.polygon(rings, { color: colour('accent'), weight: 4, fillColor: colour('accent'), fillOpacity: 0.05, interactive: false });
}

function mark(stop, number) {
  const { kind, one } = stop;
  const due = isDue(stop);
  const html = make('span', { class: `pin-mark ${kind} ${isLate(stop) ? 'late' : ''} ${due ? '' : 'later'}` }, picture(stop.call ? 'whistle' : kind === 'case' ? 'case' : 'people'), due && make('b', { text: number }));
  const name = one.title ?? one.name_mask;
  const place = L.marker(onMap(one.lon, one.lat), { icon: L.divIcon({ html, className: 'pin-of', iconSize: [44, 44] }), title: name, alt: name, keyboard: true, zIndexOffset: due ? 500 - number : -500 });
  return place.on('click', () => picked?.(stop));
}

function myself({ lon, lat, accuracy_m: accuracy }) {
  const place = onMap(lon, lat);
  L.circle(place, { radius: accuracy, color: colour('accent'), weight: 1, fillOpacity: 0.12, interactive: false }).addTo(me);
  L.circleMarker(place, { radius: 8, color: '#fff', weight: 3, fillColor: colour('accent'), fillOpacity: 1, interactive: false }).addTo(me);
}

export function onPick(listener) {
  picked = listener;
}

// Returns how to stop hearing it.
export function onMoved(listener) {
  map.on('move', listener);
  return () => map.off('move', listener);
}

// Where the middle of the map is, in WGS-84, and how exactly a hand puts it there.
export function middle() {
  const [lon, lat] = onGround(map.getCenter());
  return { lon, lat, accuracy_m: BY_HAND_M };
}

const still = { animate: false };

export function showCells() {
  map.invalidateSize(still);
  const box = cells.getLayers().reduce((all, one) => all.extend(one.getBounds()), L.latLngBounds([]));
  if (!box.isValid()) for (const mark of marks.getLayers()) box.extend(mark.getLatLng());
  if (box.isValid()) map.fitBounds(box, { paddingTopLeft: [24, 72], paddingBottomRight: [24, 40], maxZoom: 18, ...still });
  else if (state.here) map.setView(onMap(state.here.lon, state.here.lat), 17, still);
  else map.setView([35, 105], 5, still);
}

// All of my cells, the first time; later the map stays where it was left.
export function showOnce() {
  map.invalidateSize(still);
  if (!shownBefore) showCells();
  shownBefore = true;
}

// `beside` pixels of the left are covered.
export function showPlace({ lon, lat }, { zoom = 17.5, beside = 0 } = {}) {
  map.invalidateSize(still);
  shownBefore = true;
  map.setView(onMap(lon, lat), Math.max(map.getZoom() ?? 0, zoom), still);
  map.panBy([-beside / 2, 0], still);
}
