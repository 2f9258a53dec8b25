// What the phone keeps of one sign-in: who it is, and his day, sealed. It ends with the sign-in: then,
// at sign-out, and when somebody else signs in, key and data go. What waits to be sent stays, sealed
// by a key of its own that only the same account can be given again (queue.js).
//
// Where the browser cannot seal (no https), nothing is kept: `state().keeps` is false.

import { Lost, Refused, get } from '../page/ask.js';
import { canSeal, half, keyOf, seal, unseal } from './seal.js';
import { answered, read, write } from './shelf.js';

const WAITS_MS = 2000; // at the start, for a server that is slow to answer
const BACK_MS = 3_600_000; // a clock set back by more is not believed
const CACHES = ['wangge-worker-tiles', 'wangge-worker-answers'];

const shutters = new Set();
const openers = new Set();
const others = new BroadcastChannel('wangge-worker');
let sign = null; // { session, account, login, ahead_ms, seen_at, ends_at, day, queue }: the last two are keys
let why = 'none';
let alarm;

// { open, why, keeps, account, login, ends_at }; `why` it is not open: 'none' nobody was signed in
// here, 'ended' the sign-in is over, 'left' he signed out, 'other' somebody else signed in.
export function state() {
  const { account = 0, login = '', ends_at: endsAt = null } = sign ?? {};
  return { open: Boolean(sign), why: sign ? null : why, keeps: canSeal, account, login, ends_at: endsAt };
}

// Hears that what was open is so no more; `fn(why)`.
export function onShut(fn) {
  shutters.add(fn);
  return () => shutters.delete(fn);
}

// Hears that the server has said who is signed in, also when that is late.
export function onOpen(fn) {
  openers.add(fn);
  return () => openers.delete(fn);
}

// Open what is kept: as the server says who is signed in; without an answer as it was kept, until
// the sign-in ends. `who` is what /me said, if the page has asked. Returns `state()`.
export async function open(who) {
  const before = await signIn();
  if (before && who?.login && who.login !== before.login) await shut('other');
  const told = navigator.onLine ? await inTime(renewed()) : null;
  if (!told && !sign) await resume();
  return state();
}

// What is kept of a sign-in that has not ended, at once and without asking anybody; whether it still
// holds, `open` asks afterwards.
export async function reopen() {
  if (!sign) await resume();
  return state();
}

// The last known answer of /worker/day, or null.
export async function day() {
  if (!sign || !canSeal || (await ended())) return null;
  const kept = await read('kept', (store) => answered(store.get('day')));
  return kept ? unseal(sign.day, kept).catch(() => null) : null; // of another sign-in: as if it were not there
}

// Keep an answer of /worker/day.
export async function take(told) {
  if (!sign || !canSeal) return;
  const { session } = sign;
  const kept = await seal(sign.day, told);
  const times = timesOf(told);
  await write('kept', (store) => ifStill(store, session, (before) => {
    store.put(kept, 'day');
    store.put({ ...before, ...times }, 'sign-in');
  }));
  if (sign?.session === session) wakeAt(Object.assign(sign, times).ends_at);
}

// Forget all that is kept of the sign-in, here and in other tabs.
export const wipe = () => shut('left');

// What time it is by the server, whatever the phone's clock says.
export const now = () => new Date(Date.now() - (sign?.ahead_ms ?? 0));

// The key of what waits, the account it belongs to; null while nobody is signed in.
export const ofQueue = () => sign && { key: sign.queue, account: sign.account };

// The server says that nobody is signed in.
export const signedOut = () => shut('ended');

// Opening

async function renewed() {
  let told;
  try {
    told = await get('/worker/key');
  } catch (error) {
    if (error instanceof Refused && error.status === 401) await shut(sign || (await signIn()) ? 'ended' : 'none');
    else if (!(error instanceof Lost || error instanceof Refused)) throw error;
    return error instanceof Refused ? 'shut' : null;
  }
  await begin(told);
  return 'open';
}

async function begin(told) {
  const before = await signIn();
  if (before && before.session !== told.session) await shut(before.account === told.account ? 'ended' : 'other');
  const { session, account, login } = told;
  const keys = before?.session === session ? { day: before.day, queue: before.queue } : canSeal && {
    day: await keyOf(told.day, half(), 'day'),
    queue: await keyOf(told.queue, await ourHalf(account), 'queue'),
  };
  sign = { session, account, login, ...timesOf(told), ...keys };
  if (canSeal) await write('kept', (store) => store.put(sign, 'sign-in'));
  wakeAt(sign.ends_at);
  for (const fn of openers) fn(state());
}

// By the phone's own clock, which may be hours wrong: how far, and when the sign-in ends.
function timesOf({ at, ends_at: endsAt }) {
  const ahead = Date.now() - Date.parse(at);
  return { ahead_ms: ahead, seen_at: Date.now(), ends_at: new Date(Date.parse(endsAt) + ahead).toISOString() };
}

// This browser's half of the key of an account's queue: made once, so that the key comes back.
async function ourHalf(account) {
  const made = half();
  await write('halves', (store) => {
    store.get(account).onsuccess = ({ target }) => target.result ?? store.put(made, account);
  });
  return read('halves', (store) => answered(store.get(account)));
}

async function resume() {
  sign = await signIn();
  if (!sign || (await ended())) return;
  write('kept', (store) => ifStill(store, sign.session, (before) => store.put({ ...before, seen_at: Date.now() }, 'sign-in'))).catch(() => {}); // nobody waits for the disk
  wakeAt(sign.ends_at);
}

const signIn = async () => (canSeal ? (await read('kept', (store) => answered(store.get('sign-in')))) ?? null : null);

function ifStill(store, session, then) {
  store.get('sign-in').onsuccess = ({ target }) => target.result?.session === session && then(target.result);
}

const inTime = (answer) => Promise.race([answer, new Promise((done) => { setTimeout(done, WAITS_MS, null); })]);

// Ending

async function ended() {
  if (!sign) return true;
  const now = Date.now();
  if (now < Date.parse(sign.ends_at) && now > sign.seen_at - BACK_MS) return false;
  await shut('ended');
  return true;
}

function wakeAt(endsAt) {
  clearTimeout(alarm);
  alarm = setTimeout(ended, Math.max(0, Date.parse(endsAt) - Date.now()) + 1);
}

async function shut(reason, { tell = true } = {}) {
  const was = Boolean(sign);
  sign = null;
  why = reason;
  clearTimeout(alarm);
  if (tell) {
    if (canSeal) await write('kept', (store) => store.clear());
    if (globalThis.caches) await Promise.all(CACHES.map((name) => caches.delete(name)));
    others.postMessage({ shut: reason });
  }
  if (was) for (const fn of shutters) fn(reason);
}

others.addEventListener('message', ({ data }) => data.shut && shut(data.shut, { tell: false }));
self.addEventListener('online', () => sign && renewed());
self.document?.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && sign && ended());
