// The day as a list: what is mine to do, by urgency and way; what is due later; what others hold in
// my cells. On top what the staff are told.

import { make, sign } from '../page/build.js';
import { clock, day as inDays, now, when } from '../page/time.js';
import { language, t, term } from '../page/words.js';
import { callOf } from './calls.js';
import { watch } from './here.js';
import { dayOf, distance, inPlace, joined, nothing, picture } from './parts.js';
import { to } from './route.js';
import { state, waitingFor } from './state.js';
import { along, isDone, isDue, isLate, isMine, stops } from './stops.js';

const READ = 'wangge.worker.read';

export function open(root) {
  const draw = () => inPlace(root, notices(), summary(), here(), list(), later(), others());
  draw();
  return { update: (what) => ['day', 'here', 'items', 'minute'].includes(what) && draw() };
}

function summary() {
  const due = stops().filter(isDue);
  const late = due.filter(isLate).length;
  return make('header', { class: 'summary' },
    make('p', { class: 'soft small', text: inDays(now()) }),
    make('h2', { text: due.length ? t('worker.today.due', { n: due.length }) : t('worker.today.clear') }),
    late > 0 && make('span', { class: 'badge late', text: t('worker.today.late', { n: late }) }));
}

// In order of the way from where one stands, if one lets the page know.
function here() {
  if (state.here || !stops().length) return null;
  return make('button', { type: 'button', class: 'btn bare by-way', 'data-key': 'here', onclick: () => watch({ quiet: false }) }, sign('pin'), t('worker.today.by_way'));
}

function list() {
  const due = stops().filter(isDue);
  if (!due.length) return nothing(t('worker.today.nothing'));
  return make('ol', { class: 'rows paper stops' }, due.map(row));
}

function later() {
  const rest = stops().filter((stop) => !isDue(stop));
  return rest.length ? folded('later', t('worker.today.later', { n: rest.length }), rest) : null;
}

function others() {
  const rest = state.day.cases.filter((one) => !isMine(one) && !callOf(one)).map((one) => ({ kind: 'case', id: one.code, one }));
  return rest.length ? folded('others', t('worker.today.others', { n: rest.length }), along(rest, null)) : null;
}

const unfolded = new Set();
// Its rows are made when it is opened.
function folded(name, words, rest) {
  const rows = make('ol', { class: 'rows paper stops' }, unfolded.has(name) ? rest.map(row) : []);
  return make('details', { class: 'more', open: unfolded.has(name), ontoggle: ({ currentTarget: { open: isOpen } }) => {
    unfolded[isOpen ? 'add' : 'delete'](name);
    if (isOpen && !rows.children.length) rows.append(...rest.map(row));
  } }, make('summary', { 'data-key': name, text: words }), rows);
}

// Rows

function row(stop) {
  return make('li', {}, stop.call ? callRow(stop) : stop.kind === 'case' ? caseRow(stop) : visitRow(stop));
}

// A whistle calls my unit: what it waits for, and until when.
function callRow({ id, one, call }) {
  return make('a', { class: 'row stop', href: to('case', id), 'data-key': id, 'data-stop': id },
    make('span', { class: `what call ${call.late ? 'late' : ''}`, 'aria-hidden': 'true' }, sign('whistle')),
    make('span', { class: 'grow' },
      make('span', { class: 'title', text: one.title || one.class_name }),
      make('span', { class: 'under', text: joined(one.address, distance(one)) }),
      make('span', { class: 'marks' }, make('span', { class: 'badge accent', text: t(`worker.call.${call.steps[0].move}`) }), marks(id, call.under))),
    clock(call));
}

function caseRow({ id, one }) {
  return make('a', { class: 'row stop', href: to('case', id), 'data-key': id, 'data-stop': id },
    make('span', { class: `what case ${one.urgency === 0 ? 'late' : ''}`, 'aria-hidden': 'true' }, picture('case')),
    make('span', { class: 'grow' },
      make('span', { class: 'title', text: one.title || one.class_name }),
      make('span', { class: 'under', text: joined(one.address, distance(one)) }),
      make('span', { class: 'marks' }, marks(id, one.mine ? stateOf(one) : joined(stateOf(one), one.holder?.name)))),
    clock(timeOf(one)));
}

function visitRow({ id, one }) {
  return make('a', { class: 'row stop', href: to('visit', id), 'data-key': id, 'data-stop': id },
    make('span', { class: `what visit ${one.urgency === 0 ? 'late' : ''}`, 'aria-hidden': 'true' }, sign('people')),
    make('span', { class: 'grow' },
      make('span', { class: 'title', text: t('worker.visit.row', { name: one.name_mask }) }),
      make('span', { class: 'under', text: joined(one.address, distance(one)) }),
      make('span', { class: 'marks' }, marks(id, one.categories.map((each) => term('care_category', each)).join(language === 'en' ? ', ' : '、')))),
    make('span', { class: `clock ${one.overdue_days > 0 ? 'late' : ''}`, text: dueOn(one) }));
}

export const stateOf = (one) => term('case_state', one.state);

function marks(id, words) {
  const waits = waitingFor(id);
  const stuck = waits.some(({ state: at }) => at === 'conflict' || at === 'refused');
  return [
    make('span', { class: 'soft tiny', text: words }),
    waits.length > 0 && make('span', { class: `badge ${stuck ? 'late' : 'calm'}`, text: t(stuck ? 'worker.queue.stuck' : isDone(id) ? 'worker.queue.done_here' : 'worker.queue.unsent') }),
  ].filter(Boolean);
}

// How much of a case's limit is gone, from its report on.
export function timeOf(one) {
  const [from, due] = [new Date(one.reported_at), new Date(one.due_at)];
  const share = one.due_at ? (now() - from) / Math.max(1, due - from) : null;
  return { share, due: one.due_at, late: one.overdue || share >= 1, warned: one.warned || share >= 0.8, paused: one.state === 'suspended' };
}

export function dueOn(one) {
  if (one.overdue_days > 0) return t('worker.visit.overdue', { n: one.overdue_days });
  return isDue({ one }) ? t('worker.visit.today') : t('worker.visit.due', { day: dayOf(one.due_on) });
}

// Notices

function read() {
  try {
    return JSON.parse(localStorage.getItem(READ) ?? '[]');
  } catch {
    return [];
  }
}

function notices() {
  const unread = state.day.notices.filter(({ id }) => !read().includes(id));
  return unread.map((one) => make('article', { class: 'notice staff' },
    make('div', { class: 'grow' }, make('h3', { text: one.title }), make('p', { class: 'words', text: one.body }),
      make('p', { class: 'soft tiny', text: joined(when(one.at), one.until && t('worker.notice.until', { when: when(one.until) })) })),
    make('button', { type: 'button', class: 'btn', 'data-key': `notice-${one.id}`, text: t('worker.notice.read'), onclick: ({ currentTarget }) => {
      localStorage.setItem(READ, JSON.stringify([...read(), one.id].slice(-100)));
      currentTarget.closest('article').remove();
    } })));
}

