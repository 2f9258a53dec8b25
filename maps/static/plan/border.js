// Drawing the border between two cells anew.

import { t } from '../page/words.js';
import { bars, hint } from './bench.js';
import { chooseAt } from './choose.js';
import { drawing } from './drawing.js';
import { within } from './shapes.js';
import { short } from './sheet.js';
import { about, state } from './state.js';

const two = () => (state.chosen.size === 2 ? [...state.chosen] : null);

// A line parts the two once it comes out of them again.
function operation(points) {
  if (points.length < 2 || !two() || within(points.at(-1), two().map((code) => state.cells.get(code).geometry))) return null;
  return { kind: 'move_boundary', cells: two(), line: { type: 'LineString', coordinates: points } };
}

export const border = drawing({
  name: 'border',
  key: 'b',
  icon: ['M3 3h14v14H3z', 'M10 3v3l-2.5 4L12 13v4'],
  operation,
  card(points) {
    if (points.length) return hint(t('plan.border.cross'));
    if (two()) return [hint(t('plan.border.hint_of', Object.fromEntries(two().map((code, n) => [['one', 'other'][n], short(code)])))), bars(two().map(about))];
    return [hint(t('plan.border.hint')), state.chosen.size ? bars([...state.chosen].map(about)) : null];
  },
  click(at, points) {
    if (points.length || two()) return false;
    chooseAt({ place: at.place, add: true });
    return true;
  },
  words: ({ cells }) => t('plan.did.border', { cells: cells.map(short).join(', ') }),
});
