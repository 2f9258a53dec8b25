// The studio beside the page: it does what it is asked, one thing after the other.

import { studio } from './studio.js';

self.addEventListener('message', ({ data: { id, act, told } }) => {
  const given = act === 'greet' ? true : studio[act](told);
  const handed = typeof ImageBitmap === 'function' && given instanceof ImageBitmap ? [given] : [];
  self.postMessage({ id, given }, handed);
});
