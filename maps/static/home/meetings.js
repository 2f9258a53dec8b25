// 议事会议: who sat together, what was decided, and what became of it.

import { get } from '../page/ask.js';
import { make } from '../page/build.js';
import { day } from '../page/time.js';
import { t, term } from '../page/words.js';
import { filled, nothing, paragraphs, row, rows } from './parts.js';
import { noneOf, ofMine } from './place.js';
import { entitle, view } from './route.js';

const LOOKS = { open: 'accent', done: 'good', dropped: 'late' };
const all = () => get(`/community/meetings${ofMine({ limit: 100 })}`);

view('meetings', (number) => (number ? one(Number(number)) : list()));

export function meetingRow({ id, kind, title, at, decisions }) {
  const done = decisions.filter(({ state }) => state === 'done').length;
  return row({ to: `meetings/${id}`, title, under: [day(at), term('council_kind', kind), decisions.length ? t('home.meetings.kept', { done, n: decisions.length }) : null].filter(Boolean).join(' · ') });
}

function list() {
  return { title: t('home.meetings.title'), lead: t('home.meetings.lead'),
    body: [filled(all, (found) => make('div', { class: 'paper' }, rows(found, meetingRow, noneOf('meetings'))))] };
}

function one(number) {
  return { title: t('home.meetings.one'), back: { to: 'meetings', text: t('home.meetings.title') }, body: [filled(all, (found) => {
    const told = found.find(({ id }) => id === number);
    if (!told) return nothing(t('home.gone'));
    entitle(told.title);
    return [
      make('article', { class: 'paper letter' }, make('p', { class: 'soft', text: [term('council_kind', told.kind), day(told.at), told.place].filter(Boolean).join(' · ') }), ...paragraphs(told.body)),
      make('section', { class: 'stack', 'aria-labelledby': 'decided' }, make('h2', { id: 'decided', text: t('home.meetings.decided') }),
        told.decisions.length ? make('ol', { class: 'decisions paper' }, told.decisions.map(decision)) : nothing(t('home.meetings.nothing'))),
    ];
  })] };
}

function decision({ words, who, due_on: due, state, outcome }) {
  const by = [who && t('home.meetings.who', { who }), due && t('home.meetings.due', { day: day(due) })].filter(Boolean);
  return make('li', {}, make('p', { class: 'title', text: words }),
    make('p', { class: 'chips' }, make('span', { class: `badge ${LOOKS[state] ?? ''}`, text: term('decision_state', state) }), by.length ? make('span', { class: 'soft small', text: by.join(' · ') }) : null),
    outcome ? make('p', { class: 'outcome', text: t('home.meetings.outcome', { words: outcome }) }) : null);
}
