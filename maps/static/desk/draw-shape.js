// What is asked about: one shape at a time, and those before it, for undo.
//
// A shape is told as POST /desk/inside takes it, in WGS-84: one of { shape }, { circle }, { road },
// { area }, or { cells, divisions }.

import { t } from '../page/words.js';

let settled = null; // the last one that was finished
let now = null; // it, or what is being dragged
let before = [];
const names = new Map(); // what picked cells, divisions and areas are called
const listeners = [];

const tell = (moving = false) => listeners.forEach((listener) => listener(now, { moving }));

export const shape = {
  get asked() { return now; },
  get canUndo() { return before.length > 0; },

  // `moving` while a corner is dragged: told at once, kept only when it is let go.
  put(asked, { moving = false } = {}) {
    now = asked;
    if (!moving) {
      before.push(settled);
      settled = asked;
    }
    tell(moving);
  },

  undo() {
    if (!before.length) return;
    now = settled = before.pop();
    tell();
  },

  clear() {
    if (settled) this.put(null);
  },

  onChange(listener) {
    listeners.push(listener);
  },
};

// Of what a shape is, in words: the way it was made, or what was picked.
export function described({ shape: drawn, circle, road, area, cells = [], divisions = [] }) {
  if (drawn) return t('desk_area.draw.is_polygon');
  if (circle) return t('desk_area.draw.is_circle', { n: circle.radius_m });
  if (road) return t(road.name ? 'desk_area.draw.is_road' : 'desk_area.draw.is_line', { name: road.name, n: road.width_m });
  if (area) return t('desk_area.draw.is_area', { name: called(area) });
  return [...divisions, ...cells].map(called).join(t('desk_area.draw.and'));
}

export const called = (code) => names.get(code) ?? `${code}`;
export const call = (code, name) => names.set(code, name);

// Picks one more cell or division, or lets it go; `only` forgets all others.
export function pick(kind, code, { only = false } = {}) {
  const held = { cells: now?.cells ?? [], divisions: now?.divisions ?? [] };
  const others = held[kind].filter((one) => one !== code);
  const isHeld = others.length < held[kind].length;
  const next = only ? { cells: [], divisions: [], [kind]: [code] } : { ...held, [kind]: isHeld ? others : [...others, code] };
  shape.put(next.cells.length || next.divisions.length ? next : null);
}
