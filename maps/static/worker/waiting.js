// What waits to be sent, item by item, in the order in which it was told: sealed on the phone; where
// the browser cannot seal, in memory only, as long as the page is open.

import * as kept from './kept.js';
import { canSeal, seal, unseal } from './seal.js';
import { answered, read, write } from './shelf.js';

const BOTH = ['queue', 'photos'];
const memory = { items: [], photos: new Map(), number: 0 };

// The items of whoever is signed in; none while nobody is.
export async function all() {
  const own = kept.ofQueue();
  if (!own) return [];
  if (!canSeal) return memory.items.map((item) => ({ ...item }));
  const rows = await read('queue', (store) => answered(store.getAll()));
  return Promise.all(rows.filter(({ account }) => account === own.account).map((row) => opened(own.key, row)));
}

async function opened(key, { number, id, sealed }) {
  const told = await unseal(key, sealed).catch(() => ({
    kind: 'unreadable', about: {}, state: 'refused', why: null, facts: null, photos: 0, sent: 0,
  }));
  return { ...told, number, id };
}

// How many items wait for their account to sign in again.
export async function asleep() {
  if (!canSeal) return 0;
  const account = kept.ofQueue()?.account;
  const rows = await read('queue', (store) => answered(store.getAll()));
  return rows.filter((row) => row.account !== account && !row.done).length;
}

// Keep a new item with its photographs, whole or not at all.
export async function add(item, photos) {
  const { key, account } = kept.ofQueue();
  if (!canSeal) {
    memory.number += 1;
    memory.items.push({ ...item, number: memory.number });
    photos.forEach((photo, place) => memory.photos.set(`${item.id}/${place}`, photo));
    return;
  }
  const row = { id: item.id, account, done: false, sealed: await seal(key, item) };
  const sealed = await Promise.all(photos.map((photo) => seal(key, photo)));
  await write(BOTH, (queue, shots) => {
    queue.add(row);
    sealed.forEach((photo, place) => shots.add({ id: item.id, place, sealed: photo }));
  });
}

// Keep what became of an item; one that is gone meanwhile stays gone.
export async function put(item) {
  const own = kept.ofQueue();
  if (!own) return;
  if (!canSeal) {
    memory.items = memory.items.map((one) => (one.id === item.id ? { ...item } : one));
    return;
  }
  const row = { number: item.number, id: item.id, account: own.account, done: item.state === 'done', sealed: await seal(own.key, item) };
  await write('queue', (queue) => {
    queue.get(item.number).onsuccess = ({ target }) => target.result && queue.put(row);
  });
}

export async function remove({ number, id }) {
  await forget(id);
  memory.items = memory.items.filter((one) => one.id !== id);
  if (canSeal) await write('queue', (queue) => queue.delete(number));
}

// The photographs of an item.

export async function photo(id, place) {
  if (!canSeal) return memory.photos.get(`${id}/${place}`);
  const row = await read('photos', (store) => answered(store.get([id, place])));
  return row && unseal(kept.ofQueue().key, row.sealed);
}

export async function forget(id) {
  for (const key of [...memory.photos.keys()]) if (key.startsWith(`${id}/`)) memory.photos.delete(key);
  if (canSeal) await write('photos', (shots) => shots.delete(IDBKeyRange.bound([id, 0], [id, Infinity])));
}
