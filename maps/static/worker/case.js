// The card of a case: what and where, how long it has, with whom it lies, what I can do, what
// happened. The main act lies under the thumb.

import { Lost, Refused, expected, get, post } from '../page/ask.js';
import { make, sign } from '../page/build.js';
import { dialog, toast } from '../page/tell.js';
import { clock, now, when } from '../page/time.js';
import { actor, t, term } from '../page/words.js';
import { isApple, ways } from '../page/way.js';
import { answered, callOf, callsOf, tasksOf } from './calls.js';
import { call, distance, head, inPlace, joined, nothing, part } from './parts.js';
import { to } from './route.js';
import { caseOf, cellOf, isMe, may, waitingFor } from './state.js';
import { keep } from './telling.js';
import { stateOf, timeOf } from './today.js';

const FIRST = ['take', 'feedback', 'dispatch', 'file', 'verify', 'inspect', 'close', 'resume', 'evaluate']; // under the thumb, when nobody calls
const OFTEN = ['decline', 'return', 'note', 'ask_extension'];
const BY_THUMB = new Set(['claim', 'arrive', 'finish', 'take', 'feedback']); // called as who does it would say
const AT_ONCE = new Set(['claim', 'arrive', 'take']); // nothing needs to be told
const TILES = 4;
const SIGNS = {
  claim: 'check', arrive: 'pin', finish: 'check', follow_up: 'check', decline: 'close', take: 'check', feedback: 'camera', dispatch: 'send', file: 'plus', verify: 'search', inspect: 'search', close: 'check', return: 'undo', recall: 'undo', restore: 'undo', rework: 'undo', unassign: 'undo',
  assign: 'people', ask_extension: 'clock', extend: 'clock', suspend: 'clock', resume: 'clock', appeal: 'bell', supervise: 'bell', note: 'edit', evaluate: 'edit', void: 'close', refuse_extension: 'close', reject: 'close', uphold: 'check', settle: 'pin', join: 'layers', part: 'layers', whistle: 'whistle',
};
const WHISTLES = new Set(['filed', 'dispatched', 'handling']);
const APART = new Set(['whistle', 'invite', 'approve', 'refuse_whistle', 'claim', 'decline', 'arrive', 'finish', 'meet', 'resolve', 'follow_up', 'rate', 'quiet']);
const NOTE = { move: 'note', needs: ['words'] };
const AFTER = { take: [{ move: 'feedback', needs: ['words'] }, NOTE] }; // what may follow before the server has heard of it

export function open(root, code) {
  const shown = { photos: null, acts: false };
  const draw = () => {
    const one = caseOf(code);
    inPlace(root, ...(one ? card(one, shown) : [head(code), nothing(t('worker.case.gone'), 'list')]));
  };
  draw();
  if (caseOf(code)?.photos) shots(code).then((found) => { shown.photos = found; draw(); }, expected);
  return { update: (what) => ['day', 'items', 'here', 'minute'].includes(what) && draw() };
}

// Made once: no cache keeps a photograph, so a picture that is made anew is asked for anew.
async function shots(code) {
  const { photos } = await get(`/cases/${encodeURIComponent(code)}/photos`);
  return make('ul', { class: 'shots' }, photos.map((photo, at) => make('li', {}, shot(code, photo, at))));
}

// What I can do: answer whoever calls, and what the server says or follows what is told and has not arrived.
export const movesOf = (one) => [...callsOf(one).flatMap(({ steps }) => steps), ...ownMoves(one)];

function ownMoves(one) {
  const told = waitingFor(one.code).findLast(({ kind, about, state: at }) => kind === 'move' && about.move !== 'note' && !['conflict', 'refused'].includes(at));
  if (told) return AFTER[told.about.move] ?? [NOTE];
  return one.moves.filter(({ move }) => !APART.has(move));
}

// One whistle after the other: until all whom it calls have declined, or it is over.
export function mayWhistle(one) {
  if (!may('whistle') || !WHISTLES.has(one.state)) return false;
  if (waitingFor(one.code).some(({ kind }) => kind === 'whistle')) return false;
  return !one.whistle || (one.whistle.parties.length > 0 && one.whistle.parties.every(({ state: at }) => at === 'declined'));
}

export const nameOf = (move) => (BY_THUMB.has(move) ? t(`worker.move.${move}`) : term('move', move));

function card(one, shown) {
  return [
    head(one.title || one.class_name, joined(one.class_name !== one.title && one.class_name, one.code)),
    make('div', { class: 'card-body' },
      waits(one), callsOf(one).map(calling), standing(one), place(one), report(one, shown.photos), holder(one), one.whistle && whistle(one.whistle), tasks(one), story(one)),
    acts(one, shown),
  ];
}

