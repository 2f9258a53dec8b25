// The map page, put together. The page's own script (written by maps/page.py) calls `openMap`,
// `part` and, last, `start`.

import { isDark, onTheme } from '../page/theme.js';
import '../page/view.js';
import { t } from '../page/words.js';
import { address, readAddress } from './address.js';
import { askJson, expected, whenLost } from './ask.js';
import { freshCell, showCell } from './card.js';
import { freshCase, showCase } from './case.js';
import { boxOnMap, onMap } from './datum.js';
import { drawLegend } from './legend.js';
import { closeLayersOnEscape, homeButton } from './controls.js';
import { locateButton } from './here.js';
import { listen, takingUp } from './live.js';
import { palette } from './look.js';
import { Names } from './names.js';
import { loaded, lost, nothingYet, quiet } from './notice.js';
import { closeCard, isDrawn, opens, panel } from './panel.js';
import { pickAt, readout } from './pick.js';
import { placedPin, reportButton } from './report.js';
import { bringIn, reveal, roomFor } from './room.js';
import { searchBox } from './search.js';
import { changed, onChange, settings, state } from './state.js';
import { TownTiles, stopLoading } from './tiles.js';
import { whoButton } from './who.js';

let map;
let tiles;
let names;
const parts = {};
const RETRY_S = [2, 5, 10, 30];
const LOOK_AGAIN_S = 60;
let failures = 0;
let ring = null;

export function openMap(id) {
  const calm = window.matchMedia('(prefers-reduced-motion: reduce)').matches;
  map = L.map(id, {
    zoomControl: false,
    maxZoom: 20,
    minZoom: 3,
    zoomSnap: 0.25,
    fadeAnimation: !calm,
    zoomAnimation: !calm,
    inertia: !calm,
  });
  map.attributionControl.setPrefix('Leaflet');
  map.createPane('town').style.zIndex = 300;
  map.createPane('names').style.zIndex = 450;
  map.getPane('names').style.pointerEvents = 'none';
  reportButton(map);
  L.control.zoom({ position: 'bottomright', zoomInTitle: t('map.do.in'), zoomOutTitle: t('map.do.out') }).addTo(map);
  L.control.scale({ position: 'bottomleft', imperial: false }).addTo(map);
  tiles = new TownTiles({ pane: 'town' }).on('tileunload', stopLoading);
  names = new Names(tiles);
  return map;
}

// A switch for one part of the picture, as the layer control knows layers.
export function part(key) {
  const needsTiles = () => tiles._map && map._loaded && tiles.reload();
  const Switch = L.Layer.extend({
    onAdd() {
      state.parts.add(key);
      changed('parts');
      needsTiles();
    },
    onRemove() {
      state.parts.delete(key);
      changed('parts');
    },
  });
  parts[key] = new Switch();
  return parts[key];
}

export function switchPart(key, on) {
  if (on) parts[key].addTo(map);
  else parts[key].remove();
}

async function load() {
  const before = state.overview;
  const recovered = failures > 0;
  state.overview = await askJson('/overview');
  failures = 0;
  const { version, totals, bbox } = state.overview;
  if (totals.cells) quiet();
  else nothingYet();
  if (before?.version === version && !recovered) return;
  changed('overview');
  if (!before) meet();
  if (before || recovered) freshCard().catch(expected);
  if (!map._loaded) return firstView();
  if (!before.totals.cells && bbox) map.fitBounds(boxOnMap(bbox), roomFor());
  tiles.reload();
}

// Who is signed in, and what he hears of.
function meet() {
  whoButton(map).catch(expected);
  listen(takingUp(tiles, freshCard)).catch(expected);
}

function firstView() {
  const asked = readAddress();
  const { bbox } = state.overview;
  if (asked) map.setView(asked.place, asked.zoom, { animate: false });
  else if (bbox) map.fitBounds(boxOnMap(bbox), { ...roomFor(), animate: false });
  else map.setView([35, 105], 5);
  tiles.once('load', loaded).addTo(map);
  names.addTo(map);
  if (asked) openAsked(asked);
  address(map, openAsked);
}

