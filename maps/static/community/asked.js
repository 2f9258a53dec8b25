// What residents asked: a question is answered, a volunteer taken in, both may be declined with a reason.

import { Lost, Refused, expected, get, post } from '../page/ask.js';
import { make, sign } from '../page/build.js';
import { dialog, sure, toast } from '../page/tell.js';
import { ago, clock, when } from '../page/time.js';
import { t, term } from '../page/words.js';
import { paragraphs } from '../home/parts.js';
import { draft, drop, keep } from './drafts.js';
import { field } from './fields.js';

const isWaiting = ({ state }) => state === 'waiting';
const LOOKS = { answered: 'good', declined: 'calm' };
const where = ({ division, cell_name: cell }) => cell ?? division ?? t('community.place.town');
export const waits = (row) => {
  const [asked, due] = [new Date(row.asked_at), new Date(row.due_at)];
  return clock({ share: (Date.now() - asked) / (due - asked), due });
};

export const ASKED = {
  questions: {
    title: (row) => row.topic,
    under: (row) => [term('adviser', row.adviser), row.division ?? t('community.place.town'), ago(row.asked_at)],
    facts: (row) => [['adviser', term('adviser', row.adviser)], ['where', where(row)], ['asked', when(row.asked_at)], ['due', isWaiting(row) && when(row.due_at)]],
    body: (row) => paragraphs(row.words),
  },
  applications: {
    title: (row) => row.skills.join(t('home.and')),
    under: (row) => [row.times, row.division ?? t('community.place.town'), ago(row.asked_at)],
    facts: (row) => [['skills', row.skills.join(t('home.and'))], ['times', row.times], ['where', where(row)], ['asked', when(row.asked_at)], ['due', isWaiting(row) && when(row.due_at)]],
    body: () => [],
  },
};

export const badges = (row) => (isWaiting(row) ? waits(row) : make('span', { class: `badge ${LOOKS[row.state]}`, text: t(`community.asked.${row.state}`) }));

export function answering(kind, row, { done }) {
  const of = ASKED[kind];
  const facts = make('dl', { class: 'facts' }, of.facts(row).filter(([, value]) => value).flatMap(([key, value]) => [make('dt', { text: t(`community.asked.fact.${key}`) }), make('dd', { text: value })]));
  const contact = row.name || row.phone ? person(kind, row) : make('p', { class: 'soft small', text: t(`community.contact.${isWaiting(row) ? 'none' : kind === 'questions' ? 'gone' : 'erased'}`) });
  return make('div', { class: 'editor' }, isWaiting(row) ? make('div', { class: 'due' }, waits(row)) : null,
    make('article', { class: 'letter asked' }, ...of.body(row), facts, contact),
    isWaiting(row) ? reply(kind, row, done) : told(row));
}

const told = (row) => make('section', { class: 'letter' }, make('h3', { text: t(`community.asked.${row.state}`) }),
  make('p', { class: 'soft', text: when(row.answered_at) }), ...paragraphs(row.answer));

// The masked name and number; in clear for a reason, which the journal keeps.
function person(kind, row) {
  const box = make('div', { class: 'person' }, make('span', { text: [row.name, row.phone].filter(Boolean).join(' ') }),
    make('button', { type: 'button', class: 'btn', text: t('community.contact.show'), onclick: () => show().catch(expected) }));
  async function show() {
    const reason = field({ name: 'reason', label: t('community.contact.reason'), hint: t('community.contact.hint'), needed: true, most: 200 });
    if ((await dialog(t('community.contact.show'), reason.element, [{ value: '', text: t('page.do.cancel') }, { value: 'yes', text: t('community.contact.show'), look: 'main' }])) !== 'yes') return;
    try {
      const clear = await post(`/community/${kind}/${row.id}/contact`, { reason: reason.value() ?? '' });
      box.replaceChildren(make('span', { text: clear.name ?? '' }), clear.phone ? make('a', { class: 'btn', href: `tel:${clear.phone}` }, sign('phone'), make('span', { class: 'num', text: clear.phone })) : '');
    } catch (error) {
      toast(error instanceof Refused && error.status === 400 ? t('community.contact.short') : t('community.lost'));
      expected(error);
    }
  }
  return box;
}

function reply(kind, row, done) {
  const key = `${kind}/${row.id}`;
  const isQuestion = kind === 'questions';
  const words = field({ name: 'answer', kind: 'area', rows: 6, label: t(`community.answer.${kind}`), hint: t(`community.answer.hint_${kind}`), needed: isQuestion, most: 4000 });
  words.take(draft(key)?.words ?? '');
  words.element.addEventListener('input', () => (words.value() ? keep(key, { words: words.value() }, { lasting: false }) : drop(key)));
  const status = make('div', { role: 'status' });
  const tell = (text, look = '') => { status.className = text ? `notice ${look}` : ''; status.textContent = text; };
  const buttons = [
    make('button', { type: 'submit', class: 'btn main', text: t(`community.answer.do_${kind}`) }),
    make('button', { type: 'button', class: 'btn', text: t('community.answer.decline'), onclick: () => send('decline').catch(expected) }),
  ];

  async function send(act) {
    const isDeclined = act === 'decline';
    const fault = words.fault({}) ?? (isDeclined && !words.value() ? t('community.answer.why') : null);
    words.blame(isDeclined && !words.value() ? t('community.answer.why') : fault);
    if (fault) return words.focus();
    if ((isDeclined || !isQuestion) && !(await sure(t(isDeclined ? 'community.answer.decline' : 'community.answer.do_applications'), t(isDeclined ? 'community.answer.decline_sure' : 'community.answer.accept_sure'), t('page.do.confirm')))) return;
    for (const one of buttons) one.disabled = true;
    tell(t('community.sending'));
    try {
      await post(`/community/${kind}/${row.id}/${act}`, { version: row.version, words: words.value() });
      drop(key);
      toast(t(`community.answer.done_${act}`));
      done();
    } catch (error) {
      await refused(error);
    } finally {
      for (const one of buttons) one.disabled = false;
    }
  }

  // Who was faster may have answered: his answer stands under ours, which can still be copied.
  async function refused(error) {
    if (error instanceof Lost) return tell(t(navigator.onLine ? 'community.lost' : 'community.offline'), 'warn');
    expected(error);
    if (error.status !== 409) return tell(t('page.state.refused', { why: error.message }), 'late');
    const now = (await get(`/community/asked/${kind}`)).find(({ id }) => id === row.id);
    if (!now || now.state === 'waiting') return tell(t('community.answer.no_team'), 'late');
    tell(t('community.clash.answered'), 'warn');
    status.after(told(now));
  }

  return make('form', { class: 'whole', novalidate: true, onsubmit: (event) => { event.preventDefault(); send(isQuestion ? 'answer' : 'accept').catch(expected); } },
    words.element, status, make('div', { class: 'acts foot' }, buttons));
}
