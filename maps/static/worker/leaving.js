// Signing out: asked first while something waits, then all that is kept of the sign-in goes.

import { sure } from '../page/tell.js';
import { t } from '../page/words.js';
import * as kept from './kept.js';
import * as waiting from './waiting.js';

// Every form of the page that signs out passes here.
export function atSignOut() {
  document.addEventListener('submit', (event) => {
    const form = event.target;
    if (new URL(form.action).pathname !== '/sign-out' || form.dataset.left) return;
    event.preventDefault();
    leave().then((gone) => {
      if (!gone) return;
      form.dataset.left = 'yes';
      form.requestSubmit(event.submitter);
    });
  });
}

async function leave() {
  const n = (await waiting.all()).filter(({ state }) => state !== 'done').length;
  if (n && !(await sure(t('offline.leave.title', { n }), t('offline.leave.words'), t('offline.leave.yes')))) return false;
  await kept.wipe();
  return true;
}
