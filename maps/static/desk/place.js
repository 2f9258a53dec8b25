// The map in the middle: the town's own tiles, live signs of cases, what lies under the pointer.
// Datum of everything that comes in or goes out of here: WGS-84.

import { askJson } from '../map/ask.js';
import { boxOnMap, onGround, onMap } from '../map/datum.js';
import { lookNow } from '../map/look.js';
import { Names } from '../map/names.js';
import { ask } from '../map/painter.js';
import { changed as repaint, onChange, settings, state as look } from '../map/state.js';
import { TownTiles, stopLoading } from '../map/tiles.js';
import { expected } from '../page/ask.js';
import { isDark, onTheme } from '../page/theme.js';
import { t } from '../page/words.js';
import { layers } from './layers.js';
import { readout, under } from './pointer.js';

export { boxOnMap, onGround, onMap };
export let map;
export let tiles;
let names;
let pick = null; // what a click means while a tool takes it
let ring = null;
const CASE_ZOOM = 16;
const DRAG_MS = 3000;
const LEEWAY = 0.2; // zooms: a box may be a seventh larger than the view

// Whole zooms only: tiles that are stretched cost four times as much in every frame of a drag.
export function openMap(id) {
  const calm = window.matchMedia('(prefers-reduced-motion: reduce)').matches;
  map = L.map(id, { zoomControl: false, maxZoom: 20, minZoom: 3, fadeAnimation: false, zoomAnimation: !calm, inertia: !calm });
  map.getContainer().setAttribute('aria-label', t('desk.map.title'));
  map.attributionControl.setPrefix('Leaflet');
  map.createPane('town').style.zIndex = 300;
  map.createPane('names').style.zIndex = 350;
  map.getPane('names').style.pointerEvents = 'none';
  L.control.zoom({ position: 'bottomright', zoomInTitle: t('desk.map.in'), zoomOutTitle: t('desk.map.out') }).addTo(map);
  L.control.scale({ position: 'bottomleft', imperial: false }).addTo(map);
  for (const part of settings.parts) if (part.on) look.parts.add(part.key);
  Object.assign(look, { measure: null, grouped: true });
  tiles = new TownTiles({ pane: 'town' }).on('tileunload', stopLoading);
  names = new Names(tiles);
  const narrow = window.matchMedia('(max-width: 720px)'); // there a sheet comes from below: what was in the middle stays there
  new ResizeObserver(() => map.invalidateSize({ pan: narrow.matches, animate: false, debounceMoveend: true })).observe(map.getContainer());
  return map;
}

// The first view of the town; `open` tells what a click on a case or a cell does.
export async function begin(open) {
  dress();
  look.overview = await askJson('/overview');
  const { bbox } = look.overview;
  if (bbox) fit(L.latLngBounds(boxOnMap(bbox)));
  else map.setView([35, 105], 5);
  look.opaque = true;
  map.eachLayer((one) => { if (one instanceof L.TileLayer) look.opaque = false; }); // a basemap
  tiles.addTo(map);
  names.addTo(map);
  layers(map, (asks) => {
    repaint('parts');
    if (asks) tiles.reload();
  });
  readout(map, tiles);
  map.on('click', (event) => (pick ? pick(event) : under(map, tiles, event.latlng, open).catch(expected)));
  onChange(() => {
    tiles.repaint();
    names.draw();
  });
  repaint('overview');
}

// The whole zoom at which a box fills the view best: a little of it may stand out.
function fit(box) {
  map.options.zoomSnap = 0;
  const zoom = Math.floor(map.getBoundsZoom(box) + LEEWAY);
  map.options.zoomSnap = 1;
  map.setView(box.getCenter(), zoom, { animate: false });
}

// By day or by night, as the page is.
function dress() {
  const put = () => {
    look.dark = isDark();
    if (look.overview) repaint('theme');
  };
  onTheme(put);
  put();
}

// Clicks on the map go to `take(event)` until it is given back: `const back = takeClicks(...)`.
export function takeClicks(take) {
  pick = take;
  return () => {
    if (pick === take) pick = null;
  };
}

// Bring a place into view; the map moves only if it is not there yet.
export function goTo(lon, lat, zoom = CASE_ZOOM) {
  const place = onMap(lon, lat);
  const seen = map.getSize().x > 0 && map.getZoom() >= zoom - 1 && map.getBounds().pad(-0.12).contains(place);
  if (!seen) map.setView(place, Math.max(map.getZoom(), zoom), { animate: false });
}

// Once nobody drags the map any more, or after a while all the same: the hand has the right of way.
export function still() {
  if (!map.dragging.moving()) return Promise.resolve();
  return new Promise((done) => {
    map.once('moveend', done);
    setTimeout(done, DRAG_MS);
  });
}

// A ring around the place of the open case, whether or not its sign is shown.
export function markCase(file) {
  if (look.case !== (file?.code ?? null)) {
    look.case = file?.code ?? null;
    ask('look', lookNow());
    names.draw();
  }
  ring?.remove();
  const colour = (look.dark ? settings.styles.dark : settings.styles).ground.selected;
  ring = file ? L.circleMarker(onMap(file.lon, file.lat), { radius: 17, color: colour, weight: 3.5, fill: false, interactive: false }).addTo(map) : null;
}
