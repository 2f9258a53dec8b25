// 查进度: a follow code tells where a case, a question or an application stands.

import { Lost, Refused, expected, get } from '../page/ask.js';
import { make, sign } from '../page/build.js';
import { remaining, when } from '../page/time.js';
import { t, term } from '../page/words.js';
import { paragraphs, waiting } from './parts.js';
import { view } from './route.js';

// The way of a case as its reporter sees it, and which states are which step.
const STEPS = [['taken', ['reported', 'verified']], ['filed', ['filed']], ['handling', ['dispatched', 'handling', 'suspended']], ['checking', ['feedback', 'inspected']], ['closed', ['closed', 'evaluated']]];
const LOOKS = { closed: 'good', evaluated: 'good', answered: 'good', declined: '', void: '', suspended: 'calm' };
let code = ''; // as long as the page is open; it is not part of the address

export function followed(next) {
  code = next;
}

view('follow', () => {
  const input = make('input', { id: 'follow-code', class: 'input num', value: code, autocomplete: 'off', autocapitalize: 'characters', spellcheck: 'false', maxlength: 40, placeholder: 'C222-2XXX-XXXX-XXXX', 'aria-describedby': 'follow-fault' });
  const fault = make('p', { class: 'fault', id: 'follow-fault', role: 'alert', hidden: true });
  const found = make('section', { class: 'found', 'aria-live': 'polite' });

  async function look(event) {
    event?.preventDefault();
    code = input.value.trim().toUpperCase();
    blame(code ? '' : t('home.follow.missing'));
    if (!code) return input.focus();
    found.replaceChildren(waiting());
    try {
      const told = await get(`/follow/${encodeURIComponent(code)}`);
      found.replaceChildren(OF[told.what](told));
    } catch (error) {
      found.replaceChildren();
      blame(t(error instanceof Lost ? 'home.unread' : error.status === 429 ? 'home.form.paced' : 'home.follow.unknown'));
      if (error instanceof Refused) input.focus();
      expected(error);
    }
  }

  function blame(words) {
    fault.hidden = !words;
    fault.textContent = words;
    input.toggleAttribute('aria-invalid', Boolean(words));
    if (words) input.setAttribute('aria-invalid', 'true');
  }

  if (code) look().catch(expected);
  return { title: t('home.follow.title'), lead: t('home.follow.lead'), body: [
    make('form', { class: 'follow-form', novalidate: true, onsubmit: (event) => look(event).catch(expected) },
      make('div', { class: 'field' }, make('label', { for: 'follow-code', text: t('home.follow.code') }), make('div', { class: 'one-line' }, input, make('button', { type: 'submit', class: 'btn main' }, sign('search'), t('home.follow.look'))), fault)), found],
    keepsFocus: false };
});

const OF = { case: ofCase, question: ofQuestion, application: ofApplication };

function card(title, state, badge, ...rest) {
  return make('article', { class: 'paper letter followed' }, make('header', {}, make('h2', { text: title }), make('span', { class: `badge ${LOOKS[state] ?? 'accent'}`, text: badge })), ...rest);
}

function ofCase(told) {
  const at = STEPS.findIndex(([, states]) => states.includes(told.state));
  const ended = Boolean(told.closed_at) || at === STEPS.length - 1;
  return card(told.title || t('home.follow.case'), told.state, term('case_state', told.state),
    make('p', { class: 'soft num', text: [told.code, t('home.follow.reported', { when: when(told.reported_at) })].join(' · ') }),
    told.state === 'void' ? make('p', { class: 'notice', text: t('home.follow.void') }) : make('ol', { class: 'steps' }, STEPS.map(([name, states], index) => step(name, reached(told, states, index), index - at, ended))),
    told.due_at && !ended ? make('p', { class: 'due' }, sign('clock'), make('span', { text: t('home.follow.due', { when: when(told.due_at), left: remaining(told.due_at) }) })) : null);
}

const reached = ({ steps, reported_at: reported }, states, index) => (steps ?? []).filter(({ state }) => states.includes(state)).at(-1)?.at ?? (index === 0 ? reported : null);

function step(name, at, away, ended) {
  const look = away < 0 || (away === 0 && ended) ? 'past' : away === 0 ? 'now' : 'later';
  return make('li', { class: look, 'aria-current': look === 'now' && 'step' }, make('span', { class: 'dot', 'aria-hidden': 'true' }, look === 'past' ? sign('check') : null),
    make('div', {}, make('b', { text: t(`home.follow.step.${name}`) }), make('span', { class: 'soft small', text: look === 'later' ? t('home.follow.later') : look === 'now' ? [t('home.follow.now'), at && when(at)].filter(Boolean).join(' · ') : at ? when(at) : '' })));
}

const answered = ({ answer, answered_at: at }) => (answer ? make('section', { class: 'answer' }, make('h3', { text: t('home.follow.answer', { when: when(at) }) }), ...paragraphs(answer)) : null);
const awaited = ({ state, due_at: due }) => (state === 'waiting' && due ? make('p', { class: 'due' }, sign('clock'), make('span', { text: t('home.follow.answer_due', { when: when(due), left: remaining(due) }) })) : null);
const asked = ({ asked_at: at }) => make('p', { class: 'soft', text: t('home.follow.asked', { when: when(at) }) });

function ofQuestion(told) {
  return card(told.topic, told.state, term('ask_state', told.state), asked(told), ...paragraphs(told.words), awaited(told), answered(told));
}

function ofApplication(told) {
  const badge = t(`home.follow.application.${told.state}`);
  return card(t('home.follow.application.title'), told.state, badge, asked(told), told.skills.length ? make('p', { text: told.skills.join(t('home.and')) }) : null, awaited(told), answered(told));
}
