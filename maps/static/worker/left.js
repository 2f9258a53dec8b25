// Between two sign-ins: what was kept of the one before goes. Who signs in goes on at once; who signed
// out is told what still waits to be sent, which stays.

import { t } from '../page/words.js';
import * as kept from './kept.js';
import { asleep } from './waiting.js';

await kept.wipe();
const onward = document.getElementById('onward');
if (onward.pathname !== '/sign-in') window.location.replace(onward.href);
document.getElementById('left').textContent = t('offline.left.wiped');
const n = await asleep();
const line = document.getElementById('asleep');
line.hidden = !n;
if (n) line.textContent = t('offline.left.waiting', { n });
