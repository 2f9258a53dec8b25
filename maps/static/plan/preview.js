// Cells as they would be, over the cells as they are, until they are kept or given up.

import { Overlay } from '../map/overlay.js';
import { onTheme } from '../page/theme.js';
import { map } from './place.js';
import { Sheet, colour } from './sheet.js';
import { inside } from './shapes.js';
import { changed, on, state } from './state.js';

const NONE = { type: 'FeatureCollection', features: [] };
let sheet = new Sheet();
let moves = [];
let overlay = null;

export function install() {
  overlay = new Overlay(paint, { pane: 'preview', level: 354 }).addTo(map);
  onTheme(() => overlay.redraw());
  on('plan', (_, { another }) => another && clearPreview());
}

export function preview(collection, handed = []) {
  state.preview = collection ?? NONE;
  moves = handed;
  sheet = new Sheet(state.preview.features);
  overlay.redraw();
  changed('preview');
}

export function clearPreview() {
  if (!state.preview) return;
  state.preview = null;
  moves = [];
  sheet = new Sheet();
  overlay.redraw();
  changed('preview');
}

// The sheet of what is shown; empty while nothing is.
export const previewing = () => sheet;

// Whether a drawn cell is told by the preview, so that the plan itself does not write on it.
export const previewed = ({ at }) => Boolean(state.preview) && [...sheet.cells.values()].some(({ feature, box }) =>
  at[0] >= box[0] && at[0] <= box[2] && at[1] >= box[1] && at[1] <= box[3] && inside(at, feature.geometry));

function paint(pen, at) {
  if (!state.preview) return;
  sheet.fills(pen, at, { strong: 1.2 });
  sheet.lines(pen, at, { name: 'paper', wide: 6, alpha: 0.9 });
  sheet.lines(pen, at, { name: 'accent', wide: 3, alpha: 1, dash: [8, 5] });
  for (const move of moves) handed(pen, at, move);
}

// A building that would change hands, and a line to its new cell.
function handed(pen, at, { lon, lat, to }) {
  const [x, y] = at(lon, lat);
  const cell = sheet.cells.get(to);
  Object.assign(pen, { strokeStyle: colour('accent'), fillStyle: colour('accent'), lineWidth: 1.5, globalAlpha: 0.55 });
  if (cell) {
    pen.beginPath();
    pen.moveTo(x, y);
    pen.lineTo(...at(...cell.at));
    pen.stroke();
  }
  Object.assign(pen, { globalAlpha: 1, strokeStyle: colour('paper') });
  pen.beginPath();
  pen.arc(x, y, 4.5, 0, 2 * Math.PI);
  pen.fill();
  pen.stroke();
}
