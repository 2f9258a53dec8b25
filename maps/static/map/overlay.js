// A canvas over the map that somebody draws on: `paint(pen, at)`, where `at(lon, lat)` is the pixel of
// a place in WGS-84; `below` the names and signs, or in a `pane` of its own at `level`. It moves and
// grows with the map, and is drawn anew when that rests.

import { onMap } from './datum.js';

const LEVEL = { washes: 320, lines: 420 }; // the names and signs of the map are at 350

export const Overlay = L.Renderer.extend({
  initialize(paint, { below = false, label = null, pane = below ? 'washes' : 'lines', level = LEVEL[pane] } = {}) {
    L.Renderer.prototype.initialize.call(this, { padding: 0.2, pane });
    Object.assign(this, { _paint: paint, _label: label, _level: level });
  },

  onAdd(map) {
    if (!map.getPane(this.options.pane)) {
      const pane = map.createPane(this.options.pane);
      pane.style.zIndex = this._level;
      pane.style.pointerEvents = 'none';
    }
    L.Renderer.prototype.onAdd.call(this, map);
  },

  _initContainer() {
    this._container = L.DomUtil.create('canvas', 'map-overlay');
    if (this._label) {
      this._container.setAttribute('role', 'img');
      this._container.setAttribute('aria-label', this._label);
    } else this._container.setAttribute('aria-hidden', 'true');
  },

  _destroyContainer() {
    cancelAnimationFrame(this._soon);
    L.DomUtil.remove(this._container);
    delete this._container;
  },

  _updatePaths() {},

  _update() {
    if (this._map._animatingZoom && this._bounds) return;
    L.Renderer.prototype._update.call(this);
    const size = this._bounds.getSize();
    this._ratio = Math.min(window.devicePixelRatio || 1, 2);
    L.DomUtil.setPosition(this._container, this._bounds.min);
    Object.assign(this._container, { width: size.x * this._ratio, height: size.y * this._ratio });
    Object.assign(this._container.style, { width: `${size.x}px`, height: `${size.y}px` });
    this._draw();
  },

  // Draw anew, once per frame however often it is asked for.
  redraw() {
    cancelAnimationFrame(this._soon);
    this._soon = requestAnimationFrame(() => this._map && this._draw());
    return this;
  },

  _draw() {
    const pen = this._container.getContext('2d');
    pen.setTransform(this._ratio, 0, 0, this._ratio, 0, 0);
    pen.clearRect(0, 0, this._container.width, this._container.height);
    const { x: left, y: top } = this._bounds.min;
    const at = (lon, lat) => {
      const { x, y } = this._map.latLngToLayerPoint(onMap(lon, lat));
      return [x - left, y - top];
    };
    pen.save();
    this._paint(pen, at);
    pen.restore();
  },
});

// A colour of the design system as it is now, light or dark.
export const ink = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
