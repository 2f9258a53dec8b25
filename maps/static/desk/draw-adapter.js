// terra-draw on our Leaflet map. The adapter it brings writes style sheets into the page, which our
// content policy refuses; here shapes have classes, and their looks are in draw.css.

import { TerraDrawExtend } from '../vendor/terra-draw/index.js';

const PRECISION = 9;
const QUARTER = 16; // of the 64 corners of a circle

export class Adapter extends TerraDrawExtend.TerraDrawBaseAdapter {
  constructor(map) {
    super({ coordinatePrecision: PRECISION });
    this.map = map;
    this.shown = new Map();
    this.round = new Set();
    if (!map.getPane('pen')) map.createPane('pen').style.zIndex = 450;
    this.renderer = L.svg({ pane: 'pen', padding: 0.5 });
    this.reach = window.matchMedia('(pointer: coarse)').matches ? 11 : 6;
  }

  getMapEventElement() {
    return this.map.getContainer();
  }

  getLngLatFromEvent(event) {
    const { containerX: x, containerY: y } = this.getMapElementXYPosition(event);
    return this.unproject(x, y);
  }

  project(lng, lat) {
    const { x, y } = this.map.latLngToContainerPoint([lat, lng]);
    return { x, y };
  }

  unproject(x, y) {
    const { lng, lat } = this.map.containerPointToLatLng([x, y]);
    return { lng, lat };
  }

  setCursor(cursor) {
    this.map.getContainer().style.cursor = cursor === 'unset' ? '' : cursor;
  }

  setDraggability(may) {
    this.map.dragging[may ? 'enable' : 'disable']();
  }

  setDoubleClickToZoom(may) {
    this.map.doubleClickZoom[may ? 'enable' : 'disable']();
  }

  render({ created, updated, deletedIds }) {
    for (const id of deletedIds) this.forget(id);
    for (const { id, properties } of created) if (properties.mode === 'circle') this.round.add(id);
    for (const feature of [...created, ...updated]) {
      this.forget(feature.id);
      const layer = this.layerOf(feature);
      if (layer) this.shown.set(feature.id, layer.addTo(this.map));
    }
  }

  layerOf({ geometry: { type, coordinates }, properties }) {
    const look = { renderer: this.renderer, pane: 'pen', interactive: false };
    const place = ([lng, lat]) => [lat, lng];
    if (properties.selectionPoint && this.isRound(properties) && properties.index % QUARTER) return null;
    if (type === 'Point') return L.circleMarker(place(coordinates), { ...look, radius: properties.midPoint ? this.reach * 0.7 : this.reach, className: properties.midPoint ? 'pen-middle' : 'pen-corner' });
    if (type === 'LineString') return L.polyline(coordinates.map(place), { ...look, className: 'pen-line' });
    return L.polygon(coordinates[0].map(place), { ...look, className: 'pen-area' });
  }

  // Of a circle's many corners four are enough to take hold of.
  isRound({ selectionPointFeatureId: of }) {
    return this.round.has(of);
  }

  forget(id) {
    this.shown.get(id)?.remove();
    this.shown.delete(id);
  }

  clear() {
    this._currentModeCallbacks?.onClear();
    for (const id of [...this.shown.keys()]) this.forget(id);
  }

  register(callbacks) {
    super.register(callbacks);
    this._currentModeCallbacks?.onReady?.();
  }
}
export * from '../vendor/terra-draw/index.js';
