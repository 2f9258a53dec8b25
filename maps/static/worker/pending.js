// What waits to be sent, for everybody to see: nothing is lost, nothing is swallowed. A conflict says
// what happened since; it is tried again knowing that, or given up after a question.

import { make, sign } from '../page/build.js';
import { sure } from '../page/tell.js';
import { ago, when } from '../page/time.js';
import { actor, t, term } from '../page/words.js';
import { inPlace, joined, nothing } from './parts.js';
import * as queue from './queue.js';
import { to } from './route.js';
import { caseOf, state, unsent } from './state.js';

const LOOKS = { waiting: 'clock', sending: 'send', conflict: 'undo', refused: 'close', done: 'check' };
const BADGES = { waiting: 'warn', sending: 'accent', conflict: 'late', refused: 'late', done: 'good' };

export function open(root) {
  const draw = () => inPlace(root, top(), list(unsent()), done());
  draw();
  return { update: (what) => ['items', 'line', 'minute'].includes(what) && draw() };
}

function top() {
  const { length: n } = unsent();
  const stuck = unsent().filter(({ state: at }) => at === 'conflict' || at === 'refused').length;
  const lead = !n ? 'lead' : stuck ? 'look_at' : navigator.onLine ? 'online' : 'offline';
  return make('header', { class: 'summary' }, make('h2', { text: n ? t('worker.queue.title', { n }) : t('worker.queue.clear') }),
    make('p', { class: 'soft small', text: t(`worker.queue.${lead}`, { n: stuck }) }));
}

function list(items) {
  if (!items.length) return nothing(t('worker.queue.nothing'), 'send');
  return make('ol', { class: 'queue' }, items.map((item) => make('li', { class: 'paper item' }, told(item), since(item), acts(item))));
}

function done() {
  const all = state.items.filter((item) => item.state === 'done').reverse();
  if (!all.length) return null;
  return make('details', { class: 'more' }, make('summary', { 'data-key': 'done', text: t('worker.queue.done', { n: all.length }) }),
    make('ol', { class: 'queue' }, all.map((item) => make('li', { class: 'paper item' }, told(item)))));
}

function told(item) {
  return make('div', { class: 'told' }, make('span', { class: 'what', 'aria-hidden': 'true' }, sign(LOOKS[item.state])),
    make('div', { class: 'grow' },
      make('p', { class: 'title' }, joined(item.about.act, item.about.title)),
      make('p', { class: 'soft small', text: joined(t('worker.queue.told', { ago: ago(item.at) }), item.code, item.photos > 0 && t('worker.queue.photos', { n: item.photos, sent: item.sent })) }),
      item.state !== 'conflict' && fault(item)),
    make('span', { class: `badge ${BADGES[item.state]}`, text: t(`worker.queue.state.${item.state}`) }));
}

function fault({ kind, why }) {
  const words = kind === 'unreadable' ? t('offline.unreadable') : why;
  return words && make('p', { class: 'fault', text: words });
}

// What happened since I saw it.
function since(item) {
  if (item.state !== 'conflict') return null;
  const events = item.facts?.since ?? [];
  return make('div', { class: 'notice late since' }, make('div', {},
    make('p', {}, make('b', { text: t('worker.queue.since') })),
    events.length ? make('ol', { class: 'story' }, events.map((event) => make('li', {},
      make('p', { class: 'small', text: joined(term('move', event.move), actor(event.actor), event.unit ?? event.worker) }),
      (event.words || event.detail?.reason) && make('p', { class: 'words small', text: joined(event.detail?.reason, event.words) }),
      make('time', { class: 'soft tiny', datetime: event.at, text: when(event.at) })))) : make('p', { class: 'small', text: item.why })));
}

function acts(item) {
  if (item.state === 'sending') return null;
  const stuck = item.state !== 'waiting';
  return make('div', { class: 'acts' },
    caseOf(item.about.code) && make('a', { class: 'btn', 'data-key': `see-${item.id}`, href: to('case', item.about.code) }, t('worker.queue.look')),
    stuck && item.kind !== 'unreadable' && make('button', { type: 'button', class: 'btn main', 'data-key': `again-${item.id}`, onclick: () => queue.retry(item.id, { seen: item.facts?.version }) }, t(item.state === 'conflict' ? 'worker.queue.anyway' : 'page.do.again')),
    make('button', { type: 'button', class: 'btn danger', 'data-key': `drop-${item.id}`, onclick: () => drop(item) }, t('worker.queue.drop')));
}

async function drop(item) {
  if (await sure(t('worker.queue.drop_title'), joined(item.about.act, item.about.title), t('worker.queue.drop'), { danger: true })) await queue.drop(item.id);
}
