// 通知公告: what is told to those who live here.

import { get } from '../page/ask.js';
import { make } from '../page/build.js';
import { day } from '../page/time.js';
import { t } from '../page/words.js';
import { filled, nothing, paragraphs, row, rows } from './parts.js';
import { noneOf, ofMine } from './place.js';
import { entitle, view } from './route.js';

const all = () => get(`/community/notices${ofMine({ past: true, limit: 100 })}`);
const isOver = ({ until_at: until }) => until && new Date(until) < Date.now();

view('notices', (number) => (number ? one(Number(number)) : list()));

function list() {
  return { title: t('home.notices.title'), lead: t('home.notices.lead'), body: [filled(all, (found) => {
    const past = found.filter(isOver);
    return [
      make('div', { class: 'paper' }, rows(found.filter((each) => !isOver(each)), noticeRow, noneOf('notices'))),
      past.length ? make('details', { class: 'past' }, make('summary', { text: t('home.notices.past', { n: past.length }) }), make('div', { class: 'paper' }, rows(past, noticeRow, ''))) : '',
    ];
  })] };
}

export const noticeRow = ({ id, title, body, from_at: from, division }) => row({ to: `notices/${id}`, title, excerpt: body, under: [day(from), division].filter(Boolean).join(' · ') });

function one(number) {
  return { title: t('home.notices.one'), back: { to: 'notices', text: t('home.notices.title') }, body: [filled(all, (found) => {
    const told = found.find(({ id }) => id === number);
    if (!told) return nothing(t('home.gone'));
    entitle(told.title);
    return make('article', { class: 'paper letter' },
      make('p', { class: 'soft', text: [told.division ?? t('home.town'), day(told.from_at)].join(' · ') }),
      isOver(told) ? make('p', { class: 'notice warn', text: t('home.notices.over', { day: day(told.until_at) }) }) : null,
      ...paragraphs(told.body),
      told.until_at && !isOver(told) ? make('p', { class: 'soft', text: t('home.notices.until', { day: day(told.until_at) }) }) : null);
  })] };
}
