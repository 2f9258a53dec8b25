// The names over the picture, as a layer of the map: a canvas over the view and a little more, so
// that there are names while one pans. There are two: the studio writes on the one that lies away,
// and then they change places, so that the page itself moves no picture.

import { ask, hang } from './painter.js';

const SIDE = 512;
const MARGIN = 192;
const AWAY = L.point(-99_999, 0);
let made = 0;

export const Names = L.Layer.extend({
  initialize(tiles) {
    this._source = tiles;
  },

  onAdd(map) {
    [this._shown, this._behind] = [this._sheet(), this._sheet()];
    this._later = L.Util.throttle(this.draw, 120, this);
    this._soon = L.Util.throttle(this.draw, 400, this);
    map.on('moveend zoomend resize', this.draw, this);
    map.on('move', this._follow, this);
    this._source.on('tileload', this._later, this).on('sharpness', this.draw, this);
  },

  _sheet() {
    const canvas = L.DomUtil.create('canvas', 'leaflet-zoom-hide', this._map.getPane('names'));
    canvas.setAttribute('aria-hidden', 'true');
    made += 1;
    canvas.key = `names ${made}`;
    hang(canvas, canvas.key);
    L.DomUtil.setPosition(canvas, AWAY);
    return canvas;
  },

  // While one pans, once the names that are there no longer reach over the view.
  _follow() {
    if (!this._corner) return;
    const { x, y } = this._map.containerPointToLayerPoint([-MARGIN, -MARGIN]).subtract(this._corner);
    if (Math.max(Math.abs(x), Math.abs(y)) > MARGIN) this._soon();
  },

  // One picture is made at a time; who asks meanwhile gets the next.
  async draw() {
    if (!this._map?._loaded) return;
    if (this._drawing) {
      this._again = true;
      return;
    }
    this._drawing = true;
    const view = this._view();
    const corner = this._map.containerPointToLayerPoint([-MARGIN, -MARGIN]);
    try {
      await ask('names', { key: this._behind.key, ...view });
      await new Promise((done) => { requestAnimationFrame(done); }); // by then it is written
      if (this._map?.getZoom() === view.zoom) this._change(view, corner);
    } finally {
      this._drawing = false;
    }
    if (!this._again) return;
    this._again = false;
    this.draw();
  },

  _change({ wide, high }, corner) {
    [this._shown, this._behind] = [this._behind, this._shown];
    this._corner = corner;
    L.DomUtil.setPosition(this._shown, corner);
    L.DomUtil.setPosition(this._behind, AWAY);
    Object.assign(this._shown.style, { width: `${wide}px`, height: `${high}px` });
    L.DomUtil.addClass(this._shown, 'names');
    L.DomUtil.removeClass(this._behind, 'names');
  },

  _view() {
    const [map, { x, y }] = [this._map, this._map.getSize()];
    const [zoom, { min }] = [map.getZoom(), map.getPixelBounds()];
    const [left, top] = [min.x - MARGIN, min.y - MARGIN];
    const tiles = this._source.present().map(({ key, coords }) => {
      const scale = map.getZoomScale(zoom, coords.z);
      return { key, z: coords.z, x: coords.x * SIDE * scale - left, y: coords.y * SIDE * scale - top, perUnit: (SIDE / 4096) * scale };
    });
    const ratio = Math.min(window.devicePixelRatio || 1, 2);
    return { tiles, zoom, left, top, wide: x + 2 * MARGIN, high: y + 2 * MARGIN, ratio };
  },
});
