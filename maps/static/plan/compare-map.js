// The comparison on the map: the ground that changes hands, and the other plan at the left of a divider.

import { Overlay } from '../map/overlay.js';
import { onTheme } from '../page/theme.js';
import { t } from '../page/words.js';
import { swipe } from './compare-swipe.js';
import { hideOther, showOther } from './other.js';
import { map, pixel } from './place.js';
import { Sheet, colour } from './sheet.js';
import { state } from './state.js';

let overlay = null;
let ground = null;
let stop = null;

// `handed` is a collection of ground that goes from one cell to another; null takes it off.
export function showHanded(handed) {
  const features = (handed?.features ?? []).map((one, at) => ({ type: 'Feature', geometry: polygons(one.geometry), properties: { code: `${at}` } })).filter(({ geometry }) => geometry.coordinates.length);
  ground = features.length ? new Sheet(features) : null;
  if (!overlay && !ground) return;
  overlay ??= new Overlay(paint, { pane: 'handed', level: 336 }).addTo(map);
  overlay.redraw();
}

// Where two cells meet there may be lines and points besides ground.
const polygons = (geometry) => ({ type: 'MultiPolygon', coordinates: parts(geometry) });
const parts = ({ type, coordinates, geometries = [] }) => (type === 'Polygon' ? [coordinates] : type === 'MultiPolygon' ? coordinates : geometries.flatMap(parts));

onTheme(() => overlay?.redraw());

function paint(pen, at) {
  ground?.within(pen, at, (px) => {
    Object.assign(pen, { fillStyle: colour('accent'), strokeStyle: colour('accent'), lineWidth: 1.5 * px });
    for (const { path } of ground.inView()) {
      pen.globalAlpha = 0.2;
      pen.fill(path, 'evenodd');
      pen.globalAlpha = 0.9;
      pen.stroke(path);
    }
  });
}

// `cells` are those of the plan that is not open; the old plan is at the left, the new one at the right.
export function beside(cells, { old, now, opened, label }) {
  notBeside();
  showOther(cells, { label: opened === old ? now : old });
  const sides = [map.getPane('other'), map.getPane('cells')];
  const [left, right] = opened === old ? sides.reverse() : sides;
  const [west, south, east, north] = state.plan.bounds;
  const share = pixel([(west + east) / 2, (south + north) / 2])[0] / map.getSize().x;
  stop = swipe(map, { left, right, label, share, names: [t('plan_panels.compare.old', { name: old }), t('plan_panels.compare.new', { name: now })] });
}

export function notBeside() {
  stop?.();
  stop = null;
  hideOther();
}
