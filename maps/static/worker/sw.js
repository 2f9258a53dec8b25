// What the phone keeps of the program: the page, its modules, styles and icons, so that it opens
// without network. Served at /worker/sw.js with `VERSION` and `KEPT` before it: a version is made of
// the hashes of all that is kept, so a new release has its own cache, filled whole before it is used.
//
// No answer that tells of people or cases is kept here: those are sealed, in kept.js. Where a browser
// wakes it for what waits to be sent, errand.js comes before all this.
/* global VERSION, KEPT */

const SHELL = '/worker';
const STALE = '/worker/stale';
const OWN = `wangge-worker-${VERSION}`;
const TILES = 'wangge-worker-tiles';
const ANSWERS = 'wangge-worker-answers';
const CATALOGUE = '/catalogue';
const GROUND = /^\/tiles\/(?:(?:base|buildings|cells|divisions|facilities),?)+\/\d+\/\d+\/\d+\.mvt$/;

self.addEventListener('install', (event) => {
  event.waitUntil(fill().then(() => self.skipWaiting()));
  event.waitUntil(straight(event));
});

// Where the browser can, files come from the cache without this worker being asked for each.
async function straight(event) {
  try {
    await event.addRoutes?.({ condition: { urlPattern: { pathname: '/static/*' } }, source: { cacheName: OWN } });
  } catch { /* it knows routes, but none to a cache */ }
}

async function fill() {
  const cache = await caches.open(OWN);
  await cache.addAll(KEPT.map((path) => new Request(path, { cache: 'no-cache' })));
}

self.addEventListener('activate', (event) => event.waitUntil(replace()));

async function replace() {
  const old = (await caches.keys()).filter((name) => name.startsWith('wangge-worker-') && ![OWN, TILES, ANSWERS].includes(name));
  await Promise.all(old.map((name) => caches.delete(name)));
  await self.clients.claim();
}

self.addEventListener('fetch', (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== 'GET' || origin !== self.location.origin) return;
  if (pathname === SHELL) event.respondWith(shell(request));
  else if (KEPT.includes(pathname)) event.respondWith(kept(request));
  else if (pathname === CATALOGUE) event.respondWith(renewed(event, ANSWERS, { always: true }));
  else if (GROUND.test(pathname)) event.respondWith(renewed(event, TILES));
});

// The page, unless its language or theme was changed since.
async function shell(request) {
  const cache = await caches.open(OWN);
  const page = await cache.match(SHELL);
  if (page && !(await cache.match(STALE))) return page;
  try {
    const answer = await fetch(request);
    if (answer.ok) {
      await cache.put(SHELL, answer.clone());
      await cache.delete(STALE);
    }
    return answer;
  } catch (error) {
    if (page) return page;
    throw error;
  }
}

async function kept(request) {
  return (await (await caches.open(OWN)).match(request, { ignoreSearch: true })) ?? fetch(request);
}

// What is kept, at once, and asked anew meanwhile. Tiles are kept only where the page put them, so
// that they do not grow without end; `always` keeps also what was not kept before.
async function renewed(event, name, { always = false } = {}) {
  const cache = await caches.open(name);
  const old = await cache.match(event.request);
  const anew = fetch(event.request).then(async (answer) => {
    if (answer.ok && (old || always)) await cache.put(event.request, answer.clone());
    return answer;
  });
  if (!old) return anew;
  event.waitUntil(anew.catch(() => {}));
  return old;
}
