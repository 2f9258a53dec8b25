// Keeping what was told, and saying what becomes of it.

import { toast } from '../page/tell.js';
import { t } from '../page/words.js';
import * as queue from './queue.js';

// Resolves with its id, or null when the phone could not keep it; that is said.
export async function keep(item, { act } = {}) {
  try {
    const id = await queue.add(item);
    toast(t(navigator.onLine ? 'worker.sent' : 'worker.kept'), act && { act: { label: act.label, run: () => act.run(id) } });
    return id;
  } catch (error) {
    if (!(error instanceof queue.NotKept)) throw error;
    toast(error.message);
    return null;
  }
}
