// Cells as they are drawn: filled by whether they keep their range, outlined, and written on. A sheet
// is the cells of one plan, or those of a preview; outlines are kept as paths, so that thousands are
// drawn anew in one frame.

import { ink } from '../map/overlay.js';
import { onTheme } from '../page/theme.js';
import { UNIT_ZOOM, map, viewBox, world } from './place.js';
import { standing } from './range-bar.js';
import { boxOf, meets, middle, outline } from './shapes.js';

export const COLOURS = { below: 'warn', within: 'good', above: 'late', free: 'calm' };
export const SIGNS = { below: '▼ ', within: '', above: '▲ ', free: '◆ ' };
const NAMES = ['ink', 'paper', 'soft', 'accent', 'accent-soft', 'warn', 'good', 'late', 'calm'];
let inks = null;
onTheme(() => { inks = null; });

export const colour = (name) => (inks ??= Object.fromEntries(NAMES.map((one) => [one, ink(one)])))[name];

// The end of a code, as the map writes it: 420106001001003 is 003 among its neighbours.
export const short = (code) => (/^\d{6,}$/.test(code) ? code.slice(-3) : code);

export class Sheet {
  constructor(features = []) {
    this.cells = new Map();
    this.put(features);
  }

  // What is drawn of these cells from now on; the others stay.
  put(features) {
    for (const feature of features) this.cells.set(feature.properties.code, this._drawn(feature));
  }

  remove(codes) {
    for (const code of codes) this.cells.delete(code);
  }

  // Far from zero a canvas rounds to metres: the paths begin where the sheet does.
  _drawn(feature) {
    const box = boxOf(outline(feature.geometry));
    this.origin ??= [box[0], box[1]];
    this._zero ??= world(this.origin);
    const { at, wide } = middle(feature.geometry);
    const [[west], [east]] = [at[0] - wide / 2, at[0] + wide / 2].map((lon) => world([lon, at[1]]));
    return { feature, box, path: this.pathOf(feature.geometry), at, wide: east - west, about: feature.properties };
  }

  pathOf({ type, coordinates }) {
    const path = new Path2D();
    for (const ring of type === 'Polygon' ? coordinates : coordinates.flat()) {
      ring.forEach((place, at) => {
        const [x, y] = world(place);
        path[at ? 'lineTo' : 'moveTo'](x - this._zero[0], y - this._zero[1]);
      });
      path.closePath();
    }
    return path;
  }

  inView() {
    const view = viewBox();
    return [...this.cells.values()].filter(({ box }) => meets(box, view));
  }

  // Draws with the paths' own units: `draw(px)` gets how many of them a pixel is.
  within(pen, at, draw) {
    if (!this.origin) return;
    const scale = map.getZoomScale(map.getZoom(), UNIT_ZOOM);
    pen.save();
    pen.translate(...at(...this.origin));
    pen.scale(scale, scale);
    pen.lineJoin = 'round';
    draw(1 / scale);
    pen.restore();
  }

  fills(pen, at, { strong = 1, hide = () => false } = {}) {
    this.within(pen, at, (px) => {
      const weaves = { below: woven(pen, 'below', px), above: woven(pen, 'above', px) };
      for (const { path, about } of this.inView().filter((cell) => !hide(cell))) fill(pen, path, standing(about).at, { weaves, strong });
    });
  }

  lines(pen, at, { name = 'ink', wide = map.getZoom() >= 15 ? 1.5 : map.getZoom() >= 13 ? 1.1 : 0.7, alpha = 0.7, dash = [], only = null } = {}) {
    this.within(pen, at, (px) => {
      Object.assign(pen, { strokeStyle: colour(name), lineWidth: wide * px, globalAlpha: alpha });
      pen.setLineDash(dash.map((long) => long * px));
      for (const { path, about: { code } } of this.inView()) if (!only || only.has(code)) pen.stroke(path);
    });
  }
}

function fill(pen, path, stands, { weaves, strong }) {
  pen.globalAlpha = (stands === 'within' ? 0.1 : 0.16) * strong;
  pen.fillStyle = colour(COLOURS[stands]);
  pen.fill(path, 'evenodd');
  if (!weaves[stands]) return;
  pen.globalAlpha = 0.5 * strong;
  pen.fillStyle = weaves[stands];
  pen.fill(path, 'evenodd');
}

// Too many are hatched, too few dotted: the range is not told by hue alone.
const squares = new Map();
function woven(pen, of, px) {
  const tint = colour(COLOURS[of]);
  const key = `${of} ${tint}`;
  if (!squares.has(key)) squares.set(key, of === 'above' ? hatched(tint) : dotted(tint));
  const pattern = pen.createPattern(squares.get(key), 'repeat');
  pattern.setTransform(new DOMMatrix().scale(px / 2));
  return pattern;
}

const SIDE = 20; // of a weave, at twice the pixels

function square() {
  const canvas = Object.assign(document.createElement('canvas'), { width: SIDE, height: SIDE });
  return { canvas, pen: canvas.getContext('2d') };
}

function hatched(tint) {
  const { canvas, pen } = square();
  Object.assign(pen, { strokeStyle: tint, lineWidth: 2.4 });
  for (const at of [-SIDE, 0, SIDE]) {
    pen.moveTo(at - 2, SIDE + 2);
    pen.lineTo(at + SIDE + 2, -2);
  }
  pen.stroke();
  return canvas;
}

function dotted(tint) {
  const { canvas, pen } = square();
  pen.fillStyle = tint;
  for (const [x, y] of [[5, 5], [15, 15]]) {
    pen.beginPath();
    pen.arc(x, y, 2, 0, 2 * Math.PI);
    pen.fill();
  }
  return canvas;
}
