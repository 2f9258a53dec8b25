// Geometry of cells as the map needs it, in degrees: what lies where. Nothing here knows the page.

const HAIR = 1e-8; // degrees: a millimetre
export const SAME = 1e-9; // degrees: nearer are one place
const rings = ({ type, coordinates }) => (type === 'Polygon' ? coordinates : type === 'MultiPolygon' ? coordinates.flat() : []);

// All positions of an outline, one ring after the other.
export const outline = (geometry) => rings(geometry).flat();

// Every edge of an outline: `see(from, to)`.
export function edges(geometry, see) {
  for (const ring of rings(geometry)) for (let at = 1; at < ring.length; at += 1) see(ring[at - 1], ring[at]);
}

// The corners of an outline, each once.
export const corners = (geometry) => rings(geometry).flatMap((ring) => ring.slice(0, -1));

// Every position of a shape of any kind.
export function positions({ coordinates = [], geometries = [] }) {
  const found = geometries.flatMap(positions);
  const into = (branch) => (typeof branch[0] === 'number' ? found.push(branch) : branch.forEach(into));
  into(coordinates);
  return found;
}

// [west, south, east, north] of positions; null of none.
export function boxOf(places) {
  let box = null;
  for (const [lon, lat] of places) {
    box ??= [lon, lat, lon, lat];
    if (lon < box[0]) box[0] = lon;
    if (lat < box[1]) box[1] = lat;
    if (lon > box[2]) box[2] = lon;
    if (lat > box[3]) box[3] = lat;
  }
  return box;
}

export const meets = (one, other) => one[0] <= other[2] && other[0] <= one[2] && one[1] <= other[3] && other[1] <= one[3];

export function inside([lon, lat], geometry) {
  let odd = false;
  edges(geometry, ([x1, y1], [x2, y2]) => {
    if (y1 > lat !== y2 > lat && lon < ((x2 - x1) * (lat - y1)) / (y2 - y1) + x1) odd = !odd;
  });
  return odd;
}

export const same = (one, other) => Math.abs(one[0] - other[0]) < SAME && Math.abs(one[1] - other[1]) < SAME;

// Whether a place lies in one of some outlines, and not only on its border.
export const within = (place, geometries) => geometries.some((geometry) => inside(place, geometry) && !onBorder(place, geometry));

// As near as drawn lines come.
function onBorder(place, geometry) {
  let nearest = Infinity;
  edges(geometry, (from, to) => { nearest = Math.min(nearest, nearestOn(from, to, place)[2]); });
  return nearest < HAIR;
}

// The place of an edge that is nearest to a point, all in pixels or all in degrees: [x, y, how far].
export function nearestOn([x1, y1], [x2, y2], [x, y]) {
  const [dx, dy] = [x2 - x1, y2 - y1];
  const long = dx * dx + dy * dy;
  const share = long ? Math.min(1, Math.max(0, ((x - x1) * dx + (y - y1) * dy) / long)) : 0;
  const at = [x1 + share * dx, y1 + share * dy];
  return [...at, Math.hypot(at[0] - x, at[1] - y)];
}

// A place well inside: of the line through the middle of the largest part, the middle of its longest
// stretch inside, and how long that is, in degrees: { at, wide }.
export function middle(geometry) {
  const parts = geometry.type === 'Polygon' ? [geometry.coordinates] : geometry.coordinates;
  const [largest] = parts.map((part) => ({ part, box: boxOf(part[0]) })).sort((a, b) => extent(b.box) - extent(a.box));
  const [, south, , north] = largest.box;
  const stretches = [0.5, 0.35, 0.65].map((share) => longest(largest.part, south + share * (north - south)));
  return stretches.sort((a, b) => b.wide - a.wide)[0];
}

const extent = ([west, south, east, north]) => (east - west) * (north - south);

function longest(part, lat) {
  const across = [];
  edges({ type: 'Polygon', coordinates: part }, ([x1, y1], [x2, y2]) => {
    if (y1 > lat !== y2 > lat) across.push(((x2 - x1) * (lat - y1)) / (y2 - y1) + x1);
  });
  across.sort((a, b) => a - b);
  let best = { at: [across[0] ?? part[0][0][0], lat], wide: 0 };
  for (let at = 0; at + 1 < across.length; at += 2) {
    const wide = across[at + 1] - across[at];
    if (wide > best.wide) best = { at: [(across[at] + across[at + 1]) / 2, lat], wide };
  }
  return best;
}
