// Who is to be visited: where, why, how it was last time, a call for a reason; and a visit told in two
// taps: how, and how they are.

import { expected, get, post } from '../page/ask.js';
import { make, sign } from '../page/build.js';
import { dialog, toast } from '../page/tell.js';
import { when } from '../page/time.js';
import { t, term } from '../page/words.js';
import { askWhy, unasked, wayTo } from './case.js';
import { refreshSoon } from './day.js';
import * as kept from './kept.js';
import { call, choice, dayOf, distance, head, joined, nothing, part } from './parts.js';
import * as queue from './queue.js';
import { back, to } from './route.js';
import { may, visitOf, waitingFor } from './state.js';
import { keep } from './telling.js';
import { dueOn } from './today.js';

const CHANNELS = ['door', 'call', 'message', 'volunteer', 'neighbour', 'sensor', 'hotline'];
const FINDINGS = { well: 'check', watch: 'bell', help: 'people', away: 'home' };

export function open(root, care) {
  const one = visitOf(care);
  if (!one) {
    root.replaceChildren(head(t('worker.visit.title')), nothing(t('worker.visit.gone')));
    return {};
  }
  const told = { channel: null, words: '' };
  const before = make('div');
  root.replaceChildren(head(one.name_mask, joined(one.categories.map((each) => term('care_category', each)).join(' '), term('care_level', one.level))),
    make('div', { class: 'card-body' }, waits(one), person(one), last(one, before)),
    make('footer', { class: 'under-thumb' }, form(one, told)));
  history(one, before).catch(expected);
  return {};
}

const waits = (one) => (waitingFor(one.care).length ? make('a', { class: 'notice warn', href: to('queue') }, make('span', { class: 'grow', text: t('worker.visit.waits') }), sign('next')) : null);

function person(one) {
  return part(null,
    make('p', { class: 'chips' }, make('span', { class: `badge ${one.overdue_days > 0 ? 'late' : 'accent'}`, text: dueOn(one) })),
    make('p', { class: 'lead' }, sign('pin'), make('span', { text: joined(one.address, distance(one)) })),
    make('div', { class: 'acts' },
      one.phone_mask && may('unmask') && make('button', { type: 'button', class: 'btn', onclick: () => unmask(one).catch(unasked) }, sign('phone'), one.phone_mask),
      one.lon !== null && wayTo(one, one.address),
      one.lon !== null && make('a', { class: 'btn', href: to('map', 'visit', String(one.care)) }, sign('map'), t('worker.on_map')),
      make('a', { class: 'btn', href: to('home', String(one.household)) }, sign('home'), t('worker.home.card'))));
}

// Name and number in clear, for a reason that the journal keeps; gone when the dialog is.
async function unmask(one) {
  const reason = await askWhy(t('worker.visit.call_why', { name: one.name_mask }));
  if (!reason) return;
  const { name, phone } = await post(`/register/residents/${one.resident}/unmask`, { reason });
  await dialog(name ?? one.name_mask, make('p', { class: 'number' }, phone ? call(phone, phone) : t('worker.visit.no_phone')), [{ value: '', text: t('page.do.close') }]);
}

function last(one, before) {
  const words = one.last ? t('worker.visit.last', { when: dayOf(one.last.on), channel: term('visit_channel', one.last.channel), finding: term('visit_finding', one.last.finding) }) : t('worker.visit.never');
  return part(t('worker.visit.before'), make('p', { class: 'small', text: words }), before);
}

// What was told before, where the network allows.
async function history(one, place) {
  const all = await get(`/visits?care=${one.care}`);
  place.append(make('ol', { class: 'story' }, all.filter(({ undone_at: undone }) => !undone).slice(0, 5).map((visit) => make('li', {},
    make('p', { class: 'small' }, make('b', { text: term('visit_finding', visit.finding) }), ` ${joined(term('visit_channel', visit.channel), visit.by)}`),
    visit.words && make('p', { class: 'words small', text: visit.words }),
    make('time', { class: 'soft tiny', datetime: visit.at, text: when(visit.at) }),
    visit.can_undo && make('button', { type: 'button', class: 'btn', text: t('page.do.undo'), onclick: () => undone(visit.visit).catch(unasked) })))));
}

// Telling

function form(one, told) {
  const words = make('textarea', { id: 'visit-words', rows: 1, maxlength: 1000, placeholder: t('worker.visit.words'), 'aria-label': t('worker.visit.words'), oninput: () => { told.words = words.value; } });
  const ask = make('p', { class: 'label', id: 'how', text: t('worker.visit.how') });
  return make('div', { class: 'telling' },
    ask, choice(t('worker.visit.how'), CHANNELS.map((channel) => ({ value: channel, text: term('visit_channel', channel) })), (channel) => { told.channel = channel; ask.classList.remove('missing'); }),
    make('div', { class: 'field' }, words),
    make('p', { class: 'label', text: t('worker.visit.finding') }),
    make('div', { class: 'findings' }, Object.entries(FINDINGS).map(([finding, picture]) => make('button', { type: 'button', class: `btn ${finding}`, onclick: () => tell(one, told, finding, ask) }, sign(picture), term('visit_finding', finding)))));
}

async function tell(one, told, finding, ask) {
  if (!told.channel) {
    ask.classList.add('missing');
    toast(t('worker.visit.how'));
    return;
  }
  const body = { care: one.care, at: kept.now().toISOString(), channel: told.channel, finding, words: told.words.trim() };
  const about = { code: String(one.care), title: one.name_mask, act: t('worker.visit.title') };
  if (await keep({ kind: 'visit', url: '/visits', body, about }, { act: { label: t('page.do.undo'), run: (id) => takeBack(id, one).catch(unasked) } })) back();
}

// What is not sent yet is given up; what is, undone at the server.
async function takeBack(id, one) {
  const item = (await queue.all()).find((each) => each.id === id);
  if (item && item.state !== 'done') {
    await queue.drop(id);
    toast(t('worker.visit.undone'));
    return;
  }
  const visit = (await get(`/visits?care=${one.care}`)).find(({ can_undo: mine }) => mine);
  if (visit) await undone(visit.visit);
}

async function undone(number) {
  await post(`/visits/${number}/undo`);
  toast(t('worker.visit.undone'));
  refreshSoon();
}
