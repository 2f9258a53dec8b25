// Where a report is about: a pin on the map with a ring as wide as it may be off, the cell under
// it, and who answers there. The pin keeps to the middle of the view until somebody places it.

import { askJson, expected } from './ask.js';
import { both, icon, make } from './build.js';
import { length } from './card.js';
import { onGround, onMap } from './datum.js';
import { position } from './here.js';
import { telephone } from './panel.js';
import { bringIn, middle } from './room.js';
import { settings } from './state.js';

const MOST_M = 10000; // what /locate allows
const WAIT_MS = 250;
const LEAST_M = 3;
const ROUGH_M = 30;
const [PLACED, UNPLACED] = ['#b3261e', '#5c6b74'];
const STEP_PX = 6; // by an arrow key; with Shift ten times that
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

// `moved(spot)` hears of every placing: { lon, lat, accuracy_m } in WGS-84.
export function placeField(map, moved) {
  const said = make('p', { class: 'spot', role: 'status' });
  const posts = make('div', { class: 'answering' });
  const here = make('button', { type: 'button', class: 'chip' }, icon('M10 2v3', 'M10 15v3', 'M2 10h3', 'M15 10h3', 'M14.5 10a4.5 4.5 0 1 1-9 0 4.5 4.5 0 0 1 9 0z'), ...both('用我的位置', 'My position'));
  const yes = make('button', { type: 'button', class: 'chip yes' }, icon('m4.5 10.5 4 4 7-8.5'), ...both('就在这里', 'It is here'));
  const hint = make('p', { class: 'soft' }, ...both('拖动图钉，或点一下地图上的现场', 'Drag the pin, or tap the map'));
  const element = make('div', { class: 'field-place' }, hint, said, posts, make('p', { class: 'ways-to-place' }, here, yes));
  const pin = L.marker([0, 0], { draggable: true, autoPan: true, keyboard: false, zIndexOffset: 1000, icon: drawing() });
  const ring = L.circle([0, 0], { radius: 1, weight: 1.5, fillOpacity: 0.1, interactive: false });

  let spot = null;
  let shown = false;
  let frozen = false;
  let waiting;
  let asking = new AbortController();
  const names = new Map(); // of the cells that came into question

  function draw(place, accuracy) {
    pin.setLatLng(place);
    ring.setLatLng(place).setRadius(accuracy).setStyle({ color: spot ? PLACED : UNPLACED, fillColor: spot ? PLACED : UNPLACED });
    pin.getElement()?.classList.toggle('unplaced', !spot);
    yes.hidden = hint.hidden = Boolean(spot);
    asking.abort();
    clearTimeout(waiting);
    waiting = setTimeout(() => look(place, accuracy), WAIT_MS);
  }

  async function look(place, accuracy) {
    asking = new AbortController();
    const [lon, lat] = onGround(place).map((degrees) => degrees.toFixed(6));
    const reach = Math.min(Math.max(Math.round(accuracy), 1), MOST_M);
    try {
      tell(await askJson(`/locate?lon=${lon}&lat=${lat}&accuracy_m=${reach}`, asking.signal), accuracy);
    } catch (error) {
      if (error.name === 'AbortError') return;
      say('现在查不到是哪个网格，上报时会再查。', 'The cell is looked up when you send.');
      expected(error);
    }
  }

  function say(chinese, english) {
    said.replaceChildren(...both(chinese, english));
    posts.replaceChildren();
  }

  function tell({ cell, posts: people, candidates }, accuracy) {
    const near = `误差约 ${length(accuracy)}${accuracy > ROUGH_M ? '，放大地图会更准' : ''}`;
    const cells = [cell, ...candidates].filter(Boolean);
    for (const one of cells) names.set(one.code, one.name);
    const called = cells.map(({ name }) => name);
    const where = cell && !candidates.length ? [cell.street?.name, cell.community?.name].filter(Boolean).join(' › ') : '';
    said.replaceChildren(make('span', { class: 'soft', text: [where, near].filter(Boolean).join(' · ') }), make('b', { text: title(called) }), ...desk(called, candidates));
    posts.replaceChildren(...(cell && !candidates.length ? [answering(people)] : []));
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
    bringBack();
  }

  function bringBack() {
    if (!map.getBounds().contains(pin.getLatLng())) bringIn(map, pin.getLatLng());
  }

  pin.on('dragend', () => put(pin.getLatLng()));
  pin.on('drag', () => ring.setLatLng(pin.getLatLng()));
  pin.on('add', () => {
    const handle = pin.getElement();
    handle.tabIndex = 0;
    handle.setAttribute('role', 'button');
    handle.setAttribute('aria-label', '图钉：拖动，或用方向键移动 Pin: drag it, or move it with the arrow keys');
    handle.addEventListener('keydown', keys);
  });
  map.on('moveend', follow);
  yes.addEventListener('click', () => {
    put(pin.getLatLng());
    here.focus();
  });
  here.addEventListener('click', () => position(here, ({ longitude, latitude, accuracy }) => {
    if (!shown) return;
    const place = onMap(longitude, latitude);
    if (map.getZoom() < 17) map.setView(place, 17, { animate: false });
    bringIn(map, place);
    put(place, Math.max(accuracy, 1));
  }));

  return {
    element,
    put,
    spot: () => spot,
    names: () => names,
    show() {
      shown = true;
      ring.addTo(map);
      pin.addTo(map);
      const place = spot ? onMap(spot.lon, spot.lat) : map.getCenter();
      bringIn(map, place);
      if (spot) draw(place, spot.accuracy_m);
      else follow();
    },
    hide() {
      shown = false;
      asking.abort();
      clearTimeout(waiting);
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

function title(names) {
  if (!names.length) return '不在任何网格里';
  return names.length === 1 ? names[0] : `可能在${names[0]}`;
}

// Who decides where the cell is not sure.
function desk(names, candidates) {
  if (!names.length) return [make('span', { class: 'soft' }, ...both('照样收，由值班台来定', 'In no cell: a desk takes it'))];
  if (!candidates.length) return [];
  const others = names.slice(1);
  const words = others.length ? `也可能在${listed(others)}，由值班台来定` : '在网格外面一点，由值班台来定';
  return [make('span', { class: 'soft' }, ...both(words, 'Near a boundary: a desk decides'))];
}

function listed(names) {
  return names.length > 3 ? `${names.slice(0, 3).join('、')}等 ${names.length} 个网格` : names.join('、');
}

// Who answers in a cell: office names and telephones, which are public.
export function answering(people) {
  if (!people.length) return make('p', { class: 'none' }, ...both('现在没有人在岗', 'Nobody is posted'));
  return make('ul', { class: 'posts' }, ...people.slice(0, 3).map(({ role, name, phone }) => make('li', {},
    make('span', { class: 'role', text: settings.words.post[role] ?? role }), make('span', { class: 'name', text: name }), telephone(name, phone))));
}
