// The page as an application of the phone: it opens without network, and holds the ground under my
// cells. What of it is kept, and when it is replaced, is decided by sw.js.

const SHELL = '/worker';
const STALE = '/worker/stale';
const TILES = 'wangge-worker-tiles';
const ZOOMS = [14, 15, 16, 17]; // of tiles of 512 pixels: a map's zoom less one
const MOST_TILES = 160;
const AT_ONCE = 4;

// Install it, once the page is usable. `onNew` hears that a newer release has taken its place: what
// is open goes on, and a reload shows the new one.
export async function install({ onNew = () => {} } = {}) {
  if (!navigator.serviceWorker) return;
  if (document.readyState !== 'complete') await new Promise((done) => { window.addEventListener('load', done, { once: true }); });
  let kept = Boolean(navigator.serviceWorker.controller);
  navigator.serviceWorker.addEventListener('controllerchange', () => {
    if (kept) onNew();
    kept = true;
  });
  document.addEventListener('submit', (event) => {
    const form = event.target;
    if (new URL(form.action).pathname !== '/view' || form.dataset.told) return;
    event.preventDefault();
    form.dataset.told = 'yes';
    forgetShell().finally(() => form.requestSubmit(event.submitter));
  });
  const wakes = 'SyncManager' in window; // those browsers know modules there, too
  const [script, type] = wakes ? ['/worker/sw.js?wakes=1', 'module'] : ['/worker/sw.js', 'classic'];
  await navigator.serviceWorker.register(script, { scope: SHELL, type, updateViaCache: 'none' });
}

// The kept page is of one language and one theme: after a change it is asked anew.
async function forgetShell() {
  for (const name of await caches.keys()) {
    const cache = await caches.open(name);
    if (await cache.match(SHELL)) await cache.put(STALE, new Response(''));
  }
}

// Keep the ground of these cells (GeoJSON geometries in WGS-84) at a few zooms. `address({z, x, y})`
// is what the map will ask for; it must name no layer that shows cases.
export async function keepTiles(geometries, address) {
  if (!globalThis.caches || !geometries.length) return;
  const cache = await caches.open(TILES);
  const wanted = new Set(tiles(geometries).map(address));
  for (const { url } of await cache.keys()) {
    const { pathname, search } = new URL(url);
    if (!wanted.has(pathname + search)) await cache.delete(url);
    else wanted.delete(pathname + search);
  }
  const left = [...wanted];
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    for (let url = left.shift(); url; url = left.shift()) await cache.add(url).catch(() => { left.length = 0; });
  }));
}

// The tiles that cover the boxes of some geometries, wide zooms first.
export function tiles(geometries) {
  const found = new Map();
  for (const z of ZOOMS) {
    for (const geometry of geometries) {
      const [west, south, east, north] = boxOf(geometry);
      const [left, top, right, bottom] = [...tileAt(west, north, z), ...tileAt(east, south, z)];
      for (let x = left; x <= right; x += 1) for (let y = top; y <= bottom; y += 1) found.set(`${z}/${x}/${y}`, { z, x, y });
    }
  }
  return [...found.values()].slice(0, MOST_TILES);
}

function tileAt(lon, lat, z) {
  const sine = Math.sin((lat * Math.PI) / 180);
  const across = (lon + 180) / 360;
  const down = 0.5 - Math.log((1 + sine) / (1 - sine)) / (4 * Math.PI);
  return [across, down].map((share) => Math.floor(share * 2 ** z));
}

function boxOf({ coordinates }) {
  const flat = coordinates.flat(Infinity);
  const [lons, lats] = [0, 1].map((odd) => flat.filter((_, place) => place % 2 === odd));
  return [Math.min(...lons), Math.min(...lats), Math.max(...lons), Math.max(...lats)];
}
