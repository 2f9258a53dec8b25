// Sending what waits when no page is open: where there is Background Sync the browser wakes the service
// worker once the network is back. It opens the queue with the key that the sign-in left on the phone;
// when that sign-in is over, what waits is for the same account's next one.

import * as kept from './kept.js';
import { forgetDelays, pass } from './sending.js';

const pages = new BroadcastChannel('wangge-queue');

self.addEventListener('sync', (event) => event.waitUntil(send()));

async function send() {
  if (!(await kept.reopen()).open) return;
  forgetDelays();
  const due = await navigator.locks.request('wangge-queue', () => pass(() => pages.postMessage('changed')));
  if (due !== null) throw new Error('something waits still'); // the browser tries again
}
