// Which cell is mine: its code is kept on this device only, until it is forgotten. What is told of
// it, and of its community, is asked anew each time.

import { Refused, expected, get } from '../page/ask.js';
import { t } from '../page/words.js';

const KEPT = 'wangge.home.cell';
const listeners = [];

export const mine = {
  code: kept(),
  community: null, // what GET /community/home answers; null before it did
  duty: null, // who answers in the cell, and who of them is there now
  failed: false,
};

function kept() {
  try {
    return window.localStorage.getItem(KEPT);
  } catch {
    return null; // a browser that keeps nothing
  }
}

function keep(code) {
  try {
    if (code) window.localStorage.setItem(KEPT, code);
    else window.localStorage.removeItem(KEPT);
  } catch { /* the page still knows */ }
}

// `listener` hears of every change.
export function onPlace(listener) {
  listeners.push(listener);
}

const changed = () => listeners.forEach((listener) => listener());

export async function settle(code) {
  mine.code = code;
  keep(code);
  await load();
}

export async function forget() {
  await settle(null);
}

// What belongs to my cell in a question to the server: `/community/notices${ofMine()}`.
export function ofMine(more = {}) {
  const asked = new URLSearchParams({ ...(mine.code && { cell: mine.code }), ...more });
  return `${asked}` && `?${asked}`;
}

// There are no notices, polls, meetings; or nobody knows yet which community's are meant.
export const noneOf = (name) => t(mine.code ? `home.${name}.none` : 'home.none_nowhere');

let asking = new AbortController();
export async function load() {
  asking.abort();
  asking = new AbortController();
  const { signal } = asking;
  mine.failed = false;
  try {
    const [community, duty] = await Promise.all([
      get(`/community/home${ofMine()}`, signal),
      mine.code ? get(`/cells/${encodeURIComponent(mine.code)}/duty`, signal) : null,
    ]);
    Object.assign(mine, { community, duty });
  } catch (error) {
    if (error.name === 'AbortError') return;
    if (error instanceof Refused && error.status === 404 && mine.code) return forget(); // the cell is no more
    mine.failed = true;
    expected(error);
  }
  changed();
}
