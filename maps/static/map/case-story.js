// What happened to a case: every move with who and when, the newest first; and its photographs.

import { actor as whom, t, term } from '../page/words.js';
import { make } from './build.js';
import { folded } from './fold.js';
import { moment } from './hours.js';
import { section } from './panel.js';

const MOST = 6;

export function story({ code, timeline }) {
  if (!timeline.length) return section(t('map.story.title'), make('p', { class: 'none', text: t('map.story.none') }));
  const rows = timeline.slice().reverse().map(line);
  return section(t('map.story.title'), folded('ol', { class: 'story' }, rows, {
    key: `story ${code}`, most: MOST, words: (rest) => t('map.story.more', { n: rest }),
  }));
}

function line(event) {
  const { move, source, target, at } = event;
  const [about, said] = [facts(event), event.words || event.detail?.reason];
  return make('li', { class: source === target ? 'stays' : 'moves' },
    make('p', { class: 'top' }, make('b', { text: term('move', move) }),
      make('time', { datetime: at, text: moment(at) })),
    make('p', { class: 'soft', text: [by(event), ...about].join(' · ') }),
    said ? make('p', { class: 'said-so', text: said }) : null);
}

function by({ actor, unit, worker }) {
  const to = worker ?? unit;
  return `${whom(actor)}${to ? ` → ${to}` : ''}`;
}

function facts({ move, condition, other, detail }) {
  const { until, rating, cell, level, closing, whistle, party, parties } = detail ?? {};
  return [
    whistle && t('map.whistle.round', { n: whistle }),
    party,
    condition && t('map.story.condition', { of: condition }),
    closing && t('map.story.closing', { of: closing }),
    until && t('map.story.until', { when: moment(until) }),
    rating && t('map.story.rating', { rating }),
    cell && t('map.story.cell', { cell }),
    other && t('map.story.case', { other }),
    move === 'escalate' && level && t('map.story.escalated', { level: term('division_level', level) }),
    parties?.join('、'),
  ].filter(Boolean);
}

export function photos({ code, photos: taken }) {
  if (!taken.length) return null;
  const path = `/cases/${encodeURIComponent(code)}/photos`;
  return section(t('map.photos'), make('ul', { class: 'photos' }, ...taken.map(({ number, width, height, added_at: at, is_far: far }) => make('li', {},
    make('a', { href: `${path}/${number}.jpg`, target: '_blank', rel: 'noopener', 'aria-label': t('map.photo', { number }) },
      make('img', { src: `${path}/${number}/thumb.jpg`, width, height, alt: t('map.photo_at', { number, when: moment(at) }), loading: 'lazy' }),
      far ? make('span', { class: 'far', text: t('map.photo_far') }) : null)))));
}
