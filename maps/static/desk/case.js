// A case beside the map: how its time stands, who answers and why, what can be done now, and what
// happened so far.

import { picture } from '../map/signs.js';
import { Lost, Refused, expected, get, post } from '../page/ask.js';
import { make, sign } from '../page/build.js';
import { dialog, toast } from '../page/tell.js';
import { ago, now, when } from '../page/time.js';
import { actor, language, t, term } from '../page/words.js';
import { acts } from './acts.js';
import { goTo, markCase } from './place.js';
import { rowOf } from './queue.js';
import { bar } from './row.js';
import { side } from './side.js';
import { changed, state } from './state.js';
import { whistles } from './whistle.js';

let body = null;

export async function openCase(code, { focus = true } = {}) {
  state.case = code;
  window.history.replaceState(null, '', `#${encodeURIComponent(code)}`);
  changed('case');
  body = make('div', { class: 'case' }, make('span', { class: 'wait' }), make('span', { class: 'wait short' }));
  side.show('case', body, { title: t('desk.case.title'), focus, leave: left });
  await fill(code, true);
}

// Read again, in place: who reads on, reads on; who writes is not disturbed, unless it is `anew`.
export async function freshCase({ anew = false } = {}) {
  if (state.case && (anew || !forms(body).length)) await fill(state.case, false);
}

const forms = (shown) => [...shown.querySelectorAll('.act-form form')];

function left() {
  state.case = null;
  window.history.replaceState(null, '', window.location.pathname);
  markCase(null);
  changed('case');
}

async function fill(code, first) {
  const [shown, begun] = [body, forms(body)];
  try {
    const path = `/cases/${encodeURIComponent(code)}`;
    const [file, why, moves, blown] = await Promise.all([get(path), orNone(get(`${path}/why`)), get(`${path}/moves`), orNone(get(`${path}/whistles`))]);
    if (state.case !== code || shown !== body) return;
    if (forms(shown).some((one) => !begun.includes(one))) return; // somebody began to write meanwhile
    if (first && file.lon) goTo(file.lon, file.lat);
    markCase(file.lon ? file : null);
    inPlace(shown, [head(file), time(file), reason(file, why), acts({ file, why, moves, done: freshCase }), facts(file),
      photos(file), whistles({ file, blown: blown ?? [], done: freshCase }), story(file)]);
  } catch (error) {
    if (shown === body && (error instanceof Refused || error instanceof Lost)) {
      shown.replaceChildren(make('p', { class: 'notice warn', text: error.status === 404 ? t('desk.case.none') : t('page.state.lost') }));
    }
    throw error;
  }
}

// What stands beside the case does not keep it from being shown.
const orNone = (asked) => asked.catch((error) => { expected(error); return null; });

function inPlace(shown, parts) {
  const [scroll, held] = [side.body?.scrollTop ?? 0, document.activeElement];
  const key = shown.contains(held) ? held.dataset.key ?? null : null;
  const unfolded = shown.querySelector('details')?.open;
  shown.replaceChildren(...parts.flat().filter(Boolean));
  if (unfolded) shown.querySelector('details')?.setAttribute('open', '');
  if (side.body) side.body.scrollTop = scroll;
  if (key) shown.querySelector(`[data-key="${key}"]`)?.focus({ preventScroll: true });
}

function head(file) {
  const marks = [
    file.supervised && ['late', t('desk.queue.supervised')],
    file.extensions > 0 && ['', t('desk.case.extended', { n: file.extensions })],
    file.returns > 0 && ['', t('desk.case.returned', { n: file.returns })],
    file.reworks > 0 && ['', t('desk.case.reworked', { n: file.reworks })],
    file.level && ['warn', t('desk.case.escalated', { level: term('division_level', file.level) })],
  ].filter(Boolean);
  return make('header', { class: 'case-head' },
    make('p', { class: 'standing' }, picture('cases', file.state), make('b', { text: term('case_state', file.state) }), marks.map(([look, text]) => make('span', { class: `badge ${look}`, text }))),
    make('h3', { class: 'case-title', text: file.title }),
    make('p', { class: 'soft', text: [file.cell?.name ?? file.desk?.name, file.address].filter(Boolean).join(' · ') }));
}

function time(file) {
  const listed = rowOf(file.code);
  const due = file.stage_due_at ?? file.due_at;
  if (!due) return null;
  const shown = { share: null, ...listed, state: file.state, due_at: due, overdue: Boolean(file.overdue_at) || new Date(due) < now() };
  return make('section', { class: 'case-time' }, bar(shown), make('p', { class: 'soft small num', text: t('desk.case.due', { at: when(due) }) }));
}

