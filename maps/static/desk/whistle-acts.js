// What a whistle waits for, and may be done here: the chief approves it or not; who was called
// answers for himself, or who dispatches on his behalf.

import { expected, newId, post } from '../page/ask.js';
import { make } from '../page/build.js';
import { dialog, toast } from '../page/tell.js';
import { when } from '../page/time.js';
import { t, term } from '../page/words.js';
import { may } from './state.js';

const NEXT = { invited: ['claim', 'decline'], claimed: ['arrive'], arrived: ['finish'] };
const DUE = { invited: 'claim_due_at', claimed: 'arrive_due_at', arrived: 'finish_due_at' };
const NEEDS = { decline: 'reason', refuse_whistle: 'reason', finish: 'words', follow_up: 'words' };
const LOOKS = { claim: 'main', arrive: 'main', finish: 'main', follow_up: '', approve: 'main', decline: '', refuse_whistle: 'danger' };
const SOUNDING = new Set(['sounding', 'meeting']);

// Approving or refusing a whistle that was asked for, and an emergency afterwards.
export function approval(whistle, context) {
  if (!may('approve') || whistle.approved_at || ['refused', 'closed'].includes(whistle.state)) return null;
  return make('div', { class: 'acts' }, [['approve', 'approve'], ['refuse_whistle', 'refuse']].map(([move, path]) => button(move, path, { whistle, ...context })));
}

// Until when somebody has to do the next, and the acts by which he tells that he did.
export function answers(whistle, party, context) {
  if (!SOUNDING.has(whistle.state) || !NEXT[party.state]) return null;
  return make('div', { class: 'answer' }, make('span', { class: 'soft small', text: t('desk.whistle.until', { when: when(party[DUE[party.state]]) }) }),
    may('answer') && NEXT[party.state].map((move) => button(move, `parties/${party.number}/${move}`, { whistle, seen: party.version, ...context })));
}

// What a meeting gave somebody to do: done, or until when, and the telling that it is done.
export function settles(whistle, { number, name, due_at: due, done_at: done, done_words: words, late }, context) {
  const standing = done ? t('desk.meeting.done', { when: when(done) }) : t('desk.meeting.due', { when: when(due) });
  return make('div', { class: 'answer' },
    make('span', { class: 'soft small', text: [name, standing, words].filter(Boolean).join(' · ') }),
    late && make('span', { class: 'badge late', text: t('desk.meeting.late') }),
    !done && may('answer') && button('follow_up', `tasks/${number}/done`, { whistle, ...context }));
}

function button(move, path, { whistle, file, done, seen = whistle.version }) {
  return make('button', { type: 'button', class: `btn ${LOOKS[move]}`, 'data-key': `${path}-${whistle.round}`, 'data-move': move, text: term('move', move), onclick: async () => {
    const words = NEEDS[move] ? await told(move) : '';
    if (words === null) return;
    await post(`/cases/${encodeURIComponent(file.code)}/whistles/${whistle.round}/${path}`, { words, seen, request_id: newId() })
      .then(() => toast(t('desk.act.done', { move: term('move', move), title: file.title })), (error) => {
        toast(t('page.state.refused', { why: error.message }));
        expected(error);
      });
    await done({ anew: true });
  } });
}

// What must be told with a move; null when nothing is to happen.
async function told(move) {
  const input = make('textarea', { id: 'whistle-told', rows: 2, maxlength: 500, required: true });
  const answer = await dialog(term('move', move), make('div', { class: 'field' }, make('label', { for: input.id, text: t(`desk.need.${NEEDS[move]}`) }), input),
    [{ value: '', text: t('page.do.cancel') }, { value: 'yes', text: t('page.do.confirm'), look: LOOKS[move] || 'main' }]);
  return answer === 'yes' ? input.value.trim() : null;
}
