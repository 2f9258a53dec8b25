// 联席会商: one is called, its decisions are written down with who is to do what by when, and what is
// to be done besides is added later. Each form stands under its whistle; what the store answers is
// the whistle as it then is.

import { expected, newId, post } from '../page/ask.js';
import { make, sign } from '../page/build.js';
import { toast } from '../page/tell.js';
import { when } from '../page/time.js';
import { t, term } from '../page/words.js';
import { daysAfter, instant, local, localDay } from '../page/zone.js';
import { may } from './state.js';

const DAYS = 7; // what was decided is due in a week, unless somebody says otherwise
const KEPT = new Set(['sounding', 'meeting', 'closed']); // a whistle of these may be given more to do
let fields = 0;

// What may be done about the meetings of a whistle, and the place of the form.
export function meetings(whistle, context) {
  if (!may('whistle')) return null;
  const place = make('div', { class: 'act-form' });
  const held = whistle.meetings.some(({ held_at: at }) => at);
  const ways = [
    whistle.state === 'sounding' && ['meet', t('desk.meeting.call'), call],
    whistle.state === 'meeting' && ['resolve', t('desk.meeting.resolve'), resolve],
    whistle.state === 'meeting' && ['meet', t('desk.meeting.move'), call],
    held && KEPT.has(whistle.state) && ['task', t('desk.meeting.more'), add],
  ].filter(Boolean);
  if (!ways.length) return null;
  return make('div', { class: 'meet' }, make('div', { class: 'acts' }, ways.map(([name, text, begin], at) => make('button', { type: 'button', class: `btn${at === 0 && name === 'resolve' ? ' main' : ''}`, 'data-key': `${name}-${whistle.round}`, 'data-meet': name, text, onclick: () => begin({ whistle, place, ...context }) }))), place);
}

function call(about) {
  const { whistle } = about;
  const called = whistle.meetings.find(({ held_at: held }) => !held);
  const at = make('input', { type: 'datetime-local', required: true, value: called ? local(called.at) : `${daysAfter(localDay(new Date()), 1)}T09:30` });
  const place = make('input', { type: 'text', maxlength: 200, value: called?.place ?? '' });
  const units = present(whistle);
  const invited = called ? called.participants : units.map(({ code }) => code);
  const boxes = units.map(({ code, name }) => make('label', { class: 'check' }, make('input', { type: 'checkbox', value: code, checked: invited.includes(code) }), make('span', { text: name })));
  form(about, {
    title: called ? t('desk.meeting.move') : t('desk.meeting.call'), path: 'meetings',
    parts: [field(t('desk.meeting.at'), at), field(t('desk.meeting.place'), place),
      boxes.length ? make('fieldset', { class: 'units' }, make('legend', { class: 'label small', text: t('desk.meeting.units') }), boxes) : null],
    told: () => ({ at: instant(at.value).toISOString(), place: place.value.trim(), participants: boxes.map((box) => box.querySelector('input')).filter(({ checked }) => checked).map(({ value }) => value) }),
    done: () => t('desk.meeting.called', { when: when(instant(at.value).toISOString()) }),
  });
}

function resolve(about) {
  const { whistle } = about;
  const words = make('textarea', { rows: 3, maxlength: 4000, required: true });
  const list = make('ul', { class: 'plain tasks' });
  const units = present(whistle);
  const another = () => {
    const one = task(units, () => { one.element.remove(); more.focus(); });
    list.append(one.element);
    one.focus();
  };
  const more = make('button', { type: 'button', class: 'btn bare', 'data-key': 'form', 'data-more': true, onclick: another }, sign('plus'), t('desk.meeting.another'));
  form(about, {
    title: t('desk.meeting.resolve'), path: 'decisions',
    parts: [field(t('desk.meeting.decisions'), words), list, units.length ? more : null],
    told: () => ({ words: words.value.trim(), tasks: [...list.children].map((line) => line.told()) }),
    done: () => t('desk.meeting.resolved', { n: list.children.length }),
  });
}

function add(about) {
  const one = task(present(about.whistle));
  form(about, {
    title: t('desk.meeting.more'), path: 'tasks', parts: [make('ul', { class: 'plain tasks' }, one.element)],
    told: () => ({ task: one.element.told() }), done: () => t('desk.meeting.added'),
  });
}

// Units that were called or sat in a meeting: [{ code, name }]. Members are persons: they do not sit in one.
function present({ parties, meetings: met }) {
  const found = new Map(parties.filter(({ is_member: person, state }) => !person && state !== 'declined').map(({ code, name }) => [code, name]));
  for (const { participants, participant_names: names } of met) participants.forEach((code, at) => found.set(code, names[at]));
  return [...found].map(([code, name]) => ({ code, name }));
}

// What one unit is to do by when, as a line of a form.
function task(units, drop = null) {
  const unit = make('select', {}, units.map(({ code, name }) => make('option', { value: code, text: name })));
  const words = make('textarea', { rows: 2, maxlength: 4000, required: true });
  const due = make('input', { type: 'datetime-local', required: true, value: `${daysAfter(localDay(new Date()), DAYS)}T18:00` });
  const element = make('li', { class: 'stack' }, field(t('desk.meeting.who'), unit), field(t('desk.meeting.what'), words), field(t('desk.meeting.by'), due),
    drop && make('button', { type: 'button', class: 'btn bare', 'data-key': 'form', text: t('desk.meeting.drop'), onclick: drop }));
  element.told = () => ({ unit: unit.value, words: words.value.trim(), due_at: instant(due.value).toISOString() });
  return { element, focus: () => unit.focus() };
}

function field(label, input) {
  fields += 1;
  input.id = `meeting-${fields}`;
  input.dataset.key = 'form';
  return make('div', { class: 'field' }, make('label', { for: input.id, text: label }), input);
}

// One form at a time under a whistle; it is sent once however often it is pressed, as of the whistle
// that was seen.
function form({ whistle, file, place, done: fresh }, { title, path, parts, told, done }) {
  const id = newId();
  const fault = make('p', { class: 'fault', role: 'alert', hidden: true });
  const opener = document.activeElement;
  const close = () => {
    place.replaceChildren();
    opener.focus();
  };
  const send = async () => {
    const url = `/cases/${encodeURIComponent(file.code)}/whistles/${whistle.round}/${path}`;
    await post(url, { ...told(), seen: whistle.version, request_id: id });
    toast(done());
    await fresh({ anew: true }).finally(() => place.replaceChildren()); // what stands there anew is of the next version
    if (document.activeElement === document.body) document.querySelector(`.meet [data-key$="-${whistle.round}"]`)?.focus();
  };
  const element = make('form', { class: 'paper inside stack', onsubmit: (event) => {
    event.preventDefault();
    send().catch((error) => {
      fault.textContent = error.status === 409 ? t('desk.act.changed') : error.message;
      fault.hidden = false;
      expected(error);
    });
  } }, make('h4', { text: `${t('desk.whistle.round', { n: whistle.round })} · ${term('whistle_kind', whistle.kind)} · ${title}` }), parts, fault,
  make('div', { class: 'acts' }, make('button', { class: 'btn main', 'data-key': 'form', text: t('page.do.confirm') }), make('button', { type: 'button', class: 'btn bare', text: t('page.do.cancel'), onclick: close })));
  place.replaceChildren(element);
  element.scrollIntoView({ block: 'nearest' });
  element.querySelector('input, textarea, select').focus();
}
