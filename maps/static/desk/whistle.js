// 吹哨: what was blown about a case and what it waits for, and blowing: first who would be called and
// why, then send.

import { expected, get, newId, post } from '../page/ask.js';
import { make, sign } from '../page/build.js';
import { toast } from '../page/tell.js';
import { when } from '../page/time.js';
import { language, t, term } from '../page/words.js';
import { meetings } from './meeting.js';
import { may } from './state.js';
import { answers, approval, settles } from './whistle-acts.js';

const KINDS = ['routine', 'tough', 'emergency'];

export function whistles({ file, blown, done }) {
  const place = make('div', { class: 'act-form' });
  const running = blown.some(({ state }) => !['closed', 'refused'].includes(state));
  if (!blown.length && !may('whistle')) return null;
  return make('section', { class: 'whistles' }, make('h4', { text: t('desk.whistle.title') }),
    blown.map((one) => shown(one, { file, done })),
    may('whistle') && !running ? make('button', { type: 'button', class: 'btn', 'data-key': 'whistle', onclick: () => propose({ file, place, done }).catch(expected) }, sign('whistle'), t('desk.whistle.blow')) : null, place);
}

function shown(one, context) {
  const { round, kind, state, words, asked_at: at, parties } = one;
  return make('div', { class: 'blown' },
    make('p', {}, make('span', { class: 'badge calm', text: term('whistle_state', state) }), ` ${t('desk.whistle.round', { n: round })} · ${term('whistle_kind', kind)}`, at ? make('span', { class: 'soft small', text: ` ${when(at)}` }) : null),
    words ? make('p', { class: 'said', text: words }) : null,
    make('ul', { class: 'parties' }, parties.map((party) => make('li', {}, make('span', { text: party.name }), make('span', { class: 'soft small', text: [term('part', party.part), term('party_state', party.state)].join(' · ') }), answers(one, party, context)))),
    one.meetings.map((met) => meeting(met, one, context)),
    approval(one, context), meetings(one, context));
}

// 联席会商: what was decided, and who is to do what of it by when.
function meeting({ at, place, participant_names: names, decisions, held_at: held, tasks }, whistle, context) {
  return make('div', { class: 'meeting' },
    make('p', {}, make('b', { text: t('desk.meeting.title') }), make('span', { class: 'soft small', text: ` ${[when(held ?? at), place, ...names].filter(Boolean).join(' · ')}` })),
    decisions ? make('p', { class: 'said', text: decisions }) : null,
    tasks.length ? make('ul', { class: 'tasks' }, tasks.map((task) => make('li', {}, make('p', { text: task.words }), settles(whistle, task, context)))) : null);
}

async function propose({ file, place, done }) {
  const kind = make('select', { id: 'whistle-kind', 'data-key': 'form', onchange: () => fill().catch(expected) }, KINDS.map((value) => make('option', { value, text: term('whistle_kind', value) })));
  const words = make('textarea', { id: 'whistle-words', rows: 2, maxlength: 500, required: true, 'data-key': 'form' });
  const list = make('ul', { class: 'parties call' }, make('li', {}, make('span', { class: 'wait' })));
  const fault = make('p', { class: 'fault', role: 'alert', hidden: true });
  const path = `/cases/${encodeURIComponent(file.code)}/whistles`;
  const id = newId();
  const fill = async () => {
    const { proposed } = await get(`${path}/proposal?kind=${kind.value}`);
    list.replaceChildren(...proposed.filter(({ part }) => part).map(party)); // the others were passed over
  };
  const form = make('form', { class: 'paper inside stack', onsubmit: (event) => {
    event.preventDefault();
    const parties = [...list.querySelectorAll('input:checked')].map((one) => ({ code: one.value, part: one.dataset.part }));
    post(path, { kind: kind.value, words: words.value.trim(), parties, request_id: id }).then(() => {
      toast(t('desk.whistle.sent', { n: parties.length }));
      place.replaceChildren();
      return done();
    }).catch((error) => {
      fault.textContent = error.message;
      fault.hidden = false;
      expected(error);
    });
  } }, make('div', { class: 'field' }, make('label', { for: 'whistle-kind', text: t('desk.whistle.kind') }), kind),
  make('div', { class: 'field' }, make('label', { for: 'whistle-words', text: t('desk.whistle.words') }), words),
  make('p', { class: 'label small', text: t('desk.whistle.call') }), list, fault,
  make('div', { class: 'acts' }, make('button', { class: 'btn main', 'data-key': 'form' }, sign('whistle'), t('desk.whistle.send')),
    make('button', { type: 'button', class: 'btn bare', text: t('page.do.cancel'), onclick: () => place.replaceChildren() })));
  place.replaceChildren(form);
  words.focus();
  await fill();
}

function party({ code, name, part, reasons }, at) {
  return make('li', {}, make('label', { class: 'check' }, make('input', { type: 'checkbox', value: code, 'data-part': part, 'data-key': 'form', checked: at < 3 }),
    make('span', {}, make('b', { text: name }), make('span', { class: 'soft small', text: ` ${term('part', part)} · ${reasons.map((one) => one[language === 'en' ? 'en' : 'zh']).join(' · ')}` }))));
}
