// Colours from few to many: told apart by lightness alone, so that no eye mixes them up, and the
// other way round in the dark. Classes of a value, and their legend.

import { make } from '../page/build.js';
import { isDark } from '../page/theme.js';

const RAMPS = {
  heat: { light: ['#fbd7a1', '#f7a56b', '#e5705f', '#b6437a', '#792a82', '#3b0f70'], dark: ['#4a2168', '#7a2a83', '#b0407c', '#e2685f', '#f9a567', '#fde6ac'] },
  values: { light: ['#e3f0ee', '#b9dad8', '#87bfc3', '#56a0ad', '#2f7f95', '#1a5c78'], dark: ['#1c414d', '#265f70', '#357f90', '#58a6ae', '#93ccc8', '#dcf3ea'] },
};

export const ramp = (name) => RAMPS[name][isDark() ? 'dark' : 'light'];

// Upper ends of at most as many classes as there are colours; each holds about as many values.
export function breaksOf(values, most = 6) {
  const sorted = values.filter((one) => one !== null && one !== undefined).sort((a, b) => a - b);
  const ends = Array.from({ length: most }, (_, at) => sorted[Math.ceil(((at + 1) / most) * sorted.length) - 1]);
  return [...new Set(ends)].filter((one) => one !== undefined);
}

// Upper ends that double, up to the largest count.
export function doubling(largest, most = 6) {
  const step = Math.max(1, Math.ceil(largest / 2 ** (most - 1)));
  const ends = Array.from({ length: most }, (_, at) => step * 2 ** at);
  return ends.slice(0, ends.findIndex((one) => one >= largest) + 1 || most);
}

// The colour of a value; few classes still reach from the lightest to the darkest.
export function colourOf(value, breaks, colours) {
  const at = breaks.findIndex((end) => value <= end);
  const place = at < 0 ? breaks.length - 1 : at;
  return colours[breaks.length > 1 ? Math.round((place * (colours.length - 1)) / (breaks.length - 1)) : 3];
}

export function legend(breaks, name, say, none = null) {
  const colours = ramp(name);
  const swatch = (look, words) => make('li', {}, make('i', look), make('span', { class: 'num', text: words }));
  return make('ol', { class: 'legend-steps' },
    breaks.map((end, at) => swatch({ css: { background: colourOf(end, breaks, colours) } }, say(at ? breaks[at - 1] : null, end))),
    none && swatch({ class: 'hatched' }, none));
}
