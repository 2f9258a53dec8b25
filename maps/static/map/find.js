// What lies at a position of a tile: a sign nearby, and the cell.

import { crowdRadius, surface } from './glyphs.js';

let probe;

// `spot` is { x, y, perPixel, reach, zoom, px, py }: the position in the tile and in pixels of the
// world; signs count within `reach` pixels of their middle.
export function beneath(tile, spot, look, crowds) {
  const near = (look.grouped && crowd(spot, look, crowds)) || nearest(tile, spot, look);
  return { near, cell: look.parts.has('cells') ? cellAt(tile, spot) : null, street: streetAt(tile, spot) };
}

// The name of the nearest street, at most `street` pixels away.
function streetAt(tile, { x, y, perPixel, street }) {
  let best = null;
  for (const { line, values } of (street && tile.base) || []) {
    if (values.kind !== 'road' || !values.name || !line) continue;
    for (let at = 1; at < line.length; at += 1) {
      const away = distance({ x, y }, line[at - 1], line[at]) / perPixel;
      if (away <= street && away < (best?.away ?? Infinity)) best = { away, name: values.name };
    }
  }
  return best?.name ?? null;
}

function distance({ x, y }, a, b) {
  const [dx, dy] = [b.x - a.x, b.y - a.y];
  const share = Math.max(0, Math.min(1, ((x - a.x) * dx + (y - a.y) * dy) / (dx * dx + dy * dy || 1)));
  return Math.hypot(x - a.x - share * dx, y - a.y - share * dy);
}

function crowd({ px, py, zoom }, look, { zoom: of, groups }) {
  if (of !== zoom || !look.parts.has('cases')) return null;
  let best = null;
  for (const { x, y, n, word, values, codes, box } of groups) {
    const away = Math.hypot(x - px, y - py);
    if (away <= (n > 1 ? crowdRadius(n) : 11) + 3 && (!best || away < best.away)) best = { away, kind: 'cases', n, word, values, codes, box };
  }
  return best;
}

function nearest(tile, { x, y, perPixel, reach }, look) {
  if (!reach) return null;
  let best = null;
  for (const [kind, word] of [['cases', 'state'], ['facilities', 'category']]) {
    if (!look.parts.has(kind) || (kind === 'cases' && look.grouped)) continue;
    for (const sign of tile[kind] ?? []) {
      if (!look.shown[kind].has(sign.values[word])) continue;
      const away = Math.hypot(sign.x - x, sign.y - y) / perPixel;
      const nearer = !best || away < best.away || (away === best.away && kind === best.kind); // the one on top
      if (away <= reach && nearer) best = { away, kind, n: 1, word: sign.values[word], values: sign.values, cell: cellAt(tile, sign) };
    }
  }
  return best;
}

// Of cells that overlap at a place the first by code.
function cellAt(tile, { x, y }) {
  probe ??= surface(1, 1).getContext('2d');
  const inside = (tile.cells ?? []).filter(({ path, span }) =>
    x >= span[0] && y >= span[1] && x <= span[2] && y <= span[3] && probe.isPointInPath(path, x, y, 'evenodd'));
  return inside.map(({ values }) => values).sort((a, b) => (a.code < b.code ? -1 : 1))[0] ?? null;
}
