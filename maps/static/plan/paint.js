// Painting buildings into a cell: by brush, by lasso, or one by one. While one paints, what the givers
// lose and the taker wins is told; when the hand is lifted it is one edit.

import { Overlay } from '../map/overlay.js';
import { Lost, expected } from '../page/ask.js';
import { make } from '../page/build.js';
import { onTheme } from '../page/theme.js';
import { count, t } from '../page/words.js';
import { bars, benchOf, button, byFinger, hint } from './bench.js';
import { cellAt } from './cells.js';
import { choose } from './choose.js';
import { edit } from './draft.js';
import { ground, map, zoomTo } from './place.js';
import { inside } from './shapes.js';
import { colour, short } from './sheet.js';
import { about, state } from './state.js';
import { mark, near, unitsAt, unitsKnown } from './units.js';
import { refusal } from './why.js';

const bench = benchOf('paint');
const HOWS = ['brush', 'lasso', 'one'];
const BRUSH_PX = 18;
let how = byFinger ? 'one' : 'brush'; // a finger moves the map, too
let painted = new Map(); // buildings by code, from the first touch until the server answered
let strangers = new Set(); // touched, but of another community
let loop = null; // the lasso, in degrees
let brush = null; // the pixel of the brush
let fault = null;
let overlay = null;

const target = () => [...state.chosen][0] ?? null;
const homeOf = (code) => about(code)?.division_code;

// Whether a building can go into the target.
function goes({ cell, code }) {
  if (!cell || cell === target()) return false;
  if (homeOf(cell) === homeOf(target())) return true;
  strangers.add(code);
  return false;
}

function touch(units) {
  for (const unit of units) if (!painted.has(unit.code) && goes(unit)) painted.set(unit.code, unit);
  mark(new Set(painted.keys()));
  card();
}

// Taker and givers as they would be.
function balance() {
  const change = new Map([[target(), 0]]);
  for (const { cell, households } of painted.values()) {
    change.set(cell, (change.get(cell) ?? 0) - households);
    change.set(target(), change.get(target()) + households);
  }
  return [...change].filter(([code]) => about(code)).map(([code, more]) => {
    const cell = about(code);
    return { ...cell, households: (cell.households ?? 0) + more, ...(more && { before: cell.households }) };
  });
}

function card() {
  const code = target();
  const chips = make('div', { class: 'chips', role: 'radiogroup', 'aria-label': t('plan.paint.how') }, HOWS.map((one) =>
    make('button', { type: 'button', class: 'chip', role: 'radio', 'data-do': one, 'aria-checked': String(how === one), onclick: () => { how = one; card(); } }, t(`plan.paint.${one}`))));
  if (!code || !about(code)) return bench(t('plan.paint.title'), hint(t('plan.paint.hint')));
  return bench(t('plan.paint.into', { name: about(code).name }), chips,
    near() ? [hint(t(`plan.paint.hint_${how}`)), byFinger && how !== 'one' ? hint(t('plan.paint.two_fingers')) : null] : [hint(t('plan.paint.far')), button('nearer', t('plan.paint.nearer'), () => { zoomTo([code]); card(); })],
    bars(balance()),
    painted.size ? make('p', { class: 'small num', text: t('plan.paint.painted', { n: count(painted.size), households: count([...painted.values()].reduce((sum, { households }) => sum + households, 0)) }) }) : null,
    strangers.size ? hint(t('plan.paint.strangers', { n: count(strangers.size) })) : null, fault,
    fault && painted.size ? button('again', t('page.do.again'), () => hand().catch(expected), { main: true, key: 'Enter' }) : null,
    button('other', t('plan.paint.other'), () => choose([])));
}

function clear() {
  painted = new Map();
  loop = brush = null;
  mark(new Set());
  overlay.redraw();
}

async function hand() {
  const units = [...painted.values()];
  const to = target();
  try {
    await edit({ kind: 'hand', units: units.map(({ code }) => code), to }, t('plan.did.hand', { n: count(units.length), cell: short(to) }));
  } catch (error) {
    fault = refusal(error);
    if (error instanceof Lost) return card(); // what is painted stays, to be handed again
  }
  clear();
  return card();
}

function begin(at) {
  fault = null;
  strangers = new Set();
  if (how === 'lasso') loop = [at.place];
  else sweep(at);
}

function sweep({ pixel, near: reach }) {
  brush = pixel;
  touch(unitsAt(pixel, Math.max(BRUSH_PX, reach * 0.75)));
  overlay.redraw();
}

export const paint = {
  name: 'paint',
  key: 'p',
  icon: ['m17 3-7.5 8', 'M9.5 11a3.2 3.2 0 0 0-4.3 1.6C4.5 14.4 4.8 16 2.5 17c3.4.6 6.8-.2 7.6-2.8A3 3 0 0 0 9.5 11'],
  draft: true,
  enter() {
    fault = null;
    strangers = new Set();
    overlay ??= new Overlay(draw);
    overlay.addTo(map);
    map.on('zoomend', card);
    if (state.chosen.size > 1) choose([target()]);
    card();
  },
  leave() {
    clear();
    map.off('zoomend', card);
    overlay.remove();
  },
  renew: () => card(),
  click(at) {
    const [unit] = target() ? unitsAt(at.pixel, at.near) : [];
    const code = cellAt(at.place);
    if (unit && unit.cell !== target() && !state.busy) {
      begin(at);
      touch([unit]);
      if (painted.size) hand().catch(expected);
    } else if (code && code !== target()) choose([code]);
  },
  grab(at) {
    if (!target() || how === 'one' || !near() || state.busy) return false;
    begin(at);
    return true;
  },
  drag(at) {
    if (how === 'brush') return sweep(at);
    loop.push(at.place);
    const within = { type: 'Polygon', coordinates: [[...loop, loop[0]]] };
    painted = new Map();
    touch(unitsKnown().filter(({ lon, lat }) => inside([lon, lat], within)));
    return overlay.redraw();
  },
  drop(at) {
    loop = brush = null;
    overlay.redraw();
    if (!at) {
      clear();
      return card();
    }
    if (painted.size) return hand().catch(expected);
    const code = cellAt(at.place); // nothing to paint there: another cell is meant
    if (code && code !== target()) choose([code]);
    return card();
  },
  unkept: () => painted.size > 0,
  keep: () => fault && painted.size && !state.busy && hand().catch(expected),
  cancel() {
    if (!painted.size || state.busy) return false;
    fault = null;
    clear();
    card();
    return true;
  },
};

function draw(pen, at) {
  Object.assign(pen, { strokeStyle: colour('accent'), fillStyle: colour('accent'), lineWidth: 2 });
  pen.beginPath();
  if (loop) loop.forEach((place, n) => pen[n ? 'lineTo' : 'moveTo'](...at(...place)));
  else if (brush) pen.arc(...at(...ground(brush)), BRUSH_PX, 0, 2 * Math.PI);
  pen.globalAlpha = 0.12;
  pen.fill();
  pen.globalAlpha = 1;
  pen.stroke();
}

onTheme(() => overlay?.redraw());