// Why it is where it is, in one sentence.
function reason(file, why) {
  if (!why) return null;
  const held = file.worker ?? file.unit;
  const last = why.chosen;
  const passed = why.steps.filter(({ outcome }) => outcome === 'passed_over').length;
  const say = (step) => step[language === 'en' ? 'en' : 'zh'];
  const sentence = last ? `${say(last)}${language === 'en' ? '.' : '。'}` : t('desk.case.nobody');
  return make('section', { class: 'why' },
    make('p', { class: 'sentence' }, held ? make('span', { class: 'soft', text: t('desk.case.if_now') }) : null, sentence),
    why.steps.length > 1 ? make('details', { 'data-key': 'why' }, make('summary', { 'data-key': 'steps', text: t('desk.case.passed', { n: passed }) }),
      make('ol', { class: 'steps-of' }, why.steps.map((step) => make('li', { class: step.outcome, text: say(step) })))) : null);
}

function facts(file) {
  const holder = [file.unit, file.worker].filter(Boolean);
  const rows = [
    [t('desk.case.holder'), holder.length ? holder.map(contact) : make('span', { class: 'soft', text: t('desk.case.nobody_yet') })],
    [t('desk.case.told'), file.description],
    [t('desk.case.reported'), `${when(file.reported_at)} · ${term('channel', file.channel)}`],
    [t('desk.case.contact'), file.contact ? masked(file) : null],
    [t('desk.case.class'), [file.class?.major, file.class?.name].filter(Boolean).join(' › ')],
    [t('desk.case.filing'), file.condition?.filing], [t('desk.case.closing'), file.condition?.closing],
    [t('desk.case.similar'), file.similar?.length ? file.similar.map(link) : null],
    [t('desk.case.code'), make('span', { class: 'num', text: file.code })],
  ].filter(([, value]) => value);
  return make('section', {}, make('dl', { class: 'facts' }, rows.flatMap(([name, value]) => [make('dt', { text: name }), make('dd', {}, value)])));
}

function contact(who) {
  return make('span', { class: 'contact' }, who.name,
    who.phone ? make('a', { class: 'btn bare', href: `tel:${who.phone.replace(/[^0-9+]/g, '')}`, 'aria-label': `${t('desk.case.call', { who: who.name })} ${who.phone}` }, sign('phone'), who.phone) : null);
}

// The reporter's telephone is opened for a reason, which the journal keeps.
function masked(file) {
  const shown = make('span', { class: 'contact num' }, file.contact, make('button', { type: 'button', class: 'btn bare', 'data-key': 'contact', text: t('desk.case.unmask'), onclick: () => open().catch(expected) }));
  const open = async () => {
    const why = make('input', { class: 'input', maxlength: 200, 'aria-label': t('desk.need.reason') });
    const answer = await dialog(t('desk.case.unmask_why'), why, [{ value: '', text: t('page.do.cancel') }, { value: 'yes', text: t('page.do.confirm'), look: 'main' }]);
    if (answer !== 'yes') return;
    try {
      const { contact: phone } = await post(`/cases/${encodeURIComponent(file.code)}/contact`, { reason: why.value.trim() });
      shown.replaceChildren(contact({ name: t('desk.case.reporter'), phone }));
    } catch (error) {
      if (error instanceof Refused) toast(t('page.state.refused', { why: error.message }));
      throw error;
    }
  };
  return shown;
}

function link({ code, title }) {
  return make('button', { type: 'button', class: 'chip', text: title ?? code, onclick: () => openCase(code).catch(expected) });
}

function photos({ code, photos: taken }) {
  if (!taken?.length) return null;
  const path = `/cases/${encodeURIComponent(code)}/photos`;
  return make('section', { class: 'case-photos' }, taken.map(({ number }) => make('a', { href: `${path}/${number}.jpg`, target: '_blank', rel: 'noopener' },
    make('img', { src: `${path}/${number}/thumb.jpg`, alt: t('desk.case.photo', { number }), loading: 'lazy', width: 96, height: 96 }))));
}

function story({ timeline }) {
  return make('section', {}, make('h4', { text: t('desk.case.story') }),
    make('ol', { class: 'story' }, timeline.slice().reverse().map((event) => make('li', { class: event.source === event.target ? '' : 'moves' },
      make('p', {}, make('b', { text: term('move', event.move) }), make('span', { class: 'soft small', title: when(event.at), text: ` ${ago(event.at)}` })),
      make('p', { class: 'soft small', text: [event.unit ?? event.worker, actor(event.actor)].filter(Boolean).join(' · ') }),
      event.words || event.detail?.reason ? make('p', { class: 'said', text: event.words || event.detail.reason }) : null))));
}
