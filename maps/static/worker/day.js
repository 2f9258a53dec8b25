// The day: what is kept on the phone first, then what the server says. Asked again when something
// moved, when the page is seen again, and after a while.

import { Lost, Refused, ask } from '../page/ask.js';
import * as kept from './kept.js';
import { changed, state } from './state.js';

const AGAIN_MS = 120_000;
const REST_MS = 1_500;
let etag = '';
let asking = null;
let later = null;
let hasEnded = false; // a sign-in, since the page was opened

kept.onShut(() => {
  hasEnded = true;
  etag = '';
});

export async function fromPhone() {
  if (!state.day) take(await kept.day(), false);
}

// Keep what was told before it was known whose it is.
export async function keepDay() {
  if (state.fresh) await kept.take(state.day);
}

export function refresh() {
  asking ??= read().finally(() => { asking = null; });
  return asking;
}

// Soon, and what is asked meanwhile together.
export function refreshSoon() {
  later ??= setTimeout(() => {
    later = null;
    refresh().catch(() => {});
  }, REST_MS);
}

async function read() {
  const askedAt = Date.now(); // by this phone's clock, as what it told since
  try {
    const answer = await ask('/worker/day', { headers: etag ? { 'If-None-Match': etag } : {} });
    const told = answer.status === 304 ? null : await answer.json();
    if (hasEnded && !kept.state().open) return; // it is nobody's any more
    state.lost = false;
    if (told) {
      const day = { ...told, asked_at: askedAt };
      etag = answer.headers.get('ETag') ?? '';
      take(day, true);
      kept.take(day).catch(() => {}); // a full or private store: the page works on without it
    }
    changed('line');
  } catch (error) {
    if (error instanceof Refused && error.status === 401) {
      await kept.signedOut();
    } else if (error instanceof Lost) {
      state.lost = true;
      changed('line');
    }
    throw error;
  }
}

function take(day, fresh) {
  if (!day) return;
  state.day = day;
  state.fresh = fresh;
  changed('day');
}

export function keepFresh() {
  const seen = () => document.visibilityState === 'visible' && refresh().catch(() => {});
  setInterval(seen, AGAIN_MS);
  setInterval(() => document.visibilityState === 'visible' && changed('minute'), 30_000);
  document.addEventListener('visibilitychange', seen);
  window.addEventListener('online', seen);
  window.addEventListener('offline', () => {
    state.lost = true;
    changed('line');
  });
}
