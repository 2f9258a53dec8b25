// What the page knows and shows right now. One object, changed in place; whoever changes it calls
// `changed()`, whoever draws by it listens. Values of the server: colours, parts, datum.

export const settings = JSON.parse(document.getElementById('settings').textContent);

const shown = (signs) => new Set(signs.filter((sign) => sign.shown).map((sign) => sign.key));

export const state = {
  measure: 'households', // null: cells have no colour of their own
  parts: new Set(),
  facilities: shown(settings.styles.facilities),
  cases: shown(settings.styles.cases),
  overview: null,
  selected: null, // the code of the selected cell
  chosen: new Set(), // codes of cells that were picked
  colours: null, // Map of a cell's code to its colour, instead of a measure; null: it has none
  street: null, // { name, share }: the street that was picked; its width in shares of the equator
  grouped: false, // whether cases that would lie on each other are drawn as one
  dark: false,
  opaque: false, // whether nothing lies under the tiles: then they are painted on the page's ground, which is quicker to compose
  case: null, // the code of the case whose card is open
  reporting: false, // whether the form of a report is open
};

const listeners = [];

export function onChange(listener) {
  listeners.push(listener);
}

export function changed(what) {
  for (const listener of listeners) listener(what);
}

// Whether the town knows this measure at all; else there is nothing to tell apart.
export function isKnown(measure) {
  const { cells, cells_without_households: uncounted, cells_without_worker: vacant, open_cases: open } = state.overview?.totals ?? {};
  if (!cells) return true;
  return { households: uncounted < cells, load: uncounted < cells && vacant < cells, open_cases: open > 0 }[measure];
}

// Cells without a value are hatched only among cells that have one.
export const hatched = () => Boolean(state.measure) && state.measure !== 'open_cases' && isKnown(state.measure);

export { spread } from './classes.js';
