// The cells of the open plan on the map, and which of them lies where.

import { Overlay } from '../map/overlay.js';
import { onTheme } from '../page/theme.js';
import { t } from '../page/words.js';
import { isNamed, writtenOver } from './layers.js';
import { communitiesOf, write } from './lettering.js';
import { map } from './place.js';
import { previewed, previewing } from './preview.js';
import { Sheet, colour } from './sheet.js';
import { inside, meets } from './shapes.js';
import { on, state } from './state.js';

let sheet = new Sheet();
let overlay = null;
let letters = null;

export function install() {
  overlay = new Overlay(paint, { pane: 'cells', level: 352, label: t('plan.map.cells') }).addTo(map);
  on('cells', (_, { codes }) => take(codes));
  letters = new Overlay((pen, at) => state.preview && letter(pen, at), { pane: 'letters', level: 355 }).addTo(map);
  on('chosen preview names', redraw);
  onTheme(redraw);
}

function redraw() {
  overlay.redraw();
  letters.redraw();
}

function take(codes) {
  if (codes) {
    sheet.remove(codes.filter((code) => !state.cells.has(code)));
    sheet.put(codes.filter((code) => state.cells.has(code)).map((code) => state.cells.get(code)));
  } else sheet = new Sheet(state.cells.values());
  redraw();
}

function paint(pen, at) {
  sheet.fills(pen, at, { hide: previewed });
  sheet.lines(pen, at);
  if (state.chosen.size) picked(pen, at);
  if (!state.preview) letter(pen, at);
}

// Over what is previewed, where something is; what is previewed is written first.
function letter(pen, at) {
  const cells = [...previewing().inView(), ...sheet.inView().filter((cell) => !previewed(cell))];
  writtenOver(write(pen, at, cells, { bold: state.chosen, communities: isNamed() ? communitiesOf(sheet) : [] }));
}

function picked(pen, at) {
  sheet.within(pen, at, (px) => {
    const cells = [...state.chosen].map((code) => sheet.cells.get(code)).filter(Boolean);
    Object.assign(pen, { fillStyle: colour('accent'), globalAlpha: 0.14 });
    for (const { path } of cells) pen.fill(path, 'evenodd');
    pen.globalAlpha = 1;
    for (const [wide, name] of [[7, 'paper'], [3.5, 'accent']]) {
      Object.assign(pen, { lineWidth: wide * px, strokeStyle: colour(name) });
      for (const { path } of cells) pen.stroke(path);
    }
  });
}

// The code of the cell at a place, null where none is.
export function cellAt(place) {
  const [lon, lat] = place;
  for (const { feature, box: [west, south, east, north] } of sheet.cells.values()) {
    if (lon >= west && lon <= east && lat >= south && lat <= north && inside(place, feature.geometry)) return feature.properties.code;
  }
  return null;
}

// The cells whose boxes meet [west, south, east, north].
export const cellsIn = (box) => [...sheet.cells.values()].filter((cell) => meets(cell.box, box)).map(({ feature }) => feature);
