// The lines of a proposal on the map: from each case to who is proposed. Their ends are dragged from
// one responder to another, or to anybody else in view; the list does the same with the keyboard.

import { Overlay, ink, onTheme, withoutCases } from './draw-canvas.js';
import { map, onMap } from './place.js';

const REACH_PX = 18;
const NAMED_FROM = 13.5; // zooms at which names can be read
const OTHERS_NAMED_FROM = 17;
let overlay = null;
let items = [];
let others = []; // who is in view besides, as crew.js tells them
let near = null; // the code of the case pointed at
let under = null; // who is under the pointer
let drag = null; // { code, x, y, over } while an end is dragged
let ended = false; // a line was just let go of: the click that follows is no click on the map
let moved = () => {};
let withCases = () => {};

export function draw(next, { hold }) {
  items = next;
  moved = hold;
  if (overlay) {
    overlay.redraw();
    return;
  }
  overlay = new Overlay(paint).addTo(map);
  withCases = withoutCases();
  onTheme(() => overlay?.redraw());
  const box = map.getContainer();
  box.addEventListener('pointerdown', begin, true);
  box.addEventListener('click', dropped, true);
  box.addEventListener('pointermove', move);
  box.addEventListener('pointerup', end);
  box.addEventListener('pointercancel', end);
}

export function hide() {
  if (!overlay) return;
  overlay.remove();
  withCases();
  overlay = drag = near = under = null;
  items = others = [];
  const box = map.getContainer();
  box.removeEventListener('pointerdown', begin, true);
  box.removeEventListener('click', dropped, true);
  box.removeEventListener('pointermove', move);
  box.removeEventListener('pointerup', end);
  box.removeEventListener('pointercancel', end);
  box.style.cursor = '';
}

export function point(code) {
  near = code;
  overlay?.redraw();
}

// Who else is there to drag a line to.
export function offer(some) {
  others = some.filter(({ spot }) => spot);
  overlay?.redraw();
}

const key = ({ kind, code }) => `${kind} ${code}`;

// Everybody who is proposed, each once: { kind, code, name, spot }.
export function proposed() {
  const known = new Map();
  for (const { worker, unit, name, starts } of items) {
    if (!worker && !unit) continue;
    const one = { kind: worker ? 'worker' : 'unit', code: worker ?? unit, name, spot: starts };
    if (!known.get(key(one))?.spot) known.set(key(one), one);
  }
  return [...known.values()];
}

// Everybody with a place, those who are proposed first.
function everybody() {
  const known = new Map(proposed().filter(({ spot }) => spot).map((one) => [key(one), { ...one, goes: true }]));
  for (const one of others) if (!known.has(key(one))) known.set(key(one), one);
  return [...known.values()];
}

function paint(pen, at) {
  const crew = everybody();
  const over = drag ? drag.over : under;
  const isOver = (one) => over && key(over) === key(one);
  for (const one of crew) if (!one.goes) other(pen, at(...one.spot), one, isOver(one));
  for (const item of items) if (item.code !== near) line(pen, at, item);
  const pointed = items.find(({ code }) => code === near);
  if (pointed) line(pen, at, pointed, true);
  for (const one of crew) if (one.goes) responder(pen, at(...one.spot), one.name, isOver(one) || pointed?.[one.kind] === one.code);
}

function line(pen, at, item, strong = false) {
  if (!item.spot || item.off) return;
  const [x, y] = at(...item.spot);
  const to = drag?.code === item.code ? fromScreen(drag) : item.starts && at(...item.starts);
  const late = item.late_s > 0;
  pen.strokeStyle = ink(late ? 'late' : item.held ? 'warn' : 'accent');
  if (to) {
    pen.globalAlpha = strong ? 1 : 0.75;
    pen.lineWidth = strong ? 4 : 2;
    pen.setLineDash(late ? [2, 4] : item.held ? [9, 4] : []);
    pen.beginPath();
    pen.moveTo(x, y);
    pen.lineTo(...to);
    pen.stroke();
    pen.setLineDash([]);
    pen.globalAlpha = 1;
  }
  pen.fillStyle = item.worker || item.unit ? ink('paper') : ink('warn-soft');
  pen.lineWidth = strong ? 3 : 2;
  pen.beginPath();
  if (item.unit) pen.rect(x - 5, y - 5, 10, 10);
  else pen.arc(x, y, 6, 0, 2 * Math.PI);
  pen.fill();
  pen.stroke();
}

