// What was just done is undone from the passing word about it: as of the version that it made.

import { Lost, Refused, patch, post, remove } from '../page/ask.js';
import { toast } from '../page/tell.js';
import { t } from '../page/words.js';
import { titleOf } from './kinds.js';

// `before` is what stood in the fields that were changed.
export function undoable({ kind, answer, before, saved }) {
  offer(t('community.saved.changed'), saved, () => patch(`/community/${kind}/${answer.id}`, { ...before, version: answer.version }));
}

export async function takenBack({ kind, row, saved }) {
  const path = `/community/pages/${kind}/${row.id}`;
  const { version } = await remove(`${path}?version=${row.version}`);
  offer(t('community.back.done', { title: titleOf(kind, row) }), saved, () => post(`${path}/restore?version=${version}`));
}

// Read again by everybody, as it was.
export async function restored({ kind, row, saved }) {
  const { id } = await post(`/community/pages/${kind}/${row.id}/restore?version=${row.version}`);
  toast(t('community.restored', { title: titleOf(kind, row) }));
  saved(id);
}

function offer(words, saved, undo) {
  const run = () => undo().then(({ id }) => { toast(t('community.undone')); saved(id); }).catch(failed);
  toast(words, { act: { label: t('page.do.undo'), run } });
}

function failed(error) {
  if (!(error instanceof Lost || error instanceof Refused)) throw error;
  toast(t(error instanceof Lost ? 'community.undo_lost' : 'community.undo_late'));
}
