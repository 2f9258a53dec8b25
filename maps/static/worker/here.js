// Where one stands: asked of the browser when it may already, or when one wants it. It is kept in
// memory alone, is sent with a report and with nothing else.

import { t } from '../page/words.js';
import { toast } from '../page/tell.js';
import { changed, state } from './state.js';

const MOVED_M = 8;
const HOW = { enableHighAccuracy: true, maximumAge: 10_000, timeout: 20_000 };
const FAULTS = { 1: 'worker.here.denied', 2: 'worker.here.unknown', 3: 'worker.here.slow' };
let watching = null;

// Without asking anybody anything.
export async function watchIfAllowed() {
  const told = await navigator.permissions?.query({ name: 'geolocation' }).catch(() => null);
  if (told?.state === 'granted') watch();
}

// Resolves with the first position, or null when there is none to be had.
export function watch({ quiet = true } = {}) {
  if (!navigator.geolocation || !window.isSecureContext) {
    if (!quiet) toast(t('worker.here.insecure'));
    return Promise.resolve(null);
  }
  watching ??= new Promise((found) => {
    navigator.geolocation.watchPosition(({ coords }) => found(take(coords)), ({ code }) => {
      if (state.here) return;
      watching = null;
      if (!quiet) toast(t(FAULTS[code]));
      found(null);
    }, HOW);
  });
  return watching;
}

function take({ longitude, latitude, accuracy }) {
  const before = state.here;
  state.here = { lon: longitude, lat: latitude, accuracy_m: Math.max(1, Math.round(accuracy)), at: Date.now() };
  const moved = !before || Math.hypot(before.lon - longitude, before.lat - latitude) * 111_320 > MOVED_M
    || Math.abs(before.accuracy_m - accuracy) > MOVED_M;
  if (moved) changed('here');
  return state.here;
}
