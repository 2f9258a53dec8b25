// 吹哨 of a case: each whistle with those it called, how far they came, and what was agreed.

import { t, term } from '../page/words.js';
import { make } from './build.js';
import { moment } from './hours.js';
import { telephone } from './panel.js';


// What a party has still to do in each state, and by when.
const NEXT = { invited: ['claim', 'claim_due_at'], claimed: ['arrive', 'arrive_due_at'], arrived: ['finish', 'finish_due_at'] };
const OVER = new Set(['closed', 'refused']);

export function whistleList(whistles) {
  return make('ol', { class: 'whistles' }, ...whistles.slice().reverse().map(whistle));
}

function whistle(one) {
  const by = one.unit ?? one.cell_name;
  return make('li', {},
    make('p', { class: 'top' }, make('b', { text: [t('map.whistle.round', { n: one.round }), term('whistle_kind', one.kind)].join(' · ') }),
      make('span', { class: 'mark', text: term('whistle_state', one.state) })),
    make('p', { class: 'soft', text: [by, moment(one.asked_at), waits(one)].filter(Boolean).join(' · ') }),
    one.words ? make('p', { class: 'plain', text: one.words }) : null,
    make('ul', { class: 'parties' }, ...one.parties.map((called) => party(called, OVER.has(one.state)))),
    ...one.meetings.map(meeting),
    one.closing ? make('p', { class: 'soft', text: t('map.whistle.closing', { words: one.closing }) }) : null);
}

function waits({ state, approve_due_at: approve, late }) {
  return state === 'asked' ? t(late ? 'map.whistle.approve_late' : 'map.whistle.approve', { when: moment(approve) }) : '';
}

function party(one, isOver) {
  const [act, due] = isOver ? [] : NEXT[one.state] ?? [];
  const marks = one.late.map((what) => make('span', { class: 'mark late', text: t('map.whistle.late', { move: term('move', what) }) }));
  const when = act ? t('map.whistle.until', { move: term('move', act), when: moment(one[due]) }) : one.finished_at ? moment(one.finished_at) : '';
  return make('li', {},
    make('p', { class: 'top' }, make('span', { class: 'part', text: term('part', one.part) }),
      make('span', { class: 'name', text: one.name ?? one.code }), telephone(one.name ?? one.code, one.phone)),
    make('p', { class: 'soft' }, [term('party_state', one.state), when, one.rating && t('map.whistle.rated', { rating: one.rating })].filter(Boolean).join(' · '), ...marks),
    one.words ? make('p', { class: 'said-so', text: one.words }) : null);
}

function meeting(one) {
  return make('div', { class: 'meeting' },
    make('p', { class: 'top' }, make('b', { text: t('map.whistle.meeting') }), make('time', { datetime: one.at, text: moment(one.at) })),
    make('p', { class: 'soft', text: [one.place, ...(one.participant_names ?? [])].filter(Boolean).join(' · ') }),
    one.decisions ? make('p', { class: 'said-so', text: one.decisions }) : null,
    one.tasks.length ? make('ul', { class: 'tasks' }, ...one.tasks.map(task)) : null);
}

function task({ name, words: what, due_at: due, done_at: done, late }) {
  return make('li', {}, make('p', { class: 'plain', text: t('map.whistle.task', { name, what }) }),
    make('p', { class: 'soft' }, done ? t('map.whistle.done', { when: moment(done) }) : t('map.whistle.due', { when: moment(due) }), late ? make('span', { class: 'mark late', text: t('map.whistle.overdue') }) : null));
}
