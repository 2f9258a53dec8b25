// The picture: one canvas per tile, all parts on it, drawn from one vector tile.
//
// Why not a plug-in: the known ones for Leaflet draw one canvas per layer, know neither labels
// nor a retry, and the widest used one has not been mended since Leaflet 1.8. Decoding is left
// to the pinned vector-tile library.

import { PbfReader } from 'pbf';
import { VectorTile } from '@mapbox/vector-tile';
import { askBytes, expected } from './ask.js';
import { paint } from './paint.js';
import { settings, state } from './state.js';

const SIDE = 512; // CSS pixels of a tile; so a tile's z is one less than the map's
export const EXTENT = 4096;

function read(bytes) {
  const { layers } = new VectorTile(new PbfReader(new Uint8Array(bytes)));
  const tile = {};
  for (const [name, layer] of Object.entries(layers)) {
    tile[name] = [];
    for (let at = 0; at < layer.length; at += 1) tile[name].push(feature(layer.feature(at)));
  }
  return tile;
}

function feature(raw) {
  const rings = raw.loadGeometry();
  const known = { id: raw.id, values: raw.properties };
  if (raw.type === 1) return { ...known, x: rings[0][0].x, y: rings[0][0].y };
  const path = new Path2D();
  for (const ring of rings) {
    ring.forEach((point, at) => (at ? path.lineTo(point.x, point.y) : path.moveTo(point.x, point.y)));
    if (raw.type === 3) path.closePath();
  }
  if (raw.type === 3) return { ...known, path, area: true, span: boxOf(rings) };
  const longest = rings.reduce((best, ring) => (ring.length > best.length ? ring : best));
  return { ...known, path, line: longest };
}

function boxOf(rings) {
  const box = [Infinity, Infinity, -Infinity, -Infinity];
  for (const { x, y } of rings.flat()) {
    box[0] = Math.min(box[0], x);
    box[1] = Math.min(box[1], y);
    box[2] = Math.max(box[2], x);
    box[3] = Math.max(box[3], y);
  }
  return box;
}

// Which tile layers are needed for the parts that are switched on at this zoom.
function wanted(zoom) {
  const on = settings.parts.filter((part) => state.parts.has(part.key) && zoom >= part.from_zoom);
  return [...new Set(on.map((part) => part.tiles))].join(',');
}

export const TownTiles = L.GridLayer.extend({
  options: { tileSize: SIDE, updateWhenZooming: false, keepBuffer: 1, minZoom: 3, maxZoom: 20 },

  // Between whole zooms tiles are stretched; lines and signs keep their size on the screen.
  getEvents() {
    return { ...L.GridLayer.prototype.getEvents.call(this), zoomend: this.repaint };
  },

  createTile(coords, done) {
    const canvas = L.DomUtil.create('canvas');
    const ratio = Math.min(window.devicePixelRatio || 1, 2);
    canvas.width = SIDE * ratio;
    canvas.height = SIDE * ratio;
    canvas.stop = new AbortController();
    this._load(canvas, coords).then(() => done(null, canvas), (error) => done(error, canvas));
    return canvas;
  },

  async _load(canvas, coords) {
    const layers = wanted(coords.z);
    canvas.tile = layers ? await this._ask(layers, canvas, coords) : {};
    this._paint(canvas, coords.z);
  },

  async _ask(layers, canvas, { x, y, z }) {
    const shift = settings.datum === 'gcj02' ? '?datum=gcj02' : '';
    return read(await askBytes(`/tiles/${layers}/${z - 1}/${x}/${y}.mvt${shift}`, canvas.stop.signal));
  },

  _paint(canvas, zoom) {
    const pen = canvas.getContext('2d');
    pen.setTransform(1, 0, 0, 1, 0, 0);
    pen.clearRect(0, 0, canvas.width, canvas.height);
    const scale = canvas.width / EXTENT;
    pen.setTransform(scale, 0, 0, scale, 0, 0);
    const real = this._map ? this._map.getZoom() : zoom;
    paint(pen, canvas.tile, real, EXTENT / SIDE / 2 ** (real - zoom));
  },

  // Draw again what is here, by what is switched on and selected now.
  repaint() {
    for (const { el, coords } of Object.values(this._tiles ?? {})) {
      if (el.tile && coords.z === this._tileZoom) this._paint(el, coords.z);
    }
  },

  // Ask anew for what is here, in place: nothing blinks, and an unchanged tile costs a 304.
  reload() {
    for (const { el, coords } of Object.values(this._tiles ?? {})) {
      this._load(el, coords).then(() => this.fire('tileload', { tile: el, coords }), expected);
    }
  },

  // Ask anew for the cases alone, where `concerns` says so of a tile; all else stays as it is.
  async reloadCases(concerns) {
    if (!state.parts.has('cases')) return;
    const here = Object.values(this._tiles ?? {}).filter(({ el, coords }) => el.tile && coords.z === this._tileZoom && concerns(el.tile));
    await Promise.all(here.map(async ({ el, coords }) => {
      const { cases, cases_by_cell: counts } = await this._ask('cases', el, coords);
      Object.assign(el.tile, { cases, cases_by_cell: counts });
      this._paint(el, coords.z);
    }));
  },

  // The tiles now on screen: [{tile, coords}].
  present() {
    return Object.values(this._tiles ?? {})
      .filter(({ el, coords }) => el.tile && coords.z === this._tileZoom)
      .map(({ el, coords }) => ({ tile: el.tile, coords }));
  },

  // Where a place lies: its tile and the position in it, and how many units a pixel is.
  at(place) {
    if (!this._map) return null;
    const pixel = this._map.project(place, this._tileZoom).divideBy(SIDE);
    const [x, y] = [Math.floor(pixel.x), Math.floor(pixel.y)];
    const found = this.present().find(({ coords }) => coords.x === x && coords.y === y);
    if (!found) return null;
    const perPixel = EXTENT / SIDE / this._map.getZoomScale(this._map.getZoom(), this._tileZoom);
    return { tile: found.tile, x: (pixel.x - x) * EXTENT, y: (pixel.y - y) * EXTENT, perPixel };
  },
});

export function stopLoading(event) {
  event.tile.stop?.abort();
}
