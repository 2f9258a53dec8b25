// Names over the picture: streets' and communities' names far out, cells' names where they fit.
// One canvas over the whole view, so that no name is cut by a tile's edge or said twice.

import { FONT } from './signs.js';
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
    const taken = write(pen, this._gather(), { wide, high });
    if (state.parts.has('ground')) writeStreets(pen, this._streets(), taken);
  },

  _gather() {
    const zoom = this._map.getZoom();
    const pixel = EARTH_M / (256 * 2 ** zoom);
    const found = new Map();
    for (const { tile, coords } of this._source.present()) {
      for (const [layer, look] of looks(zoom)) {
        for (const feature of tile[layer] ?? []) {
          const style = look(feature.values, pixel);
          if (!style || found.has(layer + feature.id)) continue;
          if (feature.x < 0 || feature.y < 0 || feature.x >= EXTENT || feature.y >= EXTENT) continue;
          found.set(layer + feature.id, { ...style, at: this._spot(coords, feature) });
        }
      }
    }
    return [...found.values()].sort((a, b) => b.first - a.first);
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

// Which names a zoom shows, and how: text, size, colour, the room there is for it.
function looks(zoom) {
  const division = (level, size, first) => (values) =>
    values.level === level && { lines: [values.name], size, first, colour: ground.division, weight: 700 };
  const cell = ({ name, code, width, height }, pixel) => {
    const room = [(width / pixel) * 0.86, (height / pixel) * 0.8];
    const colour = code === state.selected ? '#9a3412' : ground.ink;
    const size = zoom >= 17 ? 14 : 12.5;
    return { lines: [name], size, first: width * height * 1e-9, colour, weight: 600, room };
  };
  if (zoom < 13) return [['division_names', division('township', 14, 3)]];
  if (zoom < 14.5) return [['division_names', division('village', 13, 2)]];
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
  const two = rest ? [community, rest] : [text.slice(0, half), text.slice(half)];
  const fits = (lines) => lines.length * line <= name.room[1]
    && lines.every((words) => pen.measureText(words).width <= name.room[0]);
  return [[text], two, ...(rest ? [[rest]] : [])].find(fits) ?? null;
}

function write(pen, names, { wide, high }) {
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
    const box = [name.at.x - across, name.at.y - (lines.length * line) / 2, name.at.x + across, name.at.y + (lines.length * line) / 2];
    if (box[2] < 0 || box[3] < 0 || box[0] > wide || box[1] > high) continue;
    if (meets(taken, box)) continue;
    taken.push(box);
    lines.forEach((text, at) => halo(pen, text, name, box[1] + line * (at + 0.5)));
  }
  return taken;
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
