// The map page, put together. The page's own script (written by maps/page.py) calls `openMap`,
// `part` and, last, `start`.

import { address, readAddress } from './address.js';
import { askJson, expected, whenLost } from './ask.js';
import { closeCard, showCell } from './card.js';
import { boxOnMap } from './datum.js';
import { drawLegend } from './legend.js';
import { locateButton } from './here.js';
import { Names } from './names.js';
import { lost, nothingYet, quiet } from './notice.js';
import { pickAt, readout } from './pick.js';
import { searchBox } from './search.js';
import { changed, onChange, settings, state } from './state.js';
import { TownTiles, stopLoading } from './tiles.js';

let map;
let tiles;
let names;
const parts = {};
const RETRY_S = [2, 5, 10, 30];
let failures = 0;

export function openMap(id) {
  const calm = window.matchMedia('(prefers-reduced-motion: reduce)').matches;
  map = L.map(id, {
    zoomControl: false,
    maxZoom: 20,
    minZoom: 3,
    zoomSnap: 0.5,
    fadeAnimation: !calm,
    zoomAnimation: !calm,
    inertia: !calm,
  });
  map.attributionControl.setPrefix('Leaflet');
  map.createPane('town').style.zIndex = 300;
  map.createPane('names').style.zIndex = 450;
  map.getPane('names').style.pointerEvents = 'none';
  L.control.zoom({ position: 'bottomright', zoomInTitle: '放大 Zoom in', zoomOutTitle: '缩小 Zoom out' }).addTo(map);
  L.control.scale({ position: 'bottomleft', imperial: false }).addTo(map);
  tiles = new TownTiles({ pane: 'town' }).on('tileunload', stopLoading);
  names = new Names(tiles);
  return map;
}

// A switch for one part of the picture, as the layer control knows layers.
export function part(key) {
  const needsTiles = () => tiles._map && map._loaded && tiles.redraw();
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
  state.overview = await askJson('/overview');
  failures = 0;
  quiet();
  changed('overview');
  if (!state.overview.totals.cells) nothingYet();
  if (!map._loaded) firstView();
  else tiles.redraw();
}

function firstView() {
  const asked = readAddress();
  const { bbox } = state.overview;
  if (asked) map.setView(asked.place, asked.zoom, { animate: false });
  else if (bbox) map.fitBounds(boxOnMap(bbox), roomFor());
  else map.setView([35, 105], 5);
  tiles.addTo(map);
  names.addTo(map);
  if (asked?.code) showCell(asked.code).catch(expected);
  address(map);
}

// The part of the view that panels do not cover.
export function roomFor() {
  if (window.innerWidth <= 720) return { paddingTopLeft: [16, 84], paddingBottomRight: [16, 96], animate: false };
  return { paddingTopLeft: [368, 24], paddingBottomRight: [72, 24], animate: false };
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
  lost(again);
}

export function start() {
  drawLegend(document.getElementById('legend'), switchPart);
  searchBox(map, (found) => openCell(found.code, found.bbox));
  locateButton(map, (code) => openCell(code));
  map.on('click', (event) => pickAt(map, tiles, event.latlng, (code) => openCell(code)));
  readout(map, tiles);
  onChange((what) => {
    if (what !== 'overview') tiles.repaint();
    if (what !== 'overview' && map._loaded) names.draw();
  });
  document.addEventListener('keydown', (event) => {
    if (event.key === 'Escape' && !event.defaultPrevented) closeCard();
  });
  whenLost(onLost);
  window.addEventListener('online', retry);
  window.addEventListener('offline', onLost);
  retry();
}

function openCell(code, bbox) {
  if (bbox) map.fitBounds(boxOnMap(bbox), { ...roomFor(), maxZoom: 17 });
  showCell(code).catch(expected);
}

export { settings };
