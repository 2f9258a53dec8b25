// 投票: one vote per household or resident who is in the register; told when it is closed.

import { Refused, expected, get, post, remove } from '../page/ask.js';
import { make, sign } from '../page/build.js';
import { sure } from '../page/tell.js';
import { day, when } from '../page/time.js';
import { count, t, term } from '../page/words.js';
import { choices, field, form, needed, phone } from './form.js';
import { filled, nothing, paragraphs, row, rows } from './parts.js';
import { noneOf, ofMine } from './place.js';
import { entitle, view } from './route.js';

const LOOKS = { open: 'accent', coming: '', closed: 'calm' };
const all = () => get(`/community/polls${ofMine({ limit: 100 })}`);
let mark = ''; // of the verification made here, while it lasts; nothing of who votes is kept
const voted = new Set(); // the polls voted in since the page was opened

view('polls', (number) => (number ? one(Number(number)) : list()));

const badge = ({ state }) => make('span', { class: `badge ${LOOKS[state]}`, text: t(`home.polls.${state}`) });
const until = ({ state, opens_at: opens, closes_at: closes }) => t(`home.polls.until_${state}`, { day: when(state === 'coming' ? opens : closes) });

export function pollRow(poll) {
  return row({ to: `polls/${poll.id}`, title: poll.title, under: [term('poll_of', poll.poll_of), until(poll)].join(' · '), side: [badge(poll)] });
}

function list() {
  return { title: t('home.polls.title'), lead: t('home.polls.lead'), body: [filled(all, (found) => make('div', { class: 'paper' }, rows(found, pollRow, noneOf('polls'))))] };
}

function one(number) {
  return { title: t('home.polls.one'), back: { to: 'polls', text: t('home.polls.title') }, body: [filled(all, (found) => {
    const poll = found.find(({ id }) => id === number);
    if (!poll) return nothing(t('home.gone'));
    entitle(poll.title);
    return [
      make('article', { class: 'paper letter' }, make('p', { class: 'chips' }, badge(poll), make('span', { class: 'soft', text: [term('poll_of', poll.poll_of), until(poll), poll.division].filter(Boolean).join(' · ') })), ...paragraphs(poll.body)),
      { open: ballot, coming, closed: result }[poll.state](poll),
    ];
  })] };
}

const coming = (poll) => make('div', { class: 'paper letter' }, make('h2', { text: t('home.polls.options') }), make('ol', { class: 'options' }, poll.options.map((words) => make('li', { text: words }))));

function result({ result: told }) {
  const whole = told.votes;
  const most = Math.max(1, ...told.options.map(({ votes }) => votes ?? 0));
  return make('section', { class: 'paper letter', 'aria-labelledby': 'result' }, make('h2', { id: 'result', text: t('home.polls.result') }),
    told.hidden ? make('p', { text: t('home.polls.few') }) : make('p', { class: 'soft', text: t('home.polls.votes', { n: count(whole) }) }),
    make('ul', { class: 'bars' }, told.options.map(({ words, votes }) => make('li', { class: votes === most ? 'most' : '' },
      make('span', { class: 'title', text: words }),
      told.hidden ? null : make('span', { class: 'num', text: t('home.polls.share', { votes: count(votes), share: whole ? Math.round((100 * votes) / whole) : 0 }) }),
      told.hidden ? null : make('span', { class: 'bar', 'aria-hidden': 'true' }, make('i', { css: { width: `${whole ? (100 * votes) / whole : 0}%` } }))))));
}

// Voting

function ballot(poll) {
  const box = make('section', { class: 'paper letter ballot' });
  draw(poll, box);
  return box;
}

function draw(poll, box, words = null) {
  if (voted.has(poll.id)) return box.replaceChildren(thanks(poll, box));
  const { element, tell, fields } = voting(poll, box);
  box.replaceChildren(element);
  if (words) {
    tell(words, 'warn');
    fields[1].focus();
  }
  return null;
}

// At one telephone several may vote, one after the other.
const another = (poll, box) => make('button', { type: 'button', class: 'btn bare', text: t('home.polls.another'), onclick: () => {
  mark = '';
  voted.delete(poll.id);
  remove('/community/voter').catch(expected);
  draw(poll, box);
  box.querySelector('input').focus();
} });

function voting(poll, box) {
  const known = Boolean(mark);
  const control = choices({ name: 'choice', options: poll.options.map((words, at) => ({ value: `${at + 1}`, label: words })) });
  const choice = field({ name: 'choice', label: t('home.polls.choose'), control, check: needed('home.fault.choice') });
  const who = known ? [] : [
    field({ name: 'name', label: t('home.form.name'), autocomplete: 'name', maxlength: 50, check: needed('home.fault.name') }),
    field({ name: 'resident_id', label: t('home.form.resident_id'), hint: t('home.form.resident_id_hint'), autocomplete: 'off', inputmode: 'text', maxlength: 24, spellcheck: 'false', check: residentId }),
    field({ name: 'phone', label: t('home.form.phone'), hint: t('home.form.phone_registered'), kind: 'tel', autocomplete: 'tel', maxlength: 40, check: phone(true) }),
  ];
  return form({
    name: `vote-${poll.id}`, fields: [choice, ...who], button: t('home.polls.vote'),
    below: [make('p', { class: 'promise' }, sign('check'), make('span', { text: t(known ? 'home.polls.known' : 'home.polls.promise') })), known ? another(poll, box) : null],
    sure: ({ choice: at }) => sure(t('home.polls.sure'), t('home.polls.sure_say', { words: poll.options[at - 1] }), t('home.polls.vote')),
    send: (values, request_id) => vote(poll, values, request_id).catch((error) => {
      if (error.facts?.verify) setTimeout(draw, 0, poll, box, error.told); // once the form has heard of it
      throw error;
    }),
    done() {
      voted.add(poll.id);
      draw(poll, box);
      box.querySelector('h2').focus();
    },
  });
}

async function vote({ id }, { choice, ...who }, request_id) {
  if (who.name) {
    try {
      ({ mark } = await post('/community/voter', { ...who, phone: who.phone.replace(/[\s()-]/g, '') }));
    } catch (error) {
      throw said(error, { 403: 'unverified' });
    }
  }
  try {
    return await post(`/community/polls/${id}/votes`, { choice: Number(choice), request_id, mark });
  } catch (error) {
    if (error.facts?.verify) mark = '';
    throw said(error, { 403: mark ? 'elsewhere' : 'expired', 409: /voted/.test(error.message) ? 'voted' : 'over' });
  }
}

// The refusal with what we say of it.
function said(error, words) {
  if (error instanceof Refused && words[error.status]) error.told = t(`home.polls.${words[error.status]}`);
  return error;
}

const residentId = (value) => (/^\d{17}[\dXx]$/.test(value.replaceAll(/\s/g, '')) ? null : t('home.fault.resident_id'));

const thanks = (poll, box) => make('div', { class: 'thanks' }, sign('check'), make('h2', { tabindex: '-1', text: t('home.polls.thanks') }), make('p', { text: t('home.polls.told', { day: day(poll.closes_at) }) }), make('a', { class: 'btn', href: '#polls', text: t('home.polls.others') }), another(poll, box));