function goHome() {
  const bbox = state.overview?.bbox;
  if (bbox) map.fitBounds(boxOnMap(bbox), roomFor());
}

async function freshCard() {
  if (isDrawn()) await (state.case ? freshCase() : freshCell());
}

function retry() {
  load().catch(expected);
}

let waiting = null;
function onLost() {
  if (waiting) return;
  const seconds = RETRY_S[Math.min(failures, RETRY_S.length - 1)];
  failures += 1;
  const again = () => {
    clearTimeout(waiting);
    waiting = null;
    retry();
  };
  waiting = setTimeout(again, seconds * 1000);
  lost(again, Boolean(map._loaded));
}

export function start() {
  opens.case = openCase;
  opens.cell = (code) => (state.case ? backToCell(code) : openCell(code));
  drawLegend(document.getElementById('legend'), switchPart);
  searchBox((found) => openCell(found.code, { fly: true }));
  homeButton(map, goHome);
  locateButton(map, openCell);
  closeLayersOnEscape(map);
  map.on('click', (event) => placedPin(event.latlng) || pick(event.latlng).catch(expected));
  readout(map, tiles);
  onChange((what) => {
    if (what !== 'overview') tiles.repaint();
    if (what !== 'overview' && map._loaded) names.draw();
  });
  document.addEventListener('keydown', (event) => {
    if (event.key === 'Escape' && !event.defaultPrevented) closeCard();
  });
  onChange((what) => what === 'selected' && !state.case && ring?.remove());
  whenLost(onLost);
  setInterval(() => document.visibilityState === 'visible' && retry(), LOOK_AGAIN_S * 1000);
  window.addEventListener('online', retry);
  window.addEventListener('offline', onLost);
  state.dark = isDark();
  onTheme(() => {
    state.dark = isDark();
    if (state.overview) changed('theme');
  });
  retry();
}

async function pick(place) {
  if (!(await pickAt(map, tiles, place, opens))) closeCard();
}

// Open a cell's card; fly to it when it was searched for, keep `at` in sight when that is where
// the user stands, else only bring it out from under the panels.
function openCell(code, { fly = false, at = null } = {}) {
  showCell(code).then((cell) => {
    if (fly) panel.focus({ preventScroll: true });
    const box = boxOnMap(cell.bbox);
    if (fly) map.fitBounds(box, { ...roomFor(), maxZoom: 17 });
    else if (at) bringIn(map, at);
    else reveal(map, box);
  }).catch(expected);
}

// From a line of the panel, a popup or a link; the focus goes with whoever pressed a button.
function openCase(code, { cell, focus = true } = {}) {
  showCase(code, cell).then((file) => {
    if (focus) panel.focus({ preventScroll: true });
    mark(file?.lon ? onMap(file.lon, file.lat) : null);
  }).catch(expected);
}

// A ring around the place of the open case, whether or not its sign is shown.
function mark(place) {
  ring?.remove();
  if (!place) return;
  ring = L.circleMarker(place, { radius: 17, color: palette().ground.selected, weight: 3.5, fill: false, interactive: false }).addTo(map);
  reveal(map, L.latLngBounds([place]));
}

// Back from a case to its cell: to the line one came from.
function backToCell(code) {
  const from = state.case;
  showCell(code).then((cell) => {
    const line = [...panel.querySelectorAll('[data-code]')].find((one) => one.dataset.code === from);
    (line ?? panel).focus({ preventScroll: !line });
    reveal(map, boxOnMap(cell.bbox));
  }).catch(expected);
}

function openAsked({ cell, file }) {
  if (file) openCase(file, { cell, focus: false });
  else if (cell) openCell(cell);
  else closeCard();
}

export { settings };
