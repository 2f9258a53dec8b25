// From where something is near: where one stands if that was asked for just now, else one's cell,
// else the middle of the town. A position is used and forgotten.

import { expected, get } from '../page/ask.js';
import { t } from '../page/words.js';
import { mine } from './place.js';

let middle;

export async function whereabouts() {
  if (mine.code) return { cell: mine.code };
  middle ??= get('/overview').then(({ bbox }) => bbox && { lon: ((bbox[0] + bbox[2]) / 2).toFixed(6), lat: ((bbox[1] + bbox[3]) / 2).toFixed(6) }).catch((error) => {
    middle = null;
    expected(error);
    return null;
  });
  return middle;
}

// Asks the browser once, for who pressed `button`: GeolocationCoordinates, or why not in words.
export function position(button) {
  if (!navigator.geolocation || !window.isSecureContext) return Promise.reject(new Unplaced('insecure'));
  button.setAttribute('aria-busy', 'true');
  return new Promise((done, fail) => {
    navigator.geolocation.getCurrentPosition(({ coords }) => done(coords), ({ code }) => fail(new Unplaced(['', 'denied', 'unavailable', 'slow'][code])), { enableHighAccuracy: true, timeout: 10_000, maximumAge: 15_000 });
  }).finally(() => button.removeAttribute('aria-busy'));
}

export class Unplaced extends Error {
  get words() {
    return t(`home.position.${this.message}`);
  }
}
