// What happened to a case: every move with who and when, the newest first; and its photographs.

import { both, make } from './build.js';
import { folded } from './fold.js';
import { moment } from './hours.js';
import { section } from './panel.js';
import { settings } from './state.js';

const { words } = settings;
const MOST = 6;
const ACTORS = { clock: '系统', anybody: '市民' };

export function story({ code, timeline }) {
  if (!timeline.length) return section('经过', 'Timeline', make('p', { class: 'none' }, ...both('没有记录', 'Nothing is noted')));
  const rows = timeline.slice().reverse().map(line);
  return section('经过', 'Timeline', folded('ol', { class: 'story' }, rows, {
    key: `story ${code}`, most: MOST, words: (rest) => [`展开 另 ${rest} 条`, `${rest} more`],
  }));
}

function line(event) {
  const { move, source, target, at } = event;
  const [about, said] = [facts(event), event.words || event.detail?.reason];
  return make('li', { class: source === target ? 'stays' : 'moves' },
    make('p', { class: 'top' }, make('b', {}, ...both(words.move[move] ?? move, plain(move))),
      make('time', { datetime: at, text: moment(at) })),
    make('p', { class: 'soft', text: [by(event), ...about].join(' · ') }),
    said ? make('p', { class: 'said-so', text: said }) : null);
}

const plain = (move) => `${move[0].toUpperCase()}${move.slice(1).replaceAll('_', ' ')}`;

function by({ actor, unit, worker }) {
  const to = worker ?? unit;
  return `${ACTORS[actor] ?? actor}${to ? ` → ${to}` : ''}`;
}

function facts({ move, condition, other, detail }) {
  const { until, rating, cell, level, closing, whistle, party, parties } = detail ?? {};
  return [
    whistle && `第 ${whistle} 哨`,
    party,
    condition && `条件：${condition}`,
    closing && `标准：${closing}`,
    until && `至 ${moment(until)}`,
    rating && `${rating} 分`,
    cell && `网格 ${cell}`,
    other && `案卷 ${other}`,
    move === 'escalate' && level && `报${words.level[level] ?? level}`,
    parties?.join('、'),
  ].filter(Boolean);
}

export function photos({ code, photos: taken }) {
  if (!taken.length) return null;
  const path = `/cases/${encodeURIComponent(code)}/photos`;
  return section('照片', 'Photographs', make('ul', { class: 'photos' }, ...taken.map(({ number, width, height, added_at: at, is_far: far }) => make('li', {},
    make('a', { href: `${path}/${number}.jpg`, target: '_blank', rel: 'noopener', 'aria-label': `照片 ${number} Photograph ${number}` },
      make('img', { src: `${path}/${number}/thumb.jpg`, width, height, alt: `照片 ${number}，${moment(at)}`, loading: 'lazy' }),
      far ? make('span', { class: 'far', text: '离现场远' }) : null)))));
}
