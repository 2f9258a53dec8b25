// Where the pointer meant to be: on a corner, or else on a border, of a cell that is near.

import { cellsIn } from './cells.js';
import { around, pixel } from './place.js';
import { edges, nearestOn } from './shapes.js';

// The nearest corner within `near` pixels, else the nearest place on a border within half of that,
// else the place itself: { place, on: 'corner' | 'border' | null }. `skip([lon, lat])` are corners
// that do not count, `past(from, to)` edges.
export function snapped({ place, pixel: spot, near }, { skip = () => false, past = () => false } = {}) {
  const corner = { far: near, place: null };
  const border = { far: near / 2, place: null };
  for (const [from, to] of edgesNear(spot, near)) {
    const [a, b] = [pixel(from), pixel(to)];
    const far = Math.hypot(a[0] - spot[0], a[1] - spot[1]);
    if (far < corner.far && !skip(from)) Object.assign(corner, { far, place: from });
    const [x, y, off] = nearestOn(a, b, spot);
    if (off < border.far && !past(from, to)) Object.assign(border, { far: off, place: between(from, to, a, b, [x, y]) });
  }
  if (corner.place) return { place: corner.place, on: 'corner' };
  return border.place ? { place: border.place, on: 'border' } : { place, on: null };
}

// On the very line, not on the pixel that is nearest to it.
export function between(from, to, a, b, spot) {
  const whole = Math.hypot(b[0] - a[0], b[1] - a[1]);
  const share = whole ? Math.hypot(spot[0] - a[0], spot[1] - a[1]) / whole : 0;
  return [0, 1].map((axis) => Number((from[axis] + share * (to[axis] - from[axis])).toFixed(10)));
}

// Edges of cells that pass within so many pixels.
function edgesNear(spot, near) {
  const box = around(spot, near);
  const [west, south, east, north] = box;
  const found = [];
  for (const { geometry } of cellsIn(box)) {
    edges(geometry, (from, to) => {
      if (Math.max(from[0], to[0]) < west || Math.min(from[0], to[0]) > east) return;
      if (Math.max(from[1], to[1]) < south || Math.min(from[1], to[1]) > north) return;
      found.push([from, to]);
    });
  }
  return found;
}
