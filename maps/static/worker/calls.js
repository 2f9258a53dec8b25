// 应哨: what a whistle asks of my unit, and a joint meeting decided that it does, and how one answers.
// What was answered here and has not arrived yet counts as done.

import { now } from '../page/time.js';
import { t, term } from '../page/words.js';
import { holds, state } from './state.js';

const SOUNDING = new Set(['sounding', 'meeting']);
const NEXT = {
  invited: { due: 'claim_due_at', steps: [{ move: 'claim', needs: [] }, { move: 'decline', needs: ['reason'] }] },
  claimed: { due: 'arrive_due_at', steps: [{ move: 'arrive', needs: [] }] },
  arrived: { due: 'finish_due_at', steps: [{ move: 'finish', needs: ['words'] }] },
};
const LEADS = { claim: 'claimed', decline: 'declined', arrive: 'arrived', finish: 'finished' };

const CARRY_OUT = { move: 'follow_up', needs: ['words'] };

// What waits for my unit about a case, the first due first: each { place, title, words, under, steps,
// due, share, late }, where `place` is what is answered: a party of a whistle, or a task.
export const callsOf = (one) => [invitation(one), errand(one)].filter(Boolean).sort((a, b) => Date.parse(a.due) - Date.parse(b.due));
export const callOf = (one) => callsOf(one)[0] ?? null;

function invitation(one) {
  if (!SOUNDING.has(one.whistle?.state)) return null;
  const { round, kind, words, parties } = one.whistle;
  for (const party of parties) {
    const place = { round, party: party.number };
    const told = answerTo(one, place);
    const next = party.mine && NEXT[told ? LEADS[told.about.move] : party.state];
    if (next) {
      return { place, title: t('worker.call.title', { who: party.name, part: term('part', party.part) }), words, under: term('whistle_kind', kind), steps: next.steps, ...timeOf(party.invited_at, party[next.due]) };
    }
  }
  return null;
}

function errand(one) {
  const task = tasksOf(one).find(({ mine, done_at: done, told }) => mine && !done && !told);
  return task ? { place: task.place, title: t('worker.call.task', { who: task.name }), words: task.words, under: term('move', 'meet'), steps: [CARRY_OUT], ...timeOf(task.from_at, task.due_at) } : null;
}

// What units are to do after a joint meeting; `told` is what was told of it here.
export const tasksOf = (one) => (one.tasks ?? []).map((task) => {
  const place = { round: task.round, task: task.number };
  return { ...task, place, told: answerTo(one, place) };
});

function answerTo(one, place) {
  return state.items.findLast(({ kind, about, ...item }) => kind === 'answer' && about.code === one.code && Object.entries(place).every(([name, value]) => about[name] === value) && holds(item));
}

function timeOf(from, due) {
  const share = (now() - Date.parse(from)) / Math.max(1, Date.parse(due) - Date.parse(from));
  return { due, share, late: share >= 1 };
}

// An answer as it waits to be sent. That somebody of the unit was faster, the server says by itself.
export function answered(one, { place }, move, { reason, words }) {
  const path = place.task ? `tasks/${place.task}/done` : `parties/${place.party}/${move}`;
  return {
    kind: 'answer', url: `/cases/${encodeURIComponent(one.code)}/whistles/${place.round}/${path}`,
    body: { words: reason ?? words ?? '' }, seen: one.version, about: { ...place, move },
  };
}
