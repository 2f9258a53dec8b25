// The picture: one canvas per tile, all parts on it, drawn from one vector tile by the studio.
//
// Why not a plug-in: the known ones for Leaflet draw one canvas per layer, know neither labels
// nor a retry, draw on the page's own thread, and the widest used one has not been mended since
// Leaflet 1.8.

import { askBytes, expected } from './ask.js';
import { EXTENT } from './decode.js';
import { lookNow } from './look.js';
import { ask, hang } from './painter.js';
import { settings, state } from './state.js';
import { turn } from './turn.js';

const AGAIN_S = [2, 5, 10, 30];
const SIDE = 512; // CSS pixels of a tile; so a tile's z is one less than the map's
let made = 0;

// A page that is enlarged, or moved to another screen, has other pixels. Returns how to stop.
function watchRatio(changed) {
  let ratio = window.devicePixelRatio;
  let media;
  const look = () => {
    media?.removeEventListener('change', look);
    media = window.matchMedia(`(resolution: ${window.devicePixelRatio}dppx)`);
    media.addEventListener('change', look);
    if (ratio === window.devicePixelRatio) return;
    ratio = window.devicePixelRatio;
    changed();
  };
  look();
  window.addEventListener('resize', look);
  return () => {
    window.removeEventListener('resize', look);
    media.removeEventListener('change', look);
  };
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

  onAdd(map) {
    ask('look', lookNow());
    this._missed = () => this._askAgain();
    window.addEventListener('online', this._missed);
    this._watch = watchRatio(() => {
      this.repaint();
      this.fire('sharpness');
    });
    return L.GridLayer.prototype.onAdd.call(this, map);
  },

  onRemove(map) {
    window.removeEventListener('online', this._missed);
    clearTimeout(this._soon);
    this._soon = null;
    this._watch();
    return L.GridLayer.prototype.onRemove.call(this, map);
  },

  createTile(coords, done) {
    const canvas = L.DomUtil.create('canvas');
    made += 1;
    Object.assign(canvas, { key: made, stop: new AbortController() });
    turn().then(() => canvas.stop.signal.throwIfAborted()).then(() => this._load(canvas, coords))
      .then(() => done(null, canvas), (error) => {
        this._miss(canvas, error);
        done(error, canvas);
      });
    return canvas;
  },

  // A tile that the network or the server kept from us is asked for again, ever more rarely while
  // nothing comes, and at once when the network is back.
  _miss(canvas, error) {
    if (canvas.stop.signal.aborted || (error.status && error.status < 500 && error.status !== 429)) return;
    canvas.missed = true;
    if (this._soon || !this._map) return;
    this._tried = (this._tried ?? -1) + 1;
    this._soon = setTimeout(() => this._askAgain(), AGAIN_S[Math.min(this._tried, AGAIN_S.length - 1)] * 1000);
  },

  _askAgain() {
    clearTimeout(this._soon);
    this._soon = null;
    for (const { el, coords } of Object.values(this._tiles ?? {})) if (el.missed) this._renew(el, coords);
  },

  _renew(canvas, coords) {
    this._load(canvas, coords).then(() => {
      if (canvas.missed) this._tried = -1;
      canvas.missed = false;
      L.DomUtil.addClass(canvas, 'leaflet-tile-loaded'); // Leaflet hides what did not come the first time
      this.fire('tileload', { tile: canvas, coords });
    }, (error) => {
      if (canvas.missed) this._miss(canvas, error);
      expected(error);
    });
  },

  async _load(canvas, coords) {
    const layers = wanted(coords.z);
    canvas.asked = (canvas.asked ?? 0) + 1;
    canvas.behind = false;
    const mine = canvas.asked;
    const bytes = layers ? await this._ask(layers, canvas, coords) : null;
    if (mine < canvas.newest) return; // a later answer was faster
    canvas.newest = mine;
    if (!canvas.hung) hang(canvas, canvas.key);
    canvas.hung = true;
    const taken = ask('take', { key: canvas.key, bytes }, bytes ? [bytes] : []);
    canvas.taken = true;
    await Promise.all([taken, this._paint(canvas, coords.z)]);
    if (canvas.behind) await this._mend(canvas, coords);
  },

  // The cases of a tile anew; all else stays as it is.
  async _mend(canvas, coords) {
    const bytes = await this._ask('cases', canvas, coords);
    await Promise.all([ask('mend', { key: canvas.key, bytes }, [bytes]), this._paint(canvas, coords.z)]);
    this.fire('tileload', { tile: canvas, coords });
  },

  async _ask(layers, canvas, { x, y, z }) {
    const shift = settings.datum === 'gcj02' ? '?datum=gcj02' : '';
    return askBytes(`/tiles/${layers}/${z - 1}/${x}/${y}.mvt${shift}`, canvas.stop.signal);
  },

  // One picture of a tile is made at a time; who asks meanwhile gets the next.
  async _paint(canvas, zoom) {
    if (canvas.painting) {
      canvas.again = true;
      return;
    }
    canvas.painting = true;
    const real = this._map ? this._map.getZoom() : zoom;
    const pixels = SIDE * Math.min(window.devicePixelRatio || 1, 2);
    try {
      await ask('paint', { key: canvas.key, pixels, zoom: real, unit: EXTENT / SIDE / 2 ** (real - zoom) });
    } finally {
      canvas.painting = false;
    }
    if (canvas.stop.signal.aborted || !canvas.again) return;
    canvas.again = false;
    await this._paint(canvas, zoom);
  },

  // Draw again what is here, by what is switched on and selected now.
  repaint() {
    ask('look', lookNow());
    for (const { canvas, coords } of this.present()) this._paint(canvas, coords.z);
  },

  // Ask anew for what is here, in place: nothing blinks, and an unchanged one without cases costs a 304.
  reload() {
    for (const { el, coords } of Object.values(this._tiles ?? {})) this._renew(el, coords);
  },

  // Ask anew for the cases alone, where a move of these `files`, or a case in these `cells`,
  // concerns a tile; one that is on its way may hold what was before.
  async reloadCases({ all, files, cells }) {
    if (!state.parts.has('cases')) return;
    const here = this.present();
    for (const { el } of Object.values(this._tiles ?? {})) el.behind = !el.taken;
    const keys = here.map(({ key }) => key);
    const meant = new Set(all ? keys : await ask('concerned', { keys, files, cells }));
    await Promise.all(here.filter(({ key }) => meant.has(key)).map(({ canvas, coords }) => turn().then(() => this._mend(canvas, coords))));
  },

  // The tiles now on screen.
  present() {
    return Object.values(this._tiles ?? {})
      .filter(({ el, coords }) => el.taken && coords.z === this._tileZoom)
      .map(({ el, coords }) => ({ key: el.key, canvas: el, coords }));
  },

  // Whether a part of the view stays empty, because network or server keep a tile from us.
  blank() {
    if (!this._map) return false;
    const { left, top, right, bottom } = this._map.getContainer().getBoundingClientRect();
    return Object.values(this._tiles ?? {}).some(({ el, coords }) => {
      if (!el.missed || el.taken || coords.z !== this._tileZoom) return false;
      const box = el.getBoundingClientRect();
      return box.left < right && box.right > left && box.top < bottom && box.bottom > top;
    });
  },

  // What lies at a place, signs within `reach` pixels of their middle: { near, cell }, or null;
  // `street`: the name of the nearest one within so many pixels, too.
  async find(place, reach, { street = 0 } = {}) {
    if (!this._map) return null;
    const zoom = this._map.getZoom();
    const pixel = this._map.project(place, this._tileZoom).divideBy(SIDE);
    const [x, y] = [Math.floor(pixel.x), Math.floor(pixel.y)];
    const found = this.present().find(({ coords }) => coords.x === x && coords.y === y);
    if (!found) return null;
    const perPixel = EXTENT / SIDE / this._map.getZoomScale(zoom, this._tileZoom);
    const world = this._map.project(place, zoom);
    return ask('find', { key: found.key, x: (pixel.x - x) * EXTENT, y: (pixel.y - y) * EXTENT, perPixel, reach, street, zoom, px: world.x, py: world.y });
  },
});

// A tile that is gone is not waited for, and not kept.
export function stopLoading({ tile }) {
  tile.stop?.abort();
  ask('drop', { key: tile.key });
}
