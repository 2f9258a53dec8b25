// Picking instead of drawing: the cell, community or street under the pointer, and what is picked
// shown on the map. A click picks that alone, with Shift (or a finger) one more.

import { changed as repaint, state as look } from '../map/state.js';
import { expected, get } from '../page/ask.js';
import { toast } from '../page/tell.js';
import { t } from '../page/words.js';
import { Overlay, ink, onTheme } from './draw-canvas.js';
import { call, pick, shape } from './draw-shape.js';
import { map, onGround, takeClicks, tiles } from './place.js';
import { loaded } from './pointer.js';

const NEAR_PX = 14;
const EQUATOR_M = 40_075_016.68;
let overlay = null;
let held = null;

// The cell under the pointer, as far as the map knows by now.
export const cellAt = async (place) => (await tiles.find(place, 0))?.cell ?? null;

// As the server knows: the map may still be loading there, or show no cells.
const located = async (place) => {
  const [lon, lat] = onGround(place);
  return (await get(`/locate?${new URLSearchParams({ lon, lat })}`)).cell;
};

const TAKES = {
  cells: async (place) => (await cellAt(place)) ?? located(place),
  divisions: async (place) => (await located(place))?.community,
};

// Clicks pick now; `width()` is how wide a street is taken, in metres.
export function takePicks(kind, width) {
  letGo();
  held = takeClicks((event) => (kind === 'road' ? takeStreet(event.latlng, width()) : takeOne(kind, event)).catch(expected));
}

// The next clicks are places, in WGS-84.
export function takePlaces(take) {
  letGo();
  held = takeClicks(({ latlng }) => take(onGround(latlng).map((one) => Number(one.toFixed(6)))));
}

async function takeOne(kind, { latlng, originalEvent: how }) {
  const found = await TAKES[kind](latlng);
  if (!found?.code) return toast(t('desk_area.draw.no_cell'));
  call(found.code, found.name);
  pick(kind, found.code, { only: !(how.shiftKey || how.ctrlKey || how.metaKey || how.pointerType === 'touch') });
}

async function takeStreet(place, width) {
  const find = () => tiles.find(place, 0, { street: NEAR_PX });
  const found = (await find()) ?? (await loaded(tiles), await find());
  const name = found?.street;
  if (!name) return toast(t('desk_area.draw.no_street'));
  const [lon, lat] = onGround(place).map((one) => Number(one.toFixed(6)));
  shape.put({ road: { name, lon, lat, width_m: width } });
}

export function letGo() {
  held?.();
  held = null;
}

// What is picked, on the map; of communities their cells, once they are known.
export function show(cells = []) {
  const asked = shape.asked;
  look.chosen = new Set([...(asked?.cells ?? []), ...(asked?.divisions ? cells.map(({ code }) => code) : [])]);
  look.street = asked?.road?.name ? { name: asked.road.name, share: share(asked.road.width_m) } : null;
  repaint('chosen');
  if (!overlay) {
    overlay = new Overlay(paint).addTo(map);
    onTheme(() => overlay?.redraw());
  }
  overlay.redraw();
}

// A width on the ground, in shares of the equator as the map shows it here.
const share = (metres) => metres / (EQUATOR_M * Math.cos((map.getCenter().lat * Math.PI) / 180));

export function hide() {
  look.chosen = new Set();
  look.street = null;
  repaint('chosen');
  overlay?.remove();
  overlay = null;
}

function paint(pen, at) {
  const { line, width_m: width } = shape.asked?.road ?? {};
  if (!line) return;
  pen.strokeStyle = ink('accent');
  pen.lineJoin = pen.lineCap = 'round';
  pen.globalAlpha = 0.25;
  pen.lineWidth = Math.max(4, share(width) * 256 * 2 ** map.getZoom());
  pen.beginPath();
  line.coordinates.forEach(([lon, lat], place) => pen[place ? 'lineTo' : 'moveTo'](...at(lon, lat)));
  pen.stroke();
}
