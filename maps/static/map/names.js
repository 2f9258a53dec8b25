// Names over the picture: streets' and communities' names far out, cells' names where they fit.
// One canvas over the whole view, so that no name is cut by a tile's edge or said twice.

import { FONT, sign, signSize } from './signs.js';
import { settings, state } from './state.js';
import { streetNames } from './street-names.js';
import { EXTENT } from './tiles.js';

const EARTH_M = 40075016.68;
const SIDE = 512;
const { ground } = settings.styles;

export const Names = L.Layer.extend({
  initialize(tiles) {
    this._source = tiles;
  },

  onAdd(map) {
    this._canvas = L.DomUtil.create('canvas', 'names leaflet-zoom-hide', map.getPane('names'));
    this._canvas.setAttribute('aria-hidden', 'true');
    this._later = L.Util.throttle(this.draw, 120, this);
    map.on('moveend zoomend resize', this.draw, this);
    this._source.on('tileload', this._later, this);
  },

  draw() {
    if (!this._map || !this._map._loaded) return;
    const { x: wide, y: high } = this._map.getSize();
    const ratio = Math.min(window.devicePixelRatio || 1, 2);
    const canvas = this._canvas;
    L.DomUtil.setPosition(canvas, this._map.containerPointToLayerPoint([0, 0]));
    canvas.width = wide * ratio;
    canvas.height = high * ratio;
    canvas.style.width = `${wide}px`;
    canvas.style.height = `${high}px`;
    if (!state.parts.has('names')) return;
    const pen = canvas.getContext('2d');
    pen.scale(ratio, ratio);
    const zoom = this._map.getZoom();
    const signs = signSize(zoom) >= 3 ? this._signs({ wide, high }) : [];
    const taken = write(pen, this._gather(), { wide, high, signs, size: signSize(zoom) });
    if (state.parts.has('ground')) writeStreets(pen, this._streets(), taken);
    over(pen, signs, taken, signSize(zoom));
  },

  _gather() {
    const zoom = this._map.getZoom();
    const pixel = EARTH_M / (256 * 2 ** zoom);
    const found = new Map();
    for (const { tile, coords } of this._source.present()) {
      for (const [layer, look] of looks(zoom)) {
        for (const feature of tile[layer] ?? []) {
          const style = look(feature.values, pixel, feature);
          if (!style || found.has(layer + feature.id)) continue;
          const { x, y } = feature.span ? middleOf(feature.span) : feature;
          if (x < 0 || y < 0 || x >= EXTENT || y >= EXTENT) continue;
          found.set(layer + feature.id, { ...style, at: this._spot(coords, { x, y }) });
        }
      }
    }
    return [...found.values()].sort((a, b) => b.first - a.first);
  },

  // The signs in the view: names keep off them, and where they cannot, the sign lies on top.
  _signs({ wide, high }) {
    const zoom = this._map.getZoom();
    return this._source.present().flatMap(({ tile, coords }) => {
      const start = this._spot(coords, { x: 0, y: 0 });
      const perUnit = (SIDE / EXTENT) * this._map.getZoomScale(zoom, coords.z);
      return [['facilities', 'category'], ['cases', 'state']].filter(([kind]) => state.parts.has(kind)).flatMap(([kind, word]) =>
        (tile[kind] ?? []).filter(({ values }) => state[kind].has(values[word])).map(({ x, y, values }) =>
          ({ kind, word: values[word], x: start.x + x * perUnit, y: start.y + y * perUnit })));
    }).filter(({ x, y }) => x > -20 && y > -20 && x < wide + 20 && y < high + 20);
  },

  _streets() {
    const zoom = this._map.getZoom();
    return this._source.present().flatMap(({ tile, coords }) => {
      const unit = EXTENT / SIDE / this._map.getZoomScale(zoom, coords.z);
      return streetNames(tile.base ?? [], zoom, unit).map((name) => ({ ...name, at: this._spot(coords, name) }));
    });
  },

  // A position in a tile → where it is in the view.
  _spot(coords, { x, y }) {
    const world = [(coords.x + x / EXTENT) * SIDE, (coords.y + y / EXTENT) * SIDE];
    return this._map.latLngToContainerPoint(this._map.unproject(world, coords.z));
  },
});

// Far out the tiles carry no places for cells' names: a cell that lies whole in its tile is named
// in its middle. `span` is its box in tile units.
function middleOf([west, north, east, south]) {
  return { x: (west + east) / 2, y: (north + south) / 2 };
}

function spanned([west, north, east, south], z) {
  if (west < 0 || north < 0 || east > EXTENT || south > EXTENT) return { width: 0, height: 0 };
  const metres = (EARTH_M * SIDE) / (256 * 2 ** z * EXTENT);
  return { width: (east - west) * metres, height: (south - north) * metres };
}

