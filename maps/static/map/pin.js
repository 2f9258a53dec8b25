// A pin that says where something is, with a ring as wide as that may be off. It keeps to the
// middle of the view until somebody places it: by hand, with the arrow keys, or where he stands.
// What lies under it is looked up as it moves.

import { icon } from './build.js';
import { onGround, onMap } from './datum.js';

const MOST_M = 10000; // what /locate allows
const WAIT_MS = 250;
const LEAST_M = 3;
const [PLACED, UNPLACED] = ['#b3261e', '#5c6b74'];
const STEP_PX = 6; // by an arrow key; with Shift ten times that
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

// `middle(map)` and `bringIn(map, place)` know the part of the view that is free; `ask(url, signal)`
// asks the server. `moved(spot)` hears of every placing, { lon, lat, accuracy_m } in WGS-84;
// `drawn(spot)` of every drawing, `told(answer, accuracy_m)` of what is there, `unknown(error)` when
// nobody says.
export function placePin(map, { label, middle, bringIn, ask, moved, drawn, told, unknown }) {
  const pin = L.marker([0, 0], { draggable: true, autoPan: true, keyboard: false, zIndexOffset: 1000, icon: drawing() });
  const ring = L.circle([0, 0], { radius: 1, weight: 1.5, fillOpacity: 0.1, interactive: false });
  let spot = null;
  let shown = false;
  let frozen = false;
  let waiting;
  let asking = new AbortController();

  function draw(place, accuracy) {
    pin.setLatLng(place);
    ring.setLatLng(place).setRadius(accuracy).setStyle({ color: spot ? PLACED : UNPLACED, fillColor: spot ? PLACED : UNPLACED });
    pin.getElement()?.classList.toggle('unplaced', !spot);
    drawn(spot);
    stop();
    waiting = setTimeout(() => look(place, accuracy), WAIT_MS);
  }

  function stop() {
    asking.abort();
    clearTimeout(waiting);
  }

  async function look(place, accuracy) {
    asking = new AbortController();
    const [lon, lat] = onGround(place).map((degrees) => degrees.toFixed(6));
    const reach = Math.min(Math.max(Math.round(accuracy), 1), MOST_M);
    try {
      told(await ask(`/locate?lon=${lon}&lat=${lat}&accuracy_m=${reach}`, asking.signal), accuracy);
    } catch (error) {
      if (error.name !== 'AbortError') unknown(error);
    }
  }

  function put(place, accuracy = byHand(map, place)) {
    if (frozen) return;
    const [lon, lat] = onGround(place);
    spot = { lon, lat, accuracy_m: Math.round(accuracy) };
    draw(place, accuracy);
    moved(spot);
  }

  function follow() {
    if (spot || !shown) return;
    const place = middle(map);
    draw(place, byHand(map, place));
  }

  function keys(event) {
    const way = ARROWS[event.key];
    if (!way || frozen) return;
    event.preventDefault();
    event.stopPropagation();
    const step = event.shiftKey ? 10 * STEP_PX : STEP_PX;
    put(map.containerPointToLatLng(map.latLngToContainerPoint(pin.getLatLng()).add([way[0] * step, way[1] * step])));
    if (!map.getBounds().contains(pin.getLatLng())) bringIn(map, pin.getLatLng());
  }

  pin.on('dragend', () => put(pin.getLatLng()));
  pin.on('drag', () => ring.setLatLng(pin.getLatLng()));
  pin.on('add', () => {
    const handle = pin.getElement();
    handle.tabIndex = 0;
    handle.setAttribute('role', 'button');
    handle.setAttribute('aria-label', label);
    handle.addEventListener('keydown', keys);
  });

  return {
    put,
    confirm: () => put(pin.getLatLng()),
    // Where the machine stands: { longitude, latitude, accuracy } in WGS-84.
    stand({ longitude, latitude, accuracy }) {
      if (!shown) return;
      const place = onMap(longitude, latitude);
      if (map.getZoom() < 17) map.setView(place, 17, { animate: false });
      bringIn(map, place);
      put(place, Math.max(accuracy, 1));
    },
    spot: () => spot,
    show() {
      shown = true;
      map.on('moveend', follow);
      ring.addTo(map);
      pin.addTo(map);
      bringIn(map, spot ? onMap(spot.lon, spot.lat) : map.getCenter());
      if (spot) draw(onMap(spot.lon, spot.lat), spot.accuracy_m);
      else follow();
    },
    hide() {
      shown = false;
      stop();
      map.off('moveend', follow);
      pin.remove();
      ring.remove();
    },
    take(kept) { spot = kept; },
    freeze(on) {
      frozen = on;
      if (shown) pin.dragging[on ? 'disable' : 'enable']();
    },
  };
}

// How far off a hand is: half a finger, or the tip of a mouse, as many metres as the map shows it.
function byHand(map, place) {
  const pixels = window.matchMedia('(pointer: coarse)').matches ? 12 : 5;
  const at = map.latLngToContainerPoint(place);
  return Math.max(LEAST_M, map.distance(place, map.containerPointToLatLng(at.add([pixels, 0]))));
}

function drawing() {
  const pin = icon('M10 1.2c-3.6 0-6.3 2.7-6.3 6.1 0 4.3 6.3 11.5 6.3 11.5s6.3-7.2 6.3-11.5c0-3.4-2.7-6.1-6.3-6.1z', 'M12.2 7.4a2.2 2.2 0 1 1-4.4 0 2.2 2.2 0 0 1 4.4 0z');
  return L.divIcon({ className: 'pin', html: pin, iconSize: [44, 44], iconAnchor: [22, 42] });
}
