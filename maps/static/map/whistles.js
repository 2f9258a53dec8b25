// 吹哨 of a case: each whistle with those it called, how far they came, and what was agreed.

import { both, make } from './build.js';
import { moment } from './hours.js';
import { telephone } from './panel.js';
import { settings } from './state.js';

const { words } = settings;

// What a party has still to do in each state, and by when.
const NEXT = { invited: ['应哨', 'claim_due_at'], claimed: ['到场', 'arrive_due_at'], arrived: ['完成', 'finish_due_at'] };
const OVER = new Set(['closed', 'refused']);
const LATE = { claim: '应哨逾期', arrive: '到场逾期', finish: '完成逾期' };

export function whistleList(whistles) {
  return make('ol', { class: 'whistles' }, ...whistles.slice().reverse().map(whistle));
}

function whistle(one) {
  const by = one.unit ?? one.cell_name;
  return make('li', {},
    make('p', { class: 'top' }, make('b', { text: `第 ${one.round} 哨 · ${words.whistle_kind[one.kind] ?? one.kind}` }),
      make('span', { class: 'mark', text: words.whistle[one.state] ?? one.state })),
    make('p', { class: 'soft', text: [by, moment(one.asked_at), waits(one)].filter(Boolean).join(' · ') }),
    one.words ? make('p', { class: 'plain', text: one.words }) : null,
    make('ul', { class: 'parties' }, ...one.parties.map((called) => party(called, OVER.has(one.state)))),
    ...one.meetings.map(meeting),
    one.closing ? make('p', { class: 'soft', text: `收哨：${one.closing}` }) : null);
}

function waits({ state, approve_due_at: approve, late }) {
  return state === 'asked' ? `审批 ${moment(approve)} 到期${late ? '，已逾期' : ''}` : '';
}

function party(one, isOver) {
  const [act, due] = isOver ? [] : NEXT[one.state] ?? [];
  const marks = one.late.map((what) => make('span', { class: 'mark late', text: LATE[what] ?? what }));
  const when = act ? `${act} ${moment(one[due])} 前` : one.finished_at ? moment(one.finished_at) : '';
  return make('li', {},
    make('p', { class: 'top' }, make('span', { class: 'part', text: words.part[one.part] ?? one.part }),
      make('span', { class: 'name', text: one.name ?? one.code }), telephone(one.name ?? one.code, one.phone)),
    make('p', { class: 'soft' }, [words.party[one.state] ?? one.state, when, one.rating && `评 ${one.rating} 分`].filter(Boolean).join(' · '), ...marks),
    one.words ? make('p', { class: 'said-so', text: one.words }) : null);
}

function meeting(one) {
  return make('div', { class: 'meeting' },
    make('p', { class: 'top' }, make('b', {}, ...both('联席会商', 'Meeting')), make('time', { datetime: one.at, text: moment(one.at) })),
    make('p', { class: 'soft', text: [one.place, ...(one.participant_names ?? [])].filter(Boolean).join(' · ') }),
    one.decisions ? make('p', { class: 'said-so', text: one.decisions }) : null,
    one.tasks.length ? make('ul', { class: 'tasks' }, ...one.tasks.map(task)) : null);
}

function task({ name, words: what, due_at: due, done_at: done, late }) {
  return make('li', {}, make('p', { class: 'plain', text: `${name}：${what}` }),
    make('p', { class: 'soft' }, done ? `已落实 ${moment(done)}` : `${moment(due)} 前落实`, late ? make('span', { class: 'mark late', text: '逾期' }) : null));
}
