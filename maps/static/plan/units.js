// Buildings with their households: dots over the map once it is near enough, read for what is seen
// and for the cells that are worked on.

import { Overlay } from '../map/overlay.js';
import { FONT } from '../map/glyphs.js';
import { expected, get } from '../page/ask.js';
import { onTheme } from '../page/theme.js';
import { count } from '../page/words.js';
import { address } from './draft.js';
import { around, map, onGround, pixel, viewBox } from './place.js';
import { colour } from './sheet.js';
import { on, state } from './state.js';

const FROM_ZOOM = 15.5;
const NUMBERS_FROM = 17.25;
const FEW_CELLS = 40; // whose codes an address can hold
const MARGIN = 0.3; // of the view, read ahead
let units = new Map();
let whole = new Set(); // codes of cells all of whose buildings are known
let seen = null; // the box whose buildings are known
let reading = null;
let overlay = null;
let marked = new Set();
let shown = true;

export const near = () => map.getZoom() >= FROM_ZOOM;

export function install() {
  overlay = new Overlay(paint, { pane: 'units', level: 351 }).addTo(map);
  map.on('moveend', () => look().catch(expected));
  on('cells', (_, { codes }) => (codes ? refresh(codes) : anew()).catch(expected));
  on('chosen', () => overlay.redraw());
  onTheme(() => overlay.redraw());
}

// All buildings of some cells.
export async function unitsOf(codes) {
  const missing = codes.filter((code) => !whole.has(code));
  if (missing.length) {
    const { units: found } = await get(`${address()}/units?${new URLSearchParams({ cells: missing.join(',') })}`);
    take(found);
    for (const code of missing) whole.add(code);
  }
  return known(codes);
}

// Those of them that are known by now.
export function known(codes) {
  const wanted = new Set(codes);
  return [...units.values()].filter(({ cell }) => wanted.has(cell));
}

// The buildings within so many pixels of a pixel, the nearest first.
export function unitsAt([x, y], reach) {
  if (!near()) return [];
  return unitsIn(around([x, y], reach)).map((unit) => {
    const [left, top] = pixel([unit.lon, unit.lat]);
    return { unit, far: Math.hypot(left - x, top - y) };
  }).filter(({ far }) => far <= reach).sort((a, b) => a.far - b.far).map(({ unit }) => unit);
}

const unitsIn = ([west, south, east, north]) => [...units.values()].filter(({ lon, lat }) => lon >= west && lon <= east && lat >= south && lat <= north);

export const unitsKnown = () => [...units.values()];

// Whether the dots are on the map at all.
export function showUnits(on) {
  shown = on;
  overlay.redraw();
}

// The buildings of these codes stand out.
export function mark(codes) {
  marked = codes;
  overlay.redraw();
}

function take(found) {
  for (const unit of found) units.set(unit.code, unit);
  overlay.redraw();
}

// What was handed from cell to cell is asked anew: for the cells that changed, or, where these are
// many, for what is seen.
async function refresh(codes) {
  if (codes.length > FEW_CELLS) return anew();
  const still = codes.filter((code) => state.cells.has(code));
  for (const code of codes) whole.delete(code);
  if (still.length && units.size) await unitsOf(still);
  return null;
}

async function anew() {
  units = new Map();
  whole = new Set();
  seen = null;
  overlay.redraw();
  await look();
}

async function look() {
  if (!state.plan || !near()) return;
  const view = map.getBounds();
  if (seen?.contains(view)) return;
  const box = view.pad(MARGIN);
  const corners = [...onGround(box.getSouthWest()), ...onGround(box.getNorthEast())];
  reading?.abort();
  const mine = (reading = new AbortController());
  const { units: found } = await get(`${address()}/units?${new URLSearchParams({ bbox: corners.map((one) => one.toFixed(6)).join(',') })}`, mine.signal);
  if (mine.signal.aborted) return;
  seen = box;
  take(found);
}

function paint(pen, at) {
  if (!shown || !near()) return;
  const zoom = map.getZoom();
  for (const unit of unitsIn(viewBox())) dot(pen, at(unit.lon, unit.lat), unit, zoom);
}

function dot(pen, [x, y], { code, cell, households }, zoom) {
  const painted = marked.has(code);
  const radius = Math.min(8, 2.2 + Math.sqrt(households) * 0.45) * (zoom >= NUMBERS_FROM ? 1.3 : zoom >= 16.5 ? 1 : 0.6);
  pen.beginPath();
  pen.arc(x, y, painted ? radius + 2.5 : radius, 0, 2 * Math.PI);
  Object.assign(pen, { lineWidth: painted ? 3 : 1.5, fillStyle: colour(painted ? 'warn' : state.chosen.has(cell) ? 'accent' : 'soft'), strokeStyle: colour('paper') });
  if (households) pen.fill();
  else pen.strokeStyle = colour('soft');
  pen.stroke();
  if (zoom < NUMBERS_FROM || !households) return;
  Object.assign(pen, { font: `700 11px ${FONT}`, textAlign: 'left', textBaseline: 'middle', lineWidth: 3, strokeStyle: colour('paper'), fillStyle: colour('ink') });
  pen.strokeText(count(households), x + radius + 3, y);
  pen.fillText(count(households), x + radius + 3, y);
}
