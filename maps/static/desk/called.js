// The whistles that wait for me, above the queue: to approve, to answer for my unit.

import { expected, get } from '../page/ask.js';
import { make, sign } from '../page/build.js';
import { remaining } from '../page/time.js';
import { t } from '../page/words.js';
import { may } from './state.js';

const box = make('details', { class: 'called', hidden: true });

// Asked again whenever something moved; `open(code)` shows the case.
export async function called(open) {
  if (!may('approve') && !may('answer')) return;
  if (!box.isConnected) document.querySelector('#queue > .told').before(box);
  const waiting = await get('/whistles');
  box.hidden = !waiting.length;
  box.replaceChildren(make('summary', {}, sign('whistle'), make('b', { text: t('desk.called.title', { n: waiting.length }) }), waiting.some(({ late }) => late) && make('span', { class: 'badge late', text: t('desk.called.late') })),
    make('ul', {}, waiting.map((one) => make('li', {}, make('button', { type: 'button', class: 'row', onclick: () => open(one.case) },
      make('span', { class: 'grow' }, make('span', { class: 'title', text: one.title }), make('span', { class: 'under', text: [t(`desk.called.${one.waits_for}`), one.name].filter(Boolean).join(' · ') })),
      make('span', { class: `small ${one.late ? 'late' : 'soft'}`, text: remaining(one.due_at) }))))));
}

export const freshCalled = (open) => called(open).catch(expected);
