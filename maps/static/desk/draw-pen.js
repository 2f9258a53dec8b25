// The pen: draws a polygon, a circle or a line on the map, and moves its corners afterwards.
// terra-draw does the drawing and is fetched when the pen is first taken up.

import { map, onGround, onMap, takeClicks } from './place.js';

const CORNERS = 64;
const METRES_PER_DEGREE = 111_319.49;
const GEOMETRY = { polygon: 'shape', circle: 'circle', linestring: 'road' };
const hears = { done() {}, moving() {} };
let loading = null;
let terra = null;
let held = null; // gives the map's clicks back
let quiet = false; // while we change shapes ourselves
let turn = 0; // whoever waited for terra-draw and was overtaken meanwhile lets it be

async function load() {
  const { Adapter, TerraDraw, TerraDrawCircleMode, TerraDrawLineStringMode, TerraDrawModeUndoRedo, TerraDrawPolygonMode, TerraDrawSelectMode } = await import('./draw-adapter.js');
  const corners = { midpoints: true, draggable: true, deletable: true };
  terra = new TerraDraw({
    adapter: new Adapter(map),
    undoRedo: { modeLevel: new TerraDrawModeUndoRedo() },
    modes: [
      new TerraDrawPolygonMode({ pointerDistance: 20 }),
      new TerraDrawCircleMode({ drawInteraction: 'click-move-or-drag' }),
      new TerraDrawLineStringMode({ pointerDistance: 20 }),
      new TerraDrawSelectMode({
        pointerDistance: 24,
        keyEvents: { deselect: null, delete: 'Delete', rotate: null, scale: null },
        allowManualDeselection: false,
        flags: {
          polygon: { feature: { draggable: true, coordinates: corners } },
          linestring: { feature: { draggable: true, coordinates: corners } },
          circle: { feature: { draggable: true, coordinates: { resizable: 'center-fixed' } } },
        },
      }),
    ],
  });
  terra.start();
  terra.on('finish', finished);
  terra.on('change', changing);
  return terra;
}

// Whether terra-draw is there and still wanted for what it was asked for.
async function ready() {
  turn += 1;
  const mine = turn;
  loading ??= load().catch((error) => {
    loading = null; // asked for again the next time
    throw error;
  });
  await loading;
  return mine === turn;
}

function finished(id) {
  const feature = terra.getSnapshotFeature(id);
  if (!feature || quiet) return;
  const told = toAsk(feature);
  if (terra.getMode() !== 'select') setTimeout(() => hold(id)); // terra-draw is still busy with it
  hears.done(told);
}

function changing(ids, type) {
  if (quiet || type !== 'update') return;
  const moved = ids.map((id) => terra.hasFeature(id) && terra.getSnapshotFeature(id)).find((one) => one && GEOMETRY[one.properties.mode] && one.geometry.type !== 'Point');
  if (!moved || (terra.getMode() !== 'select' && moved.properties.mode !== 'circle')) return;
  hears.moving(toAsk(moved));
}

// The shape can be changed: its corners are shown. What was drawn before goes; the other parts of a
// shape stay, and are held once they are pressed.
function hold(id, { parts = false } = {}) {
  if (!terra.hasFeature(id)) return;
  quietly(() => {
    if (!parts) terra.removeFeatures(shapes().filter((one) => one !== id));
    terra.setMode('select');
    terra.selectFeature(id);
  });
}

const shapes = () => terra.getSnapshot().filter(({ geometry, properties }) => geometry.type !== 'Point' && GEOMETRY[properties.mode]).map(({ id }) => id);

function quietly(act) {
  quiet = true;
  try {
    act();
  } finally {
    quiet = false;
  }
}

