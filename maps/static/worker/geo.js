// Measuring on the page itself, so that nobody has to be told where one stands. Places are
// { lon, lat } in WGS-84, lengths are metres; cells are GeoJSON MultiPolygons.

import { t } from '../page/words.js';

const M_PER_DEGREE = 111_320;

const flat = (lat) => Math.cos((lat * Math.PI) / 180) * M_PER_DEGREE;

export function metres(from, to) {
  return Math.hypot((to.lon - from.lon) * flat(from.lat), (to.lat - from.lat) * M_PER_DEGREE);
}

export function length(m) {
  if (m < 1000) return `${m < 100 ? Math.round(m) : Math.round(m / 10) * 10} ${t('page.unit.m')}`;
  return `${(m / 1000).toFixed(m < 10_000 ? 1 : 0)} ${t('page.unit.km')}`;
}

const rings = (geometry) => (geometry.type === 'Polygon' ? [geometry.coordinates] : geometry.coordinates).flat();

// By how often a line to the east crosses an edge.
export function holds(geometry, { lon, lat }) {
  let inside = false;
  for (const ring of rings(geometry)) {
    for (let at = 0, before = ring.length - 1; at < ring.length; before = at, at += 1) {
      const [[x1, y1], [x2, y2]] = [ring[at], ring[before]];
      if (y1 > lat !== y2 > lat && lon < ((x2 - x1) * (lat - y1)) / (y2 - y1) + x1) inside = !inside;
    }
  }
  return inside;
}

// How far the nearest edge is.
export function toEdge(geometry, { lon, lat }) {
  const wide = flat(lat);
  let least = Infinity;
  for (const ring of rings(geometry)) {
    for (let at = 1; at < ring.length; at += 1) least = Math.min(least, toLine(ring[at - 1], ring[at], { lon, lat, wide }));
  }
  return least;
}

function toLine(from, to, { lon, lat, wide }) {
  const [ax, ay] = [(from[0] - lon) * wide, (from[1] - lat) * M_PER_DEGREE];
  const [bx, by] = [(to[0] - lon) * wide, (to[1] - lat) * M_PER_DEGREE];
  const [dx, dy] = [bx - ax, by - ay];
  const along = dx || dy ? Math.min(1, Math.max(0, -(ax * dx + ay * dy) / (dx * dx + dy * dy))) : 0;
  return Math.hypot(ax + along * dx, ay + along * dy);
}

// Where a place lies among cells: in `cell` or none, `edge_m` from its boundary, and `near`, the
// others within `accuracy`, the nearest first.
export function whereabouts(cells, place, accuracy = 0) {
  const cell = cells.find((one) => holds(one.geometry, place)) ?? null;
  const near = cells.filter((one) => one !== cell)
    .map((one) => ({ cell: one, m: toEdge(one.geometry, place) }))
    .filter(({ m }) => m <= accuracy).sort((a, b) => a.m - b.m);
  return { cell, edge_m: cell ? toEdge(cell.geometry, place) : null, near };
}
