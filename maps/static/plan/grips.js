// What a hand can take up of a cell's outline: its corners, and its edges, out of which a new corner
// is pulled. A grip is { kind: 'move_corner' | 'add_corner', from, ends }: where it is, and for an edge
// its two ends; what moves a grip elsewhere moves it in all cells that share it.

import { cellsIn } from './cells.js';
import { pixel } from './place.js';
import { SAME, boxOf, corners, edges, nearestOn, outline, same } from './shapes.js';
import { between } from './snap.js';

const HANDLE_PX = 36; // a shorter edge has no handle in its middle
const SURE = 0.6; // of how near hits: a corner so near is meant, and no edge beside it

// { corners: places, edges: [{ ends, middle }] }. Edges to the outside of the community stay as they
// are, so there is nothing to take up.
export function gripsOf({ geometry }) {
  const inner = [];
  const beside = cellsIn(boxOf(outline(geometry)));
  edges(geometry, (from, to) => {
    const middle = halfway(from, to);
    const sides = sharing(middle, beside);
    if (sides.length > 1 && new Set(sides.map(({ properties }) => properties.division_code)).size === 1) inner.push({ ends: [from, to], middle });
  });
  return { corners: corners(geometry), edges: inner };
}

const halfway = (from, to) => [0, 1].map((axis) => Number(((from[axis] + to[axis]) / 2).toFixed(10)));
const away = ([x1, y1], [x2, y2]) => Math.hypot(x1 - x2, y1 - y2);

// The edges that are long enough on the map to show a handle.
export const handles = ({ edges: inner }) => inner.filter(({ ends: [from, to] }) => away(pixel(from), pixel(to)) >= HANDLE_PX);

// The grip near a pixel: a corner, or the edge between two; a finger takes an edge by its handle only,
// since it also moves the map.
export function gripAt(grips, { pixel: spot, near, finger }) {
  const [corner] = nearest(grips.corners.map((from) => ({ kind: 'move_corner', from, ends: [], far: away(pixel(from), spot) })), near);
  if (corner && (finger || corner.far <= near * SURE)) return corner;
  const some = finger ? handles(grips).map(({ ends, middle }) => ({ ends, from: middle, far: away(pixel(middle), spot) })) : grips.edges.map(({ ends }) => onEdge(ends, spot));
  const [edge] = nearest(some, finger ? near : near * SURE);
  return edge ? { kind: 'add_corner', ...edge } : corner ?? null;
}

const nearest = (some, near) => some.filter(({ far }) => far <= near).sort((a, b) => a.far - b.far);

function onEdge(ends, spot) {
  const [a, b] = ends.map(pixel);
  const [x, y, far] = nearestOn(a, b, spot);
  return { ends, from: between(...ends, a, b, [x, y]), far };
}

// The cells whose outline goes through a place.
export function sharing(place, among = cellsIn(boxOf([place]))) {
  return among.filter(({ geometry }) => {
    let through = false;
    edges(geometry, (from, to) => { through ||= nearestOn(from, to, place)[2] < SAME; });
    return through;
  });
}

// An outline whose grip is elsewhere.
export function reshaped({ type, coordinates }, { from }, to) {
  const through = (branch) => (typeof branch[0][0] === 'number' ? ring(branch, from, to) : branch.map(through));
  return { type, coordinates: through(coordinates) };
}

function ring(places, from, to) {
  if (places.some((place) => same(place, from))) return places.map((place) => (same(place, from) ? to : place));
  return places.flatMap((place, n) => (n && nearestOn(places[n - 1], place, from)[2] < SAME ? [to, place] : [place]));
}