function responder(pen, [x, y], name, strong) {
  pen.fillStyle = ink('accent');
  pen.strokeStyle = ink('paper');
  pen.lineWidth = 2;
  pen.beginPath();
  pen.arc(x, y, strong ? 10 : 7, 0, 2 * Math.PI);
  pen.fill();
  pen.stroke();
  if (map.getZoom() >= NAMED_FROM || strong) called(pen, name, x, y + 22, 'ink');
}

// Who is not proposed stands back: a ring for a worker, a square for a unit.
function other(pen, [x, y], { kind, name }, strong) {
  const size = strong ? 9 : drag ? 6 : 4.5;
  pen.fillStyle = ink('paper');
  pen.strokeStyle = ink(strong ? 'accent' : 'soft');
  pen.lineWidth = strong ? 3 : 1.5;
  pen.beginPath();
  if (kind === 'unit') pen.rect(x - size, y - size, 2 * size, 2 * size);
  else pen.arc(x, y, size, 0, 2 * Math.PI);
  pen.fill();
  pen.stroke();
  if (strong || map.getZoom() >= OTHERS_NAMED_FROM) called(pen, name, x, y + 20, strong ? 'ink' : 'soft');
}

function called(pen, name, x, y, colour) {
  pen.font = '600 12px sans-serif';
  pen.textAlign = 'center';
  pen.strokeStyle = ink('paper');
  pen.lineWidth = 4;
  pen.strokeText(name, x, y);
  pen.fillStyle = ink(colour);
  pen.fillText(name, x, y);
}

const fromScreen = ({ x, y }) => {
  const { x: left, y: top } = map.containerPointToLayerPoint([x, y]).subtract(overlay._bounds.min);
  return [left, top];
};

// Dragging an end

const where = (event) => {
  const { left, top } = map.getContainer().getBoundingClientRect();
  return { x: event.clientX - left, y: event.clientY - top };
};
const onScreen = (spot) => map.latLngToContainerPoint(onMap(...spot));
const away = (spot, { x, y }) => Math.hypot(onScreen(spot).x - x, onScreen(spot).y - y);

// The line whose end, or whose case, is there: the pointed one first.
function lineAt(place) {
  const here = items.filter((item) => !item.off && item.spot && (away(item.spot, place) < REACH_PX || (item.starts && away(item.starts, place) < REACH_PX)));
  return here.find(({ code }) => code === near) ?? here.sort((a, b) => away(a.spot, place) - away(b.spot, place))[0];
}

function begin(event) {
  ended = false;
  if (event.button || drag) return;
  const found = lineAt(where(event));
  if (!found) return;
  event.stopPropagation();
  event.preventDefault();
  drag = { code: found.code, over: null, ...where(event) };
  near = found.code;
  map.getContainer().setPointerCapture(event.pointerId);
}

function move(event) {
  const place = where(event);
  if (!drag) {
    if (event.pointerType === 'mouse') hover(place);
    return;
  }
  Object.assign(drag, place);
  drag.over = nearest(place);
  overlay.redraw();
}

function hover(place) {
  map.getContainer().style.cursor = lineAt(place) ? 'grab' : '';
  const found = nearest(place);
  if ((found && key(found)) === (under && key(under))) return;
  under = found;
  overlay.redraw();
}

// Who is there, the nearest.
function nearest(place) {
  const [found] = everybody().map((one) => ({ one, far: away(one.spot, place) })).sort((a, b) => a.far - b.far);
  return found?.far < REACH_PX * 1.5 ? found.one : null;
}

function end(event) {
  if (!drag) return;
  const { code, over } = drag;
  drag = null;
  ended = true;
  overlay.redraw();
  if (event.type !== 'pointerup' || !over) return;
  const item = items.find((one) => one.code === code);
  if (item?.[over.kind] !== over.code) moved(code, over);
}

function dropped(event) {
  if (ended) event.stopPropagation();
  ended = false;
}
