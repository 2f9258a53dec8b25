// What waits: by deadline, one press from being done.

import { make, sign } from '../page/build.js';
import { clock, day } from '../page/time.js';
import { count, t } from '../page/words.js';
import { waits, ASKED } from './asked.js';
import { divisionName, mayPublish } from './place.js';

const DAY_MS = 86_400_000;
const late = ({ due_at: due, overdue }) => overdue || (due && new Date(due) < Date.now());

function block(key, rows, row) {
  if (!rows.length) return null;
  return make('section', { class: 'paper block', 'aria-labelledby': `waits-${key}` },
    make('header', {}, make('h2', { id: `waits-${key}` }, t(`community.work.${key}`), make('span', { class: 'soft num many', text: count(rows.length) })), make('a', { href: `#${key === 'decisions' ? 'meetings' : key}`, text: t('home.all'), 'aria-describedby': `waits-${key}` })),
    make('ul', { class: 'rows' }, rows.map((one) => make('li', {}, row(one)))));
}

const line = (to, title, under, side) => make('a', { class: 'row', href: `#${to}` },
  make('span', { class: 'grow' }, make('span', { class: 'title', text: title }), make('span', { class: 'under', text: under.filter(Boolean).join(' · ') })), side, sign('next'));

const ofAsked = (kind) => (one) => line(`${kind}/${one.id}`, ASKED[kind].title(one), ASKED[kind].under(one), waits(one));
const ofPoll = (one) => line(`polls/${one.id}`, one.title, [divisionName(one.division_code)], clock({ share: null, due: one.closes_at, warned: new Date(one.closes_at) - Date.now() < DAY_MS }));
const ofDecision = (one) => line(`decisions/${one.id}`, one.words, [one.meeting_title, one.who, one.due_on && t('home.meetings.due', { day: day(one.due_on) })],
  one.overdue ? make('span', { class: 'badge late', text: t('community.work.late') }) : null);

export function begin(work) {
  if (!mayPublish()) return [make('header', { class: 'head' }, make('h1', { tabindex: '-1', text: t('community.kind.work') }), make('p', { class: 'notice warn', text: t('community.nowhere') }))];
  const all = [...work.questions, ...work.applications, ...work.polls, ...work.decisions];
  const n = all.length;
  const overdue = all.filter(late).length;
  return [
    make('header', { class: 'head' }, make('h1', { tabindex: '-1', text: t(n ? 'community.work.title' : 'community.work.none', { n }) }),
      make('p', { class: overdue ? 'late-words' : 'soft', text: n ? t(overdue ? 'community.work.overdue' : 'community.work.in_time', { n: overdue }) : t('community.work.none_say') }),
      make('div', { class: 'acts' }, ['notices', 'guides', 'polls', 'meetings'].map((kind) => make('a', { class: 'btn', href: `#${kind}/new` }, sign('plus'), t(`community.new.${kind}`))))),
    make('div', { class: 'blocks' }, [block('questions', work.questions, ofAsked('questions')), block('applications', work.applications, ofAsked('applications')), block('polls', work.polls, ofPoll), block('decisions', work.decisions, ofDecision)].filter(Boolean)),
  ];
}
