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
  self.postMessage({ id, ...answer(act, told) });
});
