// The open cases of a cell, in its card: those that are late first, then by what is due next.

import { t } from '../page/words.js';
import { make } from './build.js';
import { folded } from './fold.js';
import { clockOf } from './hours.js';
import { opens } from './panel.js';
import { nameOf, picture } from './signs.js';
import { state } from './state.js';

const MOST = 8;

// The list of a page of cases, of `total` in all, and whether it is told whole.
export function caseList({ cases, next }, total) {
  const rows = inOrder(cases).map(row);
  const beyond = next ? Math.max(total - rows.length, 0) : 0;
  const element = make('div', { class: 'case-list' }, folded('ul', {}, rows, {
    key: `cases ${state.selected}`, most: MOST, words: (rest) => t('map.case.more', { n: rest + beyond }),
  }));
  return { element, isWhole: rows.length <= MOST };
}

function inOrder(files) {
  const told = files.map((file) => ({ file, clock: clockOf(file) }));
  const late = ({ clock }) => (clock.look === 'late' ? 0 : 1);
  const due = ({ clock }) => (clock.due ? Date.parse(clock.due) : Infinity);
  return told.sort((a, b) => late(a) - late(b) || due(a) - due(b) || (a.file.code < b.file.code ? -1 : 1));
}

function row({ file, clock }) {
  const holder = file.worker ?? file.unit;
  return make('li', {}, make('button', { type: 'button', class: 'case-line', 'data-code': file.code, onclick: () => opens.case(file.code) },
    picture('cases', file.state),
    make('span', { class: 'what' },
      make('span', { class: 'name', text: file.title || file.code }),
      make('span', { class: 'soft', text: [nameOf('cases', file.state), holder ?? file.address].filter(Boolean).join(' · ') })),
    make('span', { class: `when ${clock.look}`, text: clock.words })));
}
