// Which cell a place beyond my own lies in, and who answers there: asked of the server while something
// is being reported from there, and in nobody's name, so that the question tells of no worker.

import { metres } from './geo.js';
import { changed } from './state.js';

const REST_MS = 300; // while the pin is on its way
const MOST_M = 10_000;
let asked = null; // { spot, answer }
let later;

window.addEventListener('online', () => {
  asked = null;
  changed('spot');
});

// { cell, duty, near }, `cell` null where there is none; 'lost' when nobody answered; null while that is
// not known yet: `changed('spot')` tells when it is. Within its accuracy a place stays the same, so who
// stands still asks once.
export function beyond(spot) {
  if (!asked || metres(asked.spot, spot) > spot.accuracy_m) {
    asked = { spot, answer: navigator.onLine ? null : 'lost' };
    clearTimeout(later);
    if (!asked.answer) later = setTimeout(answered, REST_MS, asked);
  }
  return asked.answer;
}

async function answered(mine) {
  mine.answer = await located(mine.spot).catch(() => 'lost');
  if (asked === mine) changed('spot');
}

async function located({ lon, lat, accuracy_m: accuracy }) {
  const where = new URLSearchParams({ lon: lon.toFixed(6), lat: lat.toFixed(6), accuracy_m: Math.min(accuracy, MOST_M) });
  const { cell, candidates: near } = await told(`/locate?${where}`);
  const posts = cell ? (await told(`/cells/${encodeURIComponent(cell.code)}/duty`)).posts : [];
  return { cell, duty: posts.find(({ on_duty: isThere }) => isThere) ?? null, near };
}

async function told(url) {
  const answer = await fetch(url, { credentials: 'omit', cache: 'no-store' });
  if (!answer.ok) throw new Error(`${answer.status}`);
  return answer.json();
}
