// The cells of another plan over the map, beside the plan's own: for comparing.

import { Overlay } from '../map/overlay.js';
import { onTheme } from '../page/theme.js';
import { isNamed } from './layers.js';
import { communitiesOf, write } from './lettering.js';
import { map } from './place.js';
import { Sheet } from './sheet.js';

let overlay = null;

export function showOther({ features }, { label = null } = {}) {
  hideOther();
  const sheet = new Sheet(features);
  const paint = (pen, at) => {
    sheet.fills(pen, at);
    sheet.lines(pen, at);
    write(pen, at, sheet.inView(), { communities: isNamed() ? communitiesOf(sheet) : [] });
  };
  overlay = new Overlay(paint, { pane: 'other', level: 352, label }).addTo(map);
}

export function hideOther() {
  overlay?.remove();
  overlay = null;
}

onTheme(() => overlay?.redraw());
