// Where the picture is made: it keeps the decoded tiles, paints them, writes the names over them and
// knows what lies at a place. It knows no page: it works beside it (worker.js) where the browser can,
// else on it (painter.js). Every act takes and gives plain values, but for the canvases it is handed.

import { read } from './decode.js';
import { beneath } from './find.js';
import { overlay } from './naming.js';
import { paint } from './paint.js';

const EXTENT = 4096;
const tiles = new Map();
const sheets = new Map(); // the canvases of tiles and names
let look = null;
let crowds = { zoom: null, groups: [] }; // the groups of cases that were drawn last

export const studio = {
  look(told) {
    look = told;
  },

  hang({ key, sheet }) {
    sheets.set(key, sheet);
  },

  take({ key, bytes }) {
    tiles.set(key, bytes ? read(bytes) : {});
  },

  // The cases of a tile anew; all else stays as it is.
  mend({ key, bytes }) {
    const { cases, cases_by_cell: counts } = read(bytes);
    if (tiles.has(key)) Object.assign(tiles.get(key), { cases, cases_by_cell: counts });
  },

  drop({ key }) {
    tiles.delete(key);
    sheets.delete(key);
  },

  paint({ key, pixels, zoom, unit }) {
    const canvas = sheets.get(key);
    if (!canvas) return; // gone meanwhile
    canvas.width = pixels;
    canvas.height = pixels;
    const pen = canvas.getContext('2d', { alpha: !look.under });
    if (look.under) {
      pen.fillStyle = look.under;
      pen.fillRect(0, 0, pixels, pixels);
    }
    pen.scale(pixels / EXTENT, pixels / EXTENT);
    paint(pen, tiles.get(key) ?? {}, look, { zoom, unit });
  },

  // Names, and where cases are grouped their signs, over the whole view.
  names(view) {
    const canvas = sheets.get(view.key);
    canvas.width = view.wide * view.ratio;
    canvas.height = view.high * view.ratio;
    const pen = canvas.getContext('2d');
    pen.scale(view.ratio, view.ratio);
    const present = view.tiles.map((spot) => ({ ...spot, tile: tiles.get(spot.key) })).filter(({ tile }) => tile);
    const groups = overlay(pen, present, view, look);
    crowds = { zoom: view.zoom, groups: groups.map((group) => ({ ...group, x: group.x + view.left, y: group.y + view.top })) };
  },

  // What lies at a position: { near: the sign there, cell }.
  find(spot) {
    const tile = tiles.get(spot.key);
    return tile ? beneath(tile, spot, look, crowds) : null;
  },

  // Of some tiles those that a move of these cases, or a case in these cells, concerns. A tile
  // without cells cannot say.
  concerned({ keys, files, cells }) {
    return keys.filter((key) => {
      const { cases = [], cells: ground } = tiles.get(key) ?? {};
      return !ground || cases.some(({ values }) => files.has(values.code)) || ground.some(({ values }) => cells.has(values.code));
    });
  },
};
