// The canvases that the tools of the desk draw on.

import { changed as repaint, state as look } from '../map/state.js';
import { expected } from '../page/ask.js';
import { tiles } from './place.js';

export { Overlay, ink } from '../map/overlay.js';

// Whoever draws on a canvas draws anew when light turns to dark.
export { onTheme } from '../page/theme.js';

// While a tool shows where cases are in its own way, their signs are taken off the map.
export function withoutCases() {
  const had = look.parts.delete('cases');
  repaint('parts');
  return () => {
    if (!had) return;
    look.parts.add('cases');
    repaint('parts');
    tiles.reloadCases({ all: true }).catch(expected); // tiles that came meanwhile have none
  };
}
