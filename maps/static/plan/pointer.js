// What the hand does on the map, told to the tool in hand: clicks, hovering, and dragging where the
// tool takes hold. By keyboard a cross stands in the middle: the arrow keys move the map under it,
// Space presses there, and what is held follows until Space is pressed again.
//
// Tools are told { place: [lon, lat], pixel: [x, y], add, near, finger }: `add` with Shift or Ctrl,
// `near` how many pixels off still hits. What is held is dragged once it has left its place; a finger
// that stays there for a while says what a double click does.

import { make } from '../page/build.js';
import { ground, map } from './place.js';

const STILL_PX = 6;
const STAYS_MS = 550;
const NEAR = { mouse: 12, pen: 16, touch: 24, keyboard: 24 };
let tool = () => ({});
let pressed = null; // { id, at, holds, dragged, staying } of the finger or button that is down
let heldByKey = false;

export function install(toolInHand) {
  tool = toolInHand;
  const box = map.getContainer();
  box.append(make('div', { class: 'cross', 'aria-hidden': 'true' }));
  box.addEventListener('pointerdown', down, { capture: true });
  box.addEventListener('pointermove', move);
  box.addEventListener('pointerup', up);
  box.addEventListener('pointercancel', () => letGo(null));
  box.addEventListener('dblclick', (event) => onMapItself(event) && tool().double?.(told(event)));
  box.addEventListener('pointerleave', () => pressed || tool().hover?.(null));
  box.addEventListener('keydown', key);
  box.addEventListener('blur', () => box.classList.remove('by-keys'));
  map.on('move', () => {
    if (!box.classList.contains('by-keys')) return;
    if (heldByKey) tool().drag?.(middle());
    else tool().hover?.(middle());
  });
}

function told({ clientX, clientY, shiftKey, ctrlKey, metaKey, pointerType }) {
  const { left, top } = map.getContainer().getBoundingClientRect();
  const pixel = [clientX - left, clientY - top];
  return { pixel, place: ground(pixel), add: shiftKey || ctrlKey || metaKey, near: NEAR[pointerType] ?? NEAR.mouse, finger: pointerType === 'touch' };
}

function middle(event = {}) {
  const { x, y } = map.getSize().divideBy(2);
  return { pixel: [x, y], place: ground([x, y]), add: Boolean(event.shiftKey), near: NEAR.keyboard };
}

const onMapItself = ({ target }) => !target.closest('.leaflet-control, .swipe');

function down(event) {
  map.getContainer().classList.remove('by-keys');
  if (!onMapItself(event) || event.button > 0) return;
  if (!event.isPrimary || pressed) return letGo(null); // a second finger: the map is moved, not drawn on
  const at = told(event);
  const holds = Boolean(tool().grab?.(at));
  pressed = { id: event.pointerId, at, holds, dragged: false, staying: at.finger ? setTimeout(stayed, STAYS_MS) : null };
  if (!holds) return;
  map.dragging.disable();
  map.getContainer().setPointerCapture(event.pointerId);
}

const isStill = ({ pixel: [x, y] }) => !pressed.dragged && Math.hypot(x - pressed.at.pixel[0], y - pressed.at.pixel[1]) < STILL_PX;

function stayed() {
  const { at } = pressed;
  letGo(null);
  tool().double?.(at);
}

function move(event) {
  if (event.pointerId === pressed?.id) {
    const at = told(event);
    if (isStill(at)) return;
    pressed.dragged = true;
    clearTimeout(pressed.staying);
    if (pressed.holds) tool().drag?.(at);
  } else if (!pressed && event.pointerType !== 'touch' && onMapItself(event)) tool().hover?.(told(event));
}

function up(event) {
  if (event.pointerId !== pressed?.id) return;
  const at = told(event);
  const still = isStill(at);
  const { holds } = pressed;
  letGo(holds ? at : null);
  if (!holds && still && onMapItself(event)) tool().click?.(at);
}

function letGo(at) {
  clearTimeout(pressed?.staying);
  if (pressed?.holds) tool().drop?.(at);
  pressed = null;
  map.dragging.enable();
}

// The keyboard takes the map: the cross is shown.
export function takeKeys() {
  map.getContainer().focus({ preventScroll: true });
  map.getContainer().classList.add('by-keys');
}

function key(event) {
  if (event.target === map.getContainer() && (event.key === ' ' || event.key.startsWith('Arrow'))) takeKeys();
  if (event.key !== ' ' || event.target !== map.getContainer()) return;
  event.preventDefault();
  event.stopPropagation();
  const at = middle(event);
  if (heldByKey) {
    heldByKey = false;
    tool().drop?.(at);
  } else if (tool().grab?.(at)) heldByKey = true;
  else tool().click?.(at);
}

// What is held is let go without effect; answers whether anything was.
export function forget() {
  const held = heldByKey || Boolean(pressed?.holds);
  if (heldByKey) tool().drop?.(null);
  heldByKey = false;
  letGo(null);
  return held;
}