// What of mine about it is not at the server yet.
function waits(one) {
  return waitingFor(one.code).map((item) => make('a', { class: `notice ${['conflict', 'refused'].includes(item.state) ? 'late' : 'warn'}`, href: to('queue') },
    make('span', { class: 'grow', text: t(`worker.queue.about.${item.state}`, { what: item.about.act ?? '' }) }), sign('next')));
}

// Who calls my unit, what for, and how long it has.
function calling(call) {
  return make('section', { class: 'calling notice accent' }, sign('whistle'), make('div', { class: 'grow' },
    make('h3', { text: call.title }),
    make('p', { class: 'words', text: call.words }),
    make('p', { class: 'soft small', text: joined(call.under, t(`worker.call.${call.steps[0].move}_by`, { when: when(call.due) })) }),
    clock(call)));
}

function standing(one) {
  return make('div', { class: 'standing' },
    make('div', { class: 'chips' },
      make('span', { class: 'badge accent', text: stateOf(one) }),
      one.supervised && make('span', { class: 'badge late', text: t('worker.case.supervised') }),
      one.mine && make('span', { class: 'badge good', text: t('worker.case.mine') })),
    clock(timeOf(one)),
    one.due_at && make('p', { class: 'soft small', text: t('worker.case.due', { when: when(one.due_at) }) }));
}

// Where

function place(one) {
  return part(null,
    make('p', { class: 'lead' }, sign('pin'), make('span', { text: joined(one.address || t('worker.case.no_address'), distance(one)) })),
    one.lon !== null && make('div', { class: 'acts' },
      wayTo(one, one.address || one.title),
      make('a', { class: 'btn', href: to('map', 'case', one.code) }, sign('map'), t('worker.on_map'))));
}

// By the map application of the telephone; on Apple's also by the one that most people here use.
export function wayTo({ lon, lat }, name) {
  const all = ways({ lon, lat, name });
  const link = (href, by) => make('a', { class: 'btn', href }, sign('way'), t(`worker.way.${by}`));
  return isApple ? [link(all.phone, 'apple'), link(all.amap, 'amap')] : [link(all.phone, 'phone')];
}

// What was reported

function report(one, photos) {
  return part(t('worker.case.reported'),
    one.description && make('p', { class: 'words', text: one.description }),
    photos,
    !photos && one.photos > 0 && make('p', { class: 'soft small', text: t('worker.case.photos', { n: one.photos }) }),
    make('p', { class: 'soft small', text: t('worker.case.reported_at', { when: when(one.reported_at) }) }),
    one.closing && make('p', { class: 'small' }, make('b', { text: t('worker.case.closing') }), one.closing),
    one.contact && make('button', { type: 'button', class: 'btn', 'data-key': 'contact', onclick: () => reporter(one).catch(unasked) }, sign('phone'), t('worker.case.reporter', { phone: one.contact })));
}

function shot(code, { number }, at) {
  const whole = `/cases/${encodeURIComponent(code)}/photos/${number}`;
  return make('a', { href: `${whole}.jpg`, target: '_blank', rel: 'noopener' },
    make('img', { src: `${whole}/thumb.jpg`, alt: t('worker.photo.number', { n: at + 1 }), width: 96, height: 96, loading: 'lazy' }));
}

// The reporter's telephone, for a reason that the journal keeps.
async function reporter(one) {
  const reason = await askWhy(t('worker.case.reporter_why'));
  if (!reason) return;
  const { contact } = await post(`/cases/${encodeURIComponent(one.code)}/contact`, { reason });
  await dialog(t('worker.case.reporter_title'), make('p', { class: 'number' }, call(contact, contact)), [{ value: '', text: t('page.do.close') }]);
}

export async function askWhy(words) {
  const input = make('textarea', { id: 'why', required: true, minlength: 8, maxlength: 500, rows: 2 });
  input.value = t('worker.why.default');
  const answer = await dialog(t('worker.why.title'), make('div', { class: 'field' }, make('label', { for: 'why', text: words }), input),
    [{ value: '', text: t('page.do.cancel') }, { value: 'yes', text: t('worker.why.yes'), look: 'main' }]);
  return answer === 'yes' ? input.value.trim() : '';
}

export function unasked(error) {
  if (error instanceof Lost) toast(t('worker.needs_network'));
  else if (error instanceof Refused) toast(t('page.state.refused', { why: error.message }));
  else throw error;
}

// With whom

function holder(one) {
  const leaders = (cellOf(one.cell)?.posts ?? []).filter(({ role, code }) => role === 'grid_leader' && code !== one.holder?.code && !isMe(code));
  return part(t('worker.case.holder'),
    one.holder ? person(one.holder.name, one.holder) : make('p', { class: 'soft', text: t('worker.case.nobody') }),
    leaders.map((post) => person(joined(term('post_role', post.role), post.name), post)));
}

