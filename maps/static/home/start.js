// What stands below the head: what is told here, what is voted on, what was decided.

import { make } from '../page/build.js';
import { t } from '../page/words.js';
import { nothing, unread, waiting } from './parts.js';
import { load, mine, noneOf, onPlace } from './place.js';
import { expected } from '../page/ask.js';
import { pollRow } from './polls.js';
import { meetingRow } from './meetings.js';
import { noticeRow } from './notices.js';

const SOME = { notices: 4, polls: 3, meetings: 2 };

export function start() {
  onPlace(draw);
  for (const name of ['notices', 'polls', 'meetings']) boxOf(name).replaceChildren(waiting());
}

const boxOf = (name) => document.getElementById(`some-${name}`);

function draw() {
  const { community, failed } = mine;
  if (!community || failed) {
    for (const name of ['notices', 'polls', 'meetings']) boxOf(name).replaceChildren(name === 'notices' ? unread(new Error(), () => load().catch(expected)) : '');
    return;
  }
  const { notices, polls, meetings, division } = community;
  document.getElementById('whose').textContent = division ? t('home.of', { name: division.name }) : t('home.of_town');
  fill('notices', notices, noticeRow);
  fill('polls', polls, pollRow);
  fill('meetings', meetings, meetingRow);
}

function fill(name, list, one) {
  boxOf(name).replaceChildren(list.length ? make('ul', { class: 'rows' }, list.slice(0, SOME[name]).map((each) => make('li', {}, one(each)))) : nothing(noneOf(name)));
}
