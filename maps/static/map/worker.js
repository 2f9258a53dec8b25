// The studio beside the page: it does what it is asked, one thing after the other.

import { studio } from './studio.js';

function answer(act, told) {
  try {
    return { given: act === 'greet' ? true : studio[act](told) };
  } catch (failed) {
    return { failed };
  }
}

self.addEventListener('message', ({ data: { id, act, told } }) => {
  const said = answer(act, told);
  const handed = typeof ImageBitmap === 'function' && said.given instanceof ImageBitmap ? [said.given] : [];
  self.postMessage({ id, ...said }, handed);
});
