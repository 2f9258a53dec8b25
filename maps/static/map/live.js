// Hearing at once what moves where the viewer is in charge. Only while the page is seen: a browser
// has few lines to one server, and nobody reads a page that is behind another.

import { expected } from './ask.js';
import { may } from './me.js';
import { state } from './state.js';

const AGAIN_MS = 30_000;
const REST_MS = 2000;

// `moved(event)` hears of one case; `all()` that something may have been missed. Nobody listens
// who may not see cases: then, and when the line is lost, the page looks anew as it always did.
export async function listen({ moved, all }) {
  if (!(await may('cases'))) return;
  let line = null;
  let heardBefore = false;
  let again;

  const close = () => {
    clearTimeout(again);
    line?.close();
    line = null;
  };
  const open = () => {
    close();
    line = new EventSource('/live');
    line.addEventListener('ready', () => {
      if (heardBefore) all();
      heardBefore = true;
    });
    line.addEventListener('moved', ({ data }) => {
      const event = JSON.parse(data);
      if (event.many) all();
      else moved(event);
    });
    line.addEventListener('error', () => {
      if (line?.readyState === EventSource.CLOSED) again = setTimeout(open, AGAIN_MS); // else it tries again by itself
    });
  };
  const asSeen = () => {
    if (document.visibilityState !== 'visible') close();
    else if (!line) open();
  };

  document.addEventListener('visibilitychange', asSeen);
  window.addEventListener('pagehide', close);
  window.addEventListener('pageshow', asSeen);
  asSeen();
}

// Takes up what moved: the open card, and the cases on the tiles it concerns; at once, then at most
// every two seconds, what came meanwhile together.
export function takingUp(tiles, freshCard) {
  let heard = none();
  let resting = false;

  const act = () => {
    const { all, files, cells } = heard;
    heard = none();
    resting = true;
    setTimeout(() => {
      resting = false;
      if (heard.any) act();
    }, REST_MS);
    if (all || files.has(state.case) || (!state.case && cells.has(state.selected))) freshCard().catch(expected);
    tiles.reloadCases({ all, files, cells }).catch(expected);
  };
  const take = (more) => {
    heard.any = true;
    more(heard);
    if (!resting) act();
  };
  return {
    moved: ({ code, cell }) => take((now) => {
      now.files.add(code);
      if (cell) now.cells.add(cell);
    }),
    all: () => take((now) => {
      now.all = true;
    }),
  };
}

const none = () => ({ any: false, all: false, files: new Set(), cells: new Set() });
