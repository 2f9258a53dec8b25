// How the picture looks right now, as plain values that can be told to the one who draws it.

import { hatched, settings, state } from './state.js';
import { strange, table } from './signs.js';

// The colours of the day, or of the night.
export const palette = () => (state.dark ? settings.styles.dark : settings.styles);

export function lookNow() {
  const { ground, ramps } = palette();
  const { parts, measure, selected, case: file, chosen, colours, street, grouped, facilities, cases } = state;
  return {
    ground, ramps, parts, measure, selected, file, chosen, colours, street, grouped,
    shown: { facilities, cases },
    signs: { ...table, strange },
    breaks: state.overview?.breaks[measure] ?? [],
    hatched: hatched(),
    under: state.opaque ? getComputedStyle(document.documentElement).getPropertyValue('--ground').trim() : null,
    many: state.overview?.totals.cells > 2000,
  };
}

