// Where am I: asks the browser, shows the place and opens its cell. The place is used once and
// is kept nowhere.

import { t } from '../page/words.js';
import { askJson, expected } from './ask.js';
import { icon, make } from './build.js';
import { length, showChoice } from './card.js';
import { onMap } from './datum.js';
import { say } from './notice.js';
import { roomFor } from './room.js';

const MOST_M = 10000; // what /locate allows

const REFUSED = { 1: 'denied', 2: 'unknown', 3: 'slow' };

export function locateButton(map, openCell) {
  const Here = L.Control.extend({
    onAdd() {
      const button = make('button', { type: 'button', class: 'here', title: t('map.do.here'), 'aria-label': t('map.do.here') },
        icon('M10 2v3', 'M10 15v3', 'M2 10h3', 'M15 10h3', 'M14.5 10a4.5 4.5 0 1 1-9 0 4.5 4.5 0 0 1 9 0z'));
      L.DomEvent.disableClickPropagation(button);
      button.addEventListener('click', () => position(button, (coords) => show(map, coords, openCell)));
      return make('div', { class: 'leaflet-bar' }, button);
    },
  });
  new Here({ position: 'bottomright' }).addTo(map);
}

const marks = L.layerGroup();

// Asks the browser once, for who pressed `button`; says why not.
export function position(button, found) {
  if (!navigator.geolocation || !window.isSecureContext) {
    say(t('map.here.insecure'));
    return;
  }
  button.classList.add('busy');
  navigator.geolocation.getCurrentPosition(
    ({ coords }) => {
      button.classList.remove('busy');
      found(coords);
    },
    ({ code }) => {
      button.classList.remove('busy');
      say(t(`map.here.${REFUSED[code]}`));
    },
    { enableHighAccuracy: true, timeout: 10000, maximumAge: 15000 },
  );
}

async function show(map, { longitude, latitude, accuracy }, openCell) {
  const place = onMap(longitude, latitude);
  const around = L.latLng(place).toBounds(2 * accuracy);
  marks.clearLayers().addTo(map);
  L.circle(place, { radius: accuracy, color: '#1864ab', weight: 1, fillOpacity: 0.12, interactive: false }).addTo(marks);
  L.circleMarker(place, { radius: 7, color: '#fff', weight: 3, fillColor: '#1864ab', fillOpacity: 1, interactive: false }).addTo(marks);
  map.fitBounds(around, { ...roomFor(), maxZoom: Math.max(map.getZoom(), 17), animate: false });
  const reach = Math.min(Math.max(Math.round(accuracy), 1), MOST_M);
  try {
    const found = await askJson(`/locate?lon=${longitude.toFixed(6)}&lat=${latitude.toFixed(6)}&accuracy_m=${reach}`);
    if (found.candidates?.length) unsure(map, found, { place, around, accuracy }, openCell);
    else if (found.cell) {
      openCell(found.cell.code, { at: place });
      say(t('map.here.in', { name: found.cell.name, m: length(accuracy) }));
    } else say(t('map.here.nowhere'));
  } catch (error) {
    expected(error);
  }
}

// The position is too rough to name one cell: all that come into question, the nearest first.
function unsure(map, { cell, candidates }, { place, around, accuracy }, openCell) {
  const rows = [...(cell ? [{ ...cell, distance_m: 0 }] : []), ...candidates];
  showChoice({
    title: t(rows.length === 1 ? 'map.here.maybe' : 'map.here.maybe_more', { name: rows[0].name, n: rows.length - 1 }),
    accuracy,
    rows,
  }, (code) => openCell(code, { at: place }));
  map.fitBounds(around, { ...roomFor(), maxZoom: Math.max(map.getZoom(), 17), animate: false });
}
