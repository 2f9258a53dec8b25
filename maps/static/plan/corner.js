// Dragging the border of a cell: a corner, or a new one pulled out of an edge; a corner is also taken
// away. Every cell that shares it follows, and while it is dragged the households are counted from the
// buildings that each outline holds.

import { Overlay } from '../map/overlay.js';
import { Lost, expected } from '../page/ask.js';
import { make } from '../page/build.js';
import { onTheme } from '../page/theme.js';
import { t } from '../page/words.js';
import { bars, benchOf, button, hint, keysHint } from './bench.js';
import { chooseAt } from './choose.js';
import { edit } from './draft.js';
import { gripAt, gripsOf, handles, reshaped, sharing } from './grips.js';
import { knob } from './pen.js';
import { map } from './place.js';
import { clearPreview, preview } from './preview.js';
import { inside, nearestOn, same, SAME } from './shapes.js';
import { short } from './sheet.js';
import { snapped } from './snap.js';
import { about, state } from './state.js';
import { known, unitsOf } from './units.js';
import { refusal } from './why.js';

const bench = benchOf('corner');
const NONE = { corners: [], edges: [] };
let overlay = null;
let grips = NONE; // of the chosen cell
let over = null; // the grip under the pointer
let picked = null; // the corner that was tapped, to be taken away
let held = null; // a grip that is dragged, with { to, on, cells, counts }
let fault = null;
let unkept = null; // the operation that nobody answered

const chosen = () => (state.chosen.size === 1 ? state.cells.get([...state.chosen][0]) : null);
const isCorner = (grip) => grip?.kind === 'move_corner';

function follow(to) {
  held.to = to;
  const cells = held.cells.map((cell) => ({ ...cell, geometry: reshaped(cell.geometry, held, to) }));
  const homes = known(held.cells.map(({ properties }) => properties.code));
  preview({ type: 'FeatureCollection', features: cells.map((cell) => counted(cell, homes)) });
  card();
}

// As long as not all of its buildings are known, the households are as they were.
function counted({ geometry, properties, ...rest }, homes) {
  const households = held.counts ? homes.filter(({ lon, lat }) => inside([lon, lat], geometry)).reduce((sum, unit) => sum + unit.households, 0) : properties.households;
  return { ...rest, geometry, properties: { ...properties, households } };
}

function card() {
  const cell = chosen();
  const drawn = held?.to || unkept ? state.preview?.features.map(({ properties }) => ({ ...properties, before: about(properties.code)?.households })) : null;
  const shown = drawn ?? (cell ? [cell.properties] : []);
  bench(t('plan.corner.title'), hint(cell ? t('plan.corner.hint_of', { code: short(cell.properties.code) }) : t('plan.corner.hint')), shown.length ? bars(shown) : null, fault,
    unkept ? button('again', t('page.do.again'), again, { main: true, key: 'Enter' }) : null,
    cell ? make('div', { class: 'acts' }, button('drop', t('plan.corner.drop'), () => takeAway(picked), { key: 'Delete', disabled: !picked || state.busy })) : null,
    cell ? keysHint(t('plan.corner.keys')) : null);
}

function paint(pen, at) {
  pen.globalAlpha = 0.6;
  for (const { middle } of handles(grips)) knob(pen, at(...middle), 3.5, 'accent', 'accent-soft');
  pen.globalAlpha = 1;
  for (const place of grips.corners) if (!held || !same(place, held.from)) knob(pen, at(...place), picked && same(place, picked.from) ? 8 : 4.5, 'accent', picked && same(place, picked.from) ? 'accent' : 'paper');
  if (over && !held) knob(pen, at(...over.from), isCorner(over) ? 8 : 6, 'accent', isCorner(over) ? 'paper' : 'accent-soft');
  if (held?.to) knob(pen, at(...held.to), 8, held.on ? 'warn' : 'accent', 'accent');
}

async function keep(operation) {
  try {
    await edit(operation, t(`plan.did.${operation.kind}`));
  } catch (error) {
    fault = refusal(error);
    if (error instanceof Lost) unkept = operation; // shown as it would be, to be sent again
  }
  if (!unkept) clearPreview();
  card();
}

function forgo() {
  fault = unkept = null;
  clearPreview();
}

const again = () => {
  const mine = unkept;
  unkept = fault = null;
  keep(mine).catch(expected);
};

function takeAway(grip) {
  if (!isCorner(grip) || held || state.busy) return;
  picked = null;
  forgo();
  keep({ kind: 'drop_corner', corner: grip.from }).catch(expected);
}

function pick(grip) {
  picked = isCorner(grip) ? grip : null;
  overlay.redraw();
  card();
}

function release() {
  held = null;
  look();
}

function look() {
  over = picked = null;
  const cell = chosen();
  grips = cell ? gripsOf(cell) : NONE;
  overlay.redraw();
  card();
}

export const corner = {
  name: 'corner',
  key: 'c',
  icon: ['M4 15 8 5l9 2-3 9z', 'M8 3.2a1.8 1.8 0 1 1 0 3.6 1.8 1.8 0 0 1 0-3.6'],
  draft: true,
  enter() {
    forgo();
    overlay ??= new Overlay(paint);
    overlay.addTo(map);
    look();
  },
  leave() {
    held = null;
    overlay.remove();
  },
  renew: () => held || look(),
  click: ({ place }) => {
    forgo();
    chooseAt({ place });
  },
  hover(at) {
    over = at && gripAt(grips, at);
    overlay.redraw();
  },
  grab(at) {
    const grip = state.busy ? null : gripAt(grips, at);
    if (!grip) return false;
    forgo();
    const mine = (held = { ...grip, to: null, on: null, cells: sharing(grip.from), counts: false });
    unitsOf(mine.cells.map(({ properties }) => properties.code)).then(() => {
      mine.counts = true;
      if (held === mine && mine.to) follow(mine.to);
    }).catch(expected);
    overlay.redraw();
    return true;
  },
  drag(at) {
    const { from, ends } = held;
    const { place, on } = snapped(at, { skip: (one) => [from, ...ends].some((mine) => same(mine, one)), past: (...edge) => nearestOn(...edge, from)[2] < SAME });
    held.on = on;
    follow(place);
    overlay.redraw();
  },
  drop(at) {
    const mine = held;
    release();
    if (at && mine?.to && !same(mine.from, mine.to)) return keep({ kind: mine.kind, corner: mine.from, to: mine.to }).catch(expected);
    clearPreview();
    return pick(at && mine);
  },
  double: (at) => takeAway(gripAt(grips, at)),
  remove: () => takeAway(isCorner(over) ? over : picked),
  unkept: () => Boolean(unkept),
  keep: () => unkept && !state.busy && again(),
  cancel() {
    if (!held && !unkept && !picked) return false;
    forgo();
    release();
    return true;
  },
};

onTheme(() => overlay?.redraw());