export const pen = {
  onDone(listener) { hears.done = listener; },
  onMoving(listener) { hears.moving = listener; },
  get busy() { return terra?.getModeState() === 'drawing'; },

  // Take it up for a polygon, circle or linestring.
  async take(mode) {
    if (!(await ready())) return;
    held ??= takeClicks(() => {});
    quietly(() => {
      terra.setMode('static');
      terra.clear();
      terra.setMode(mode);
    });
  },

  // Show what is asked about, to be changed; nothing for what was picked or is kept by name.
  async show(asked) {
    if (!terra && !asked?.shape && !asked?.circle && !asked?.road?.line) return;
    if (!(await ready())) return;
    const features = fromAsk(asked);
    quietly(() => {
      terra.setMode('static');
      terra.clear();
      terra.addFeatures(features);
    });
    if (!features.length) return;
    held ??= takeClicks(() => {});
    hold(shapes()[0], { parts: true });
  },

  // The last corner that was set is taken back.
  back() {
    if (!this.busy || !terra.canUndo()) return false;
    return terra.undo();
  },

  // What is half drawn is given up.
  cancel() {
    if (!this.busy) return false;
    const mode = terra.getMode();
    quietly(() => {
      terra.setMode('static');
      terra.clear();
      terra.setMode(mode);
    });
    return true;
  },

  drop() {
    turn += 1;
    held?.();
    held = null;
    if (!terra) return;
    quietly(() => {
      terra.setMode('static');
      terra.clear();
    });
  },
};

// terra-draw's shapes, in the map's datum ⇄ what the server is asked, in WGS-84.

const ground = ([lng, lat]) => onGround({ lng, lat }).map((one) => Number(one.toFixed(7)));
const onScreen = ([lon, lat]) => {
  const place = onMap(lon, lat);
  return [Number(place.lng.toFixed(9)), Number(place.lat.toFixed(9))];
};

function toAsk({ geometry, properties: { mode } }) {
  const parts = mode === 'polygon' && terra.getMode() === 'select' ? shapes().map((id) => terra.getSnapshotFeature(id).geometry.coordinates) : [];
  if (parts.length > 1) return { shape: { type: 'MultiPolygon', coordinates: parts.map((rings) => rings.map((ring) => ring.map(ground))) } };
  if (mode === 'linestring') return { road: { line: { type: 'LineString', coordinates: geometry.coordinates.map(ground) } } };
  if (mode === 'polygon') return { shape: { type: 'Polygon', coordinates: geometry.coordinates.map((ring) => ring.map(ground)) } };
  const ring = geometry.coordinates[0].slice(1);
  const middle = [0, 1].map((axis) => ring.reduce((sum, corner) => sum + corner[axis], 0) / ring.length);
  const [lon, lat] = ground(middle);
  const radius = map.distance([middle[1], middle[0]], [ring[0][1], ring[0][0]]);
  return { circle: { lon, lat, radius_m: Math.max(1, Math.round(radius)) } };
}

function fromAsk(asked) {
  const feature = (mode, type, coordinates, more = {}) => ({ type: 'Feature', geometry: { type, coordinates }, properties: { mode, ...more } });
  const { shape, road, circle } = asked ?? {};
  const polygons = { Polygon: [shape?.coordinates], MultiPolygon: shape?.coordinates }[shape?.type] ?? [];
  if (road?.line) return [feature('linestring', 'LineString', road.line.coordinates.map(onScreen))];
  if (circle) return [feature('circle', 'Polygon', [ringOf(circle).map(onScreen)], { radiusKilometers: circle.radius_m / 1000 })];
  return polygons.map((rings) => feature('polygon', 'Polygon', rings.map((ring) => ring.map(onScreen))));
}

function ringOf({ lon, lat, radius_m: radius }) {
  const ring = Array.from({ length: CORNERS }, (_, at) => {
    const turn = (2 * Math.PI * at) / CORNERS;
    return [lon + (radius * Math.cos(turn)) / (METRES_PER_DEGREE * Math.cos((lat * Math.PI) / 180)), lat + (radius * Math.sin(turn)) / METRES_PER_DEGREE];
  });
  return [...ring, ring[0]];
}