// Which names a zoom shows, and how: text, size, colour, the room there is for it.
function looks(zoom) {
  const division = (level, size, first) => (values) =>
    values.level === level && { lines: [values.name], size, first, colour: ground.division, weight: 700 };
  const cell = ({ name, code, width, height }, pixel) => {
    const room = [(width / pixel) * 0.86, (height / pixel) * 0.8];
    const colour = code === state.selected ? '#9a3412' : ground.ink;
    const size = zoom >= 17 ? 14 : zoom >= 14.5 ? 12.5 : 12;
    return { lines: [name], size, first: width * height * 1e-9, colour, weight: 600, room };
  };
  const far = (values, pixel, { span }) => span && cell({ ...values, ...spanned(span, Math.round(zoom)) }, pixel);
  if (zoom < 13) return [['division_names', division('township', 14, 3)], ['cells', far]];
  if (zoom < 15) return [['division_names', division('village', 13, 2)], ['cell_names', cell]];
  return [['cell_names', cell]];
}

// A name too big for its cell is set in two lines, parted after its community's name where it
// has one; else without that; else left out.
function fit(pen, name, line) {
  if (!name.room) return name.lines;
  const [text] = name.lines;
  const [, community, rest] = /^(.+?(?:社区|村))(.+)$/.exec(text) ?? [];
  const half = Math.ceil(text.length / 2);
  const words = rest ? [community, rest] : [text.slice(0, half), text.slice(half)];
  const two = /\p{Script=Han}/u.test(text) ? words : [text]; // a code is never broken
  const fits = (lines) => lines.length * line <= name.room[1]
    && lines.every((words) => pen.measureText(words).width <= name.room[0]);
  return [[text], two, ...(rest ? [[rest]] : [])].find(fits) ?? null;
}

function write(pen, names, { wide, high, signs, size }) {
  const taken = [];
  pen.textAlign = 'center';
  pen.textBaseline = 'middle';
  pen.lineJoin = 'round';
  for (const name of names) {
    pen.font = `${name.weight} ${name.size}px ${FONT}`;
    const line = name.size * 1.3;
    const lines = fit(pen, name, line);
    if (!lines) continue;
    const across = Math.max(...lines.map((text) => pen.measureText(text).width)) / 2 + 4;
    const boxes = places(name, across, (lines.length * line) / 2).filter((box) =>
      box[2] > 0 && box[3] > 0 && box[0] < wide && box[1] < high && !meets(taken, box));
    const box = calmest(boxes, signs, size);
    if (!box) continue;
    taken.push(box);
    const middle = { ...name, at: { x: (box[0] + box[2]) / 2 } };
    lines.forEach((text, at) => halo(pen, text, middle, box[1] + line * (at + 0.5)));
  }
  return taken;
}

const HALVES = [0, -0.5, 0.5, -1, 1];
const STEPS = HALVES.flatMap((down) => HALVES.map((right) => [right, down])).sort((a, b) => Math.hypot(...a) - Math.hypot(...b));

// Where a name may stand: in the middle of its cell, or as far off it as the cell allows.
function places({ at, room }, across, up) {
  const [free, high] = room ? [Math.max(0, room[0] / 2 - across) * 0.6, Math.max(0, room[1] / 2 - up) * 0.6] : [0, 0];
  return (free || high ? STEPS : STEPS.slice(0, 1)).map(([right, down]) => {
    const [x, y] = [at.x + right * free, at.y + down * high];
    return [x - across, y - up, x + across, y + up];
  });
}

// Of the places the first that meets the fewest signs.
function calmest(boxes, signs, size) {
  let best = null;
  for (const box of boxes) {
    const met = signs.filter((one) => covers(box, one, size)).length;
    if (!best || met < best.met) best = { box, met };
    if (!met) break;
  }
  return best?.box;
}

function covers(box, { x, y }, size) {
  return x > box[0] - size && x < box[2] + size && y > box[1] - size && y < box[3] + size;
}

// Signs that a name came to lie on are drawn again, over it.
function over(pen, signs, taken, size) {
  for (const one of signs) if (taken.some((box) => covers(box, one, size))) sign(pen, { ...one, size, unit: 1 });
}

function meets(taken, box) {
  return taken.some((other) => box[0] < other[2] && other[0] < box[2] && box[1] < other[3] && other[1] < box[3]);
}

// Streets come last and give way to all others.
function writeStreets(pen, streets, taken) {
  pen.fillStyle = '#5d5647';
  pen.strokeStyle = 'rgba(255, 255, 255, .9)';
  pen.lineWidth = 3;
  for (const { at, lean, text, size, wide } of streets) {
    const [across, up] = [Math.abs(Math.cos(lean)) * wide / 2 + 6, Math.abs(Math.sin(lean)) * wide / 2 + 8];
    const box = [at.x - across, at.y - up, at.x + across, at.y + up];
    if (meets(taken, box)) continue;
    taken.push(box);
    pen.save();
    pen.translate(at.x, at.y);
    pen.rotate(lean);
    pen.font = `400 ${size}px ${FONT}`;
    pen.strokeText(text, 0, 0);
    pen.fillText(text, 0, 0);
    pen.restore();
  }
}

function halo(pen, text, name, y) {
  pen.strokeStyle = 'rgba(255, 255, 255, .88)';
  pen.lineWidth = 3.5;
  pen.strokeText(text, name.at.x, y);
  pen.fillStyle = name.colour;
  pen.fillText(text, name.at.x, y);
}
