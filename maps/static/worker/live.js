// Hearing at once that a case moved: only while the page is seen and the network is there.

import { refreshSoon } from './day.js';

const AGAIN_MS = 30_000;
let line = null;
let again;

export function listen() {
  document.addEventListener('visibilitychange', asSeen);
  window.addEventListener('online', asSeen);
  window.addEventListener('pagehide', close);
  window.addEventListener('pageshow', asSeen);
  asSeen();
}

function asSeen() {
  if (document.visibilityState !== 'visible') close();
  else if (!line && navigator.onLine) open();
}

function open() {
  close();
  let heardBefore = false;
  line = new EventSource('/live');
  line.addEventListener('ready', () => {
    if (heardBefore) refreshSoon();
    heardBefore = true;
  });
  line.addEventListener('moved', refreshSoon);
  line.addEventListener('error', () => {
    if (line?.readyState !== EventSource.CLOSED) return; // else it tries again by itself
    close();
    again = setTimeout(asSeen, AGAIN_MS);
  });
}

function close() {
  clearTimeout(again);
  line?.close();
  line = null;
}
