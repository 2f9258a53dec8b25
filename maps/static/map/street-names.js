// Street names along the streets: once per street and tile, in the middle of the piece the tile
// holds, where that piece is long and straight enough to carry the name.

const SIZE = 11.5;
const ROOM = 1.35; // the piece must be so much longer than the name
const BEND = 0.93; // chord by arc: below, the street is too bent there

// Points of the piece → where the name stands and how it leans, in tile units; null if too short.
export function alongStreet(points, needed) {
  const steps = points.slice(1).map((point, at) => Math.hypot(point.x - points[at].x, point.y - points[at].y));
  const length = steps.reduce((sum, step) => sum + step, 0);
  if (length < needed * ROOM) return null;
  const a = pointAt(points, steps, (length - needed) / 2);
  const b = pointAt(points, steps, (length + needed) / 2);
  if (Math.hypot(b.x - a.x, b.y - a.y) < needed * BEND) return null;
  let lean = Math.atan2(b.y - a.y, b.x - a.x);
  if (lean > Math.PI / 2) lean -= Math.PI;
  if (lean <= -Math.PI / 2) lean += Math.PI;
  const middle = pointAt(points, steps, length / 2);
  return { x: middle.x, y: middle.y, lean };
}

function pointAt(points, steps, distance) {
  let left = distance;
  for (let at = 0; at < steps.length; at += 1) {
    if (left <= steps[at]) {
      const share = steps[at] ? left / steps[at] : 0;
      const [from, to] = [points[at], points[at + 1]];
      return { x: from.x + (to.x - from.x) * share, y: from.y + (to.y - from.y) * share };
    }
    left -= steps[at];
  }
  return points[points.length - 1];
}

// The names of a tile's streets that fit at this zoom; `unit` is tile units per pixel.
export function streetNames(features, zoom, unit) {
  const found = [];
  for (const { values, line } of features) {
    if (!line || !values.name || (values.rank || 1) > zoom - 14) continue;
    const wide = values.name.length * (SIZE + 1.5);
    const place = alongStreet(line, wide * unit);
    if (place) found.push({ ...place, text: values.name, size: SIZE, wide });
  }
  return found;
}
