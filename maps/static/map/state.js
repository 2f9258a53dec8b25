// What the page knows and shows right now. One object, changed in place; whoever changes it calls
// `changed()`, whoever draws by it listens. Values of the server: colours, parts, datum.

export const settings = JSON.parse(document.getElementById('settings').textContent);

const shown = (signs) => new Set(signs.filter((sign) => sign.shown).map((sign) => sign.key));

export const state = {
  measure: 'households',
  parts: new Set(),
  facilities: shown(settings.styles.facilities),
  cases: shown(settings.styles.cases),
  overview: null,
  selected: null, // the code of the selected cell
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

// The class of a value: -1 unknown, 0 … 4 from few to many, null for «no open case».
export function classOf(measure, value) {
  if (value === undefined || value === null) return -1;
  if (measure === 'open_cases' && value === 0) return null;
  const breaks = state.overview?.breaks[measure] ?? [];
  const at = breaks.findIndex((upper) => value <= upper);
  return spread(at < 0 ? breaks.length : at, breaks.length);
}

// Whether the town knows this measure at all; else there is nothing to tell apart.
export function isKnown(measure) {
  const { cells, cells_without_households: uncounted, cells_without_worker: vacant, open_cases: open } = state.overview?.totals ?? {};
  if (!cells) return true;
  return { households: uncounted < cells, load: uncounted < cells && vacant < cells, open_cases: open > 0 }[measure];
}

// Cells without a value are hatched only among cells that have one.
export const hatched = () => state.measure !== 'open_cases' && isKnown(state.measure);

// With fewer breaks than colours the classes still reach from the lightest to the darkest.
export function spread(at, breaks) {
  return breaks ? Math.round((at * 4) / breaks) : 2;
}

export function colourOf(measure, value) {
  const at = classOf(measure, value);
  if (at === -1) return settings.styles.ground.unknown;
  if (at === null) return '#f7f6f2';
  return settings.styles.ramps[measure][at];
}