const person = (name, { code, phone }) => make('div', { class: 'person' }, make('span', { class: 'grow', text: name }), phone && !isMe(code) && call(phone));

function whistle({ words, state: at, parties }) {
  return part(t('worker.whistle.title'), make('p', { class: 'small', text: joined(term('whistle_state', at), words) }),
    make('ul', { class: 'parties' }, parties.map((party) => make('li', { class: 'person' },
      make('span', { class: 'grow', text: joined(party.name, term('part', party.part), term('party_state', party.state)) }), party.phone && !party.mine && call(party.phone)))));
}

// What a joint meeting decided that somebody does, by when, and whether it is done.
function tasks(one) {
  const all = tasksOf(one);
  if (!all.length) return null;
  return part(t('worker.task.title'), make('ul', { class: 'parties' }, all.map(({ name, words, due_at: due, done_at: done, done_words: outcome, told }) => {
    const late = !done && !told && Date.parse(due) < now();
    return make('li', {},
      make('p', { class: 'words small', text: joined(name, words) }),
      make('p', { class: 'chips' },
        make('span', { class: 'soft tiny', text: done ? joined(t('worker.task.done', { when: when(done) }), outcome) : t('worker.task.due', { when: when(due) }) }),
        done ? make('span', { class: 'badge good', text: t('worker.task.is_done') }) : told ? make('span', { class: 'badge calm', text: t('worker.queue.done_here') }) : late && make('span', { class: 'badge late', text: t('worker.task.late') })));
  })));
}

function story(one) {
  return part(t('worker.case.story'), make('ol', { class: 'story' }, [...one.timeline].reverse().map((event) => make('li', {},
    make('p', { class: 'small' }, make('b', { text: term('move', event.move) }), ` ${joined(actor(event.actor), event.unit, event.worker)}`),
    (event.words || event.reason) && make('p', { class: 'words small', text: joined(event.reason, event.words) }),
    make('time', { class: 'soft tiny', datetime: event.at, text: when(event.at) })))));
}

// What I can do

function acts(one, shown) {
  const steps = movesOf(one);
  const first = callOf(one)?.steps[0] ?? FIRST.map((move) => steps.find((step) => step.move === move)).find(Boolean);
  const often = ({ move }) => (OFTEN.includes(move) ? OFTEN.indexOf(move) : OFTEN.length);
  const rest = steps.filter((step) => step !== first).sort((a, b) => often(a) - often(b));
  const tiles = [mayWhistle(one) && tile('whistle', to('whistle', one.code)), ...rest.map(({ move }) => tile(move, to('move', one.code, move)))].filter(Boolean);
  if (!first && !tiles.length) return null;
  return make('footer', { class: 'under-thumb' }, first && mainAct(one, first), tiles.length > 0 && tileRow(tiles, shown));
}

// All of them when they fit in one row, or when one asks for more.
function tileRow(tiles, shown) {
  if (tiles.length <= TILES) return make('div', { class: 'tiles' }, tiles);
  const more = make('button', { type: 'button', class: 'tile', 'data-key': 'more', 'aria-expanded': String(shown.acts), onclick: () => {
    shown.acts = !shown.acts;
    more.setAttribute('aria-expanded', String(shown.acts));
    for (const one of tiles.slice(TILES - 1)) one.hidden = !shown.acts;
  } }, sign('more'), make('span', { text: t('worker.case.more') }));
  for (const one of tiles.slice(TILES - 1)) one.hidden = !shown.acts;
  return make('div', { class: 'tiles' }, tiles.slice(0, TILES - 1), more, tiles.slice(TILES - 1));
}

function mainAct(one, { move }) {
  const look = { class: 'btn main big grow', 'data-key': move };
  if (!AT_ONCE.has(move)) return make('a', { ...look, href: to('move', one.code, move) }, sign(SIGNS[move]), nameOf(move));
  const button = make('button', { ...look, type: 'button', onclick: async () => {
    button.disabled = true;
    button.disabled = Boolean(await keep(moved(one, move)));
  } }, sign(SIGNS[move]), nameOf(move));
  return button;
}

// A move as it waits to be sent.
export function moved(one, move, told = {}, photos = []) {
  const call = callsOf(one).find(({ steps }) => steps.some((step) => step.move === move));
  const item = call ? answered(one, call, move, told)
    : { kind: 'move', url: `/cases/${encodeURIComponent(one.code)}/moves`, body: { move, ...told }, photos, about: { move }, seen: one.version };
  return { ...item, about: { ...item.about, code: one.code, title: one.title, act: term('move', move) } };
}

const tile = (move, href) => make('a', { class: 'tile', 'data-key': move, href }, sign(SIGNS[move] ?? 'more'), make('span', { text: term('move', move) }));
