// What waits to be sent: reports, moves, visits, whistles, photographs, notes. Told offline or online,
// everything goes through here: kept on the phone first, then sent, in order and once (sending.js).
//
// An item: { id, request_id, kind, about: {code, title}, state, why, facts, at, body, photos, sent,
// code }. `state` is 'waiting', 'sending', 'conflict' (somebody else was faster: `facts` is what the
// server knows), 'refused' (`why` is its sentence) or 'done'; `photos` of which `sent` have arrived;
// `code` is what a report became.

import { newId } from '../page/ask.js';
import { smaller } from '../page/photos.js';
import { t } from '../page/words.js';
import * as kept from './kept.js';
import { forgetDelays, pass } from './sending.js';
import * as waiting from './waiting.js';

export { all, asleep } from './waiting.js';

// Nothing was kept, and why, in words: the phone is full, or nobody is signed in.
export class NotKept extends Error {}

const listeners = new Set();
const others = new BroadcastChannel('wangge-queue');
let running = null;
let wanted = false;
let alarm;
let begun = false;

// Keep something to be sent; returns its id. `seen` is the version of the case that was seen; of
// `photos`, files as they come from the camera are made small first.
export async function add({ kind, url, method = 'POST', body = {}, photos = [], about = {}, seen = null }) {
  if (!kept.state().open) throw new NotKept(t('offline.shut'));
  const small = [];
  for (const photo of photos) small.push(photo instanceof File ? (await smaller(photo)).blob : photo);
  const id = newId();
  const at = kept.now().toISOString();
  const told = kind === 'report' ? { reported_at: at, ...body } : body;
  try {
    await waiting.add({
      id, request_id: body.request_id || id, kind, url, method, body: told, about, seen, at,
      state: 'waiting', why: null, facts: null, photos: small.length, sent: 0,
    }, small);
  } catch (error) {
    throw error.name === 'QuotaExceededError' ? new NotKept(t('offline.full')) : error;
  }
  navigator.storage?.persist?.(); // so that a full phone throws other things away first
  navigator.serviceWorker?.ready.then(({ sync }) => sync?.register('wangge-queue')).catch(() => {}); // errand.js
  changed();
  go();
  return id;
}

// Hears of every change, in other tabs too: `fn(item, answer)`, both only where it was sent.
export function onChange(fn) {
  listeners.add(fn);
  return () => listeners.delete(fn);
}

// Try an item again, as it is, with another version seen, or with a body mended.
export async function retry(id, { seen, body } = {}) {
  const item = await found(id);
  if (!item || item.state === 'done') return;
  const anew = body ? { body: { ...item.body, ...body } } : {};
  await waiting.put({ ...item, ...anew, seen: seen ?? item.seen, state: 'waiting', why: null, facts: null });
  changed();
  go({ now: true });
}

// Give an item up. Ask first: it is gone.
export async function drop(id) {
  const item = await found(id);
  if (item) await waiting.remove(item);
  changed();
  go({ now: true });
}

const found = async (id) => (await waiting.all()).find((item) => item.id === id);

// Begin to send, and go on whenever there is hope: the network is back, the page is looked at,
// somebody signed in, another tab added something.
export function start() {
  if (begun) return;
  begun = true;
  window.addEventListener('online', () => go({ now: true }));
  document.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && go({ now: true }));
  others.addEventListener('message', () => {
    hear();
    go();
  });
  kept.onOpen(() => {
    hear();
    go({ now: true });
  });
  kept.onShut(() => hear());
  go({ now: true });
}

function changed(...told) {
  hear(...told);
  others.postMessage('changed');
}

function hear(...told) {
  for (const fn of listeners) fn(...told);
}

// One pass at a time, in all tabs together.
function go({ now = false } = {}) {
  if (now) forgetDelays();
  if (!begun || !navigator.onLine || !kept.state().open) return;
  wanted = true;
  running ??= work().finally(() => { running = null; });
}

async function work() {
  let pause = null;
  while (wanted) {
    wanted = false;
    pause = await alone(() => pass(changed));
  }
  clearTimeout(alarm);
  if (pause !== null) alarm = setTimeout(go, pause + 1);
}

const alone = (pass) => (navigator.locks ? navigator.locks.request('wangge-queue', pass) : pass());
