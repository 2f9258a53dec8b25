// A line of the queue: what, where, with whom, and how its time stands.

import { picture } from '../map/signs.js';
import { make, sign } from '../page/build.js';
import { clock } from '../page/time.js';
import { t, term } from '../page/words.js';

export function row(one, { picked, open, news }) {
  const { code, title, overdue, supervised, whistle, cell_name: cell, address, holder } = one;
  return make('div', { class: `case-row${overdue ? ' late' : ''}${news ? ' fresh' : ''}`, role: 'row', id: `case-${code}`, 'data-code': code, 'aria-selected': String(picked), 'aria-current': open && 'true' },
    make('span', { class: 'tick', role: 'gridcell' }, make('input', { type: 'checkbox', tabindex: '-1', checked: picked, 'aria-label': t('desk.queue.pick', { title }) })),
    make('span', { class: 'what', role: 'gridcell' },
      make('span', { class: 'first' }, picture('cases', one.state), make('b', { text: title }),
        supervised ? make('span', { class: 'badge late', text: t('desk.queue.supervised') }) : null,
        whistle ? make('span', { class: 'badge calm', title: term('whistle_state', whistle.state) }, sign('whistle'), make('span', { class: 'unseen', text: term('whistle_state', whistle.state) })) : null),
      make('span', { class: 'under', text: cell ?? address ?? '' }),
      make('span', { class: 'under' }, make('span', { class: news ? 'just' : 'stage', text: news ?? term('case_state', one.state) }), holder ? make('span', { class: 'holder', text: holder.name }) : null)),
    make('span', { class: 'how-long', role: 'gridcell' }, bar(one)));
}

const STANDING = ['inspected', 'suspended']; // no clock runs there

export function bar({ share, due_at: due, overdue, state, stands }) {
  const paused = stands || STANDING.includes(state);
  return clock({ share: paused || share !== null ? share : overdue ? 1 : null, due, late: overdue, warned: share >= 0.8, paused });
}
