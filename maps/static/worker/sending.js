// Sending what waits: strictly in order about one case, each item once.
//
// A request goes again with the same id until it is answered, so an answer that was lost, a page that
// was closed and a second tab do nothing twice. It says whose it is: were somebody else signed in by
// now, the server would not take it.

import { Lost, Refused, send } from '../page/ask.js';
import * as kept from './kept.js';
import * as waiting from './waiting.js';

const FIRST_MS = 2000;
const MOST_MS = 300_000;
const TOO_OFTEN_MS = 60_000;
const TIMEOUT_MS = 60_000;
const PHOTO_TIMEOUT_MS = 180_000;
const DONE_MS = 86_400_000;
const MOST_DONE = 30;
const SEEN_AS = { move: 'version', note: 'version', whistle: 'seen' };
const WAITS = new Set(['waiting', 'sending']);

export const MOST_CALLED = 3; // to a whistle, when nobody chooses whom
export const proposalOf = (whistles, kind) => `${whistles}/proposal?kind=${kind}`;

const tries = new Map(); // id → how often nobody answered
const later = new Map(); // id → not before

export function forgetDelays() {
  later.clear();
}

// Send what is due, one after the other; returns in how many milliseconds something is due again, or
// null. `tell(item, answer)` hears of every change.
export async function pass(tell) {
  for (;;) {
    const items = await waiting.all();
    const item = due(items);
    if (!item) return soonest(items);
    if (!(await one(item, items, tell))) return soonest(await waiting.all());
  }
}

function due(items) {
  const held = new Set();
  for (const item of items) {
    if (item.state === 'done') continue;
    if (!held.has(subject(item)) && WAITS.has(item.state) && !(later.get(item.id) > Date.now())) return item;
    held.add(subject(item));
  }
  return null;
}

function soonest(items) {
  const times = items.filter((item) => WAITS.has(item.state) && later.has(item.id)).map(({ id }) => later.get(id));
  return times.length ? Math.max(0, Math.min(...times) - Date.now()) : null;
}

const subject = (item) => item.about?.code ?? item.id;

// One item; answers whether to go on with the next.
async function one(item, items, tell) {
  const again = item.asked; // it may have arrived before
  const keep = async (change, answer) => {
    Object.assign(item, change);
    await waiting.put(item);
    tell(item, answer);
  };
  await keep({ state: 'sending', why: null, facts: null, asked: true });
  try {
    const answer = item.told ? null : await make(item);
    if (answer) await keep({ told: true, code: answer.code ?? item.code ?? null });
    for (let place = item.sent; place < item.photos; place += 1) {
      await makePhoto(item, place);
      await keep({ sent: place + 1 });
    }
    await follow(item, items, again ? null : versionOf(item, answer));
    await keep({ state: 'done', done_at: new Date().toISOString(), body: null }, answer);
    await tidy(item, items);
    return true;
  } catch (error) {
    return hold(item, error, keep);
  }
}

async function make(item) {
  if (item.kind === 'photo') return {};
  const field = SEEN_AS[item.kind];
  const body = { ...item.body, ...(field && item.seen !== null && { [field]: item.seen }), request_id: item.request_id };
  if (item.kind === 'whistle') body.parties = await called(item);
  try {
    return await ask(item.method, item.url, body);
  } catch (error) {
    const ahead = error instanceof Refused && body.reported_at && error.faults.some(({ field: name }) => name === 'reported_at');
    if (!ahead) throw error; // a phone whose clock is ahead: the server's time, then
    return ask(item.method, item.url, { ...body, reported_at: undefined });
  }
}

// Whom a whistle calls, the lead first; whom nobody chose, the server proposes now.
async function called({ url, body: { kind, parties } }) {
  const codes = parties ?? (await ask('GET', proposalOf(url, kind))).proposed.filter(({ part }) => part).slice(0, MOST_CALLED).map(({ code }) => code);
  return codes.map((code, at) => ({ code, part: at ? 'joint' : 'lead' }));
}

// A photograph the server has already stays one. Who reported may add to his report for a day; after
// that, whoever has the case in charge.
async function makePhoto(item, place) {
  const photo = await waiting.photo(item.id, place);
  if (!photo) return null;
  const url = item.kind === 'photo' ? item.url : `/cases/${encodeURIComponent(item.code ?? item.about.code)}/photos`;
  const form = (id) => {
    const told = new FormData();
    told.append('file', photo, 'photo.jpg');
    if (item.kind === 'photo' && item.body?.words) told.append('words', item.body.words);
    if (id) told.append('request_id', id);
    return told;
  };
  if (item.kind !== 'report') return ask('POST', url, form(), PHOTO_TIMEOUT_MS);
  try {
    return await ask('POST', url, form(item.request_id), PHOTO_TIMEOUT_MS);
  } catch (error) {
    if (!(error instanceof Refused && error.status === 403)) throw error;
    return ask('POST', url, form(), PHOTO_TIMEOUT_MS);
  }
}

async function ask(method, url, body, timeout = TIMEOUT_MS) {
  const headers = { 'Wangge-Account': String(kept.state().account) };
  const answer = await send(method, url, { body, headers, signal: AbortSignal.timeout(timeout) });
  return answer.status === 204 ? {} : answer.json();
}

const versionOf = ({ kind }, answer) => (kind === 'move' || kind === 'note' ? answer?.version : null);

// What is later in line about this case was told knowing of this item: it has seen that version. Of
// an answer that came to a second asking only the own step is believed.
async function follow(item, items, version) {
  const seen = (version ?? (item.seen ?? NaN) + (item.kind === 'photo' ? 0 : 1)) + item.photos;
  if (!Number.isFinite(seen)) return;
  for (const other of items) {
    if (other.number > item.number && subject(other) === subject(item) && other.seen === item.seen) {
      other.seen = seen;
      await waiting.put(other);
    }
  }
}

// Of what is done the phone keeps that it is done, for a day.
async function tidy(item, items) {
  tries.delete(item.id);
  later.delete(item.id);
  await waiting.forget(item.id);
  const done = items.filter(({ state }) => state === 'done').reverse();
  for (const [place, old] of done.entries()) {
    if (place >= MOST_DONE || Date.now() - Date.parse(old.done_at) > DONE_MS) await waiting.remove(old);
  }
}

// Why it was not done, and whether the next may be tried.
async function hold(item, error, keep) {
  if (error instanceof Refused && error.status === 401) {
    await keep({ state: 'waiting', why: null });
    await kept.signedOut();
    return false;
  }
  if (error instanceof Refused && error.status === 429) {
    later.set(item.id, Date.now() + TOO_OFTEN_MS);
    await keep({ state: 'waiting', why: error.message });
    return false;
  }
  if (error instanceof Refused) {
    await keep({ state: error.status === 409 ? 'conflict' : 'refused', why: error.message, facts: error.facts, asked: false });
    return true;
  }
  const tried = (tries.get(item.id) ?? 0) + 1;
  tries.set(item.id, tried);
  later.set(item.id, Date.now() + Math.min(MOST_MS, FIRST_MS * 2 ** (tried - 1)) * (0.75 + Math.random() / 2));
  await keep({ state: 'waiting' });
  if (!(error instanceof Lost)) throw error;
  return false;
}
