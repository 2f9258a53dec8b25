// Where a new facility stands: the pin of the home's report, on the home's map.

import { placeControl } from '../home/report-place.js';

let before; // one map, one pin

export function pin() {
  const kept = { spot: null };
  const element = placeControl(kept, { outside: 'community.fault.no_cell', either: 'home.report.inside' });
  const show = () => {
    if (before === element) return;
    before?.hide();
    before = element;
    element.show();
  };
  return {
    element, isGroup: true, first: () => element.querySelector('button:not([hidden])'), value: () => kept.spot,
    take(spot) {
      kept.spot = spot ?? null;
      show();
    },
  };
}
