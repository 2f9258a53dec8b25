// Splitting a cell by a line, or into two halves of as many households.

import { expected } from '../page/ask.js';
import { make } from '../page/build.js';
import { t } from '../page/words.js';
import { button, hint } from './bench.js';
import { cellAt } from './cells.js';
import { choose } from './choose.js';
import { drawing } from './drawing.js';
import { boxOf, inside, outline, within } from './shapes.js';
import { short } from './sheet.js';
import { state } from './state.js';
import { unitsOf } from './units.js';

const SAMPLES = 24;
const chosen = () => (state.chosen.size === 1 ? [...state.chosen][0] : null);

// The cells that a line lies over, that with most of it first.
function under(points) {
  const through = new Map();
  for (const place of along(points)) {
    const code = cellAt(place);
    if (code) through.set(code, (through.get(code) ?? 0) + 1);
  }
  return [...through].sort((a, b) => b[1] - a[1]).map(([code]) => code);
}

// The one that is chosen, else the first that the line lies over.
const splits = (points) => chosen() ?? under(points)[0] ?? null;

const along = (points) => points.slice(1).flatMap((to, n) => Array.from({ length: SAMPLES }, (_, at) => [0, 1].map((axis) => points[n][axis] + ((at + 0.5) / SAMPLES) * (to[axis] - points[n][axis]))));

// A line divides once it comes out again.
function operation(points) {
  const cell = points.length > 1 ? splits(points) : null;
  if (!cell) return null;
  const { geometry } = state.cells.get(cell);
  if (within(points.at(-1), [geometry])) return null;
  return along(points).some((place) => inside(place, geometry)) ? { kind: 'split', cell, line: { type: 'LineString', coordinates: points } } : null;
}

export const split = drawing({
  name: 'split',
  key: 's',
  icon: ['M10 2v3', 'M10 8v4', 'M10 15v3', 'M6.5 5H3v10h3.5', 'M13.5 5H17v10h-3.5'],
  operation,
  card: (points) => {
    const code = chosen();
    if (points.length) return elsewhere(code, points) ?? hint(t('plan.split.cross'));
    return [hint(code ? t('plan.split.hint_of', { code: short(code) }) : t('plan.split.hint')), code ? halves(code) : null];
  },
  words: ({ cell }, { born }) => t('plan.did.split', { parts: [cell, ...born].map(short).join(', ') }),
  kept: ({ cell }, { born }) => choose([cell, ...born]),
});

// A line beside the cell that is chosen means another one, as a rule.
function elsewhere(code, points) {
  const cells = under(points);
  if (!code || !cells.length || cells.includes(code)) return null;
  const facts = { code: short(code), other: short(cells[0]) };
  return [make('p', { class: 'fault', role: 'alert', text: t('plan.split.elsewhere', facts) }), button('instead', t('plan.split.instead', facts), () => choose([cells[0]]))];
}

const halves = (code) => make('div', { class: 'acts' },
  button('across', t('plan.split.across'), () => halve(code, 1).catch(expected)),
  button('down', t('plan.split.down'), () => halve(code, 0).catch(expected)));

// A straight line through the middle of its households: along the parallel (axis 1) or the meridian.
async function halve(code, axis) {
  const units = (await unitsOf([code])).map(({ lon, lat, households }) => ({ at: [lon, lat][axis], households })).sort((a, b) => a.at - b.at);
  const box = boxOf(outline(state.cells.get(code).geometry));
  const at = dividing(units) ?? (box[axis] + box[axis + 2]) / 2;
  const [low, high] = [box[1 - axis], box[3 - axis]];
  const over = (high - low) * 0.02;
  const ends = [low - over, high + over].map((other) => (axis ? [other, at] : [at, other]));
  split.put(ends);
}

// Between the two units where half of the households are on either side.
function dividing(units) {
  const half = units.reduce((sum, { households }) => sum + households, 0) / 2;
  let sum = 0;
  for (const [n, unit] of units.entries()) {
    sum += unit.households;
    if (sum >= half && units[n + 1]?.at > unit.at) return (unit.at + units[n + 1].at) / 2;
  }
  return null;
}
