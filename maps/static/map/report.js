// 上报: anybody tells of a problem, without signing in. What is typed stays until it is answered: in
// the session of the browser, photographs in memory. One report has one request id, so sending it
// again, after a lost answer or by a second press, never makes a second case.

import { newId } from '../page/ask.js';
import { sendPhoto } from '../page/photos.js';
import { t, term } from '../page/words.js';
import { Lost, Refused, askJson, expected } from './ask.js';
import { icon, make } from './build.js';
import { may } from './me.js';
import { say } from './notice.js';
import { fill, opens, panel, section, turnTo } from './panel.js';
import { classField } from './report-class.js';
import { photosField } from './report-photos.js';
import { answering, placeField } from './report-place.js';
import { onChange, state } from './state.js';

const TITLE = t('map.report.title');
const KEPT = 'wangge.report';
const MOST_WORDS = 4000;
const PLUS = ['M10 4v12', 'M4 10h12'];
const SAID = [ // what is said of a field: the server's words, and ours
  [/is missing: say in words/, 'missing'],
  [/is not placed/, 'unplaced'],
  [/is no telephone/, 'contact'],
  [/longer than/, 'long'],
  [/holds the character/, 'character'],
  [/in degrees|in metres|beside the other/, 'place'],
];
const SLOT = { kind: 'class_code', class: 'class_code', lon: 'place', lat: 'place', accuracy_m: 'place', datum: 'place', address: 'place' };

let draft = kept();
let busy = false;
let onTheirWay = 0; // photographs of taken cases
let shown = null; // 'form' or 'answer' while the panel is ours
let fields;
let button;

// The button on the map, and what opens the form at a place.
export function reportButton(map) {
  button = make('button', { type: 'button', class: 'report-open', onclick: () => openReport() }, icon(...PLUS), make('span', { text: t('map.report.open') }));
  const Report = L.Control.extend({
    onAdd() {
      L.DomEvent.disableClickPropagation(button);
      return make('div', { class: 'leaflet-bar report-bar' }, button);
    },
  });
  new Report({ position: 'bottomright' }).addTo(map);
  fields = form(map);
  restore();
  mark();
  map.on('contextmenu', ({ latlng }) => placedPin(latlng) || openReport(latlng));
  onChange((what) => {
    if (what === 'selected' && shown && !state.reporting) leave();
  });
  window.addEventListener('beforeunload', (event) => {
    if (busy || onTheirWay || fields.photos.all().length) event.preventDefault(); // words are kept, photographs are not
  });
  window.addEventListener('online', () => shown === 'form' && fields.status.classList.contains('warning') && tell(t('map.report.online')));
}

// A click on the map while the form is open places the pin; else it means something else.
export function placedPin(place) {
  if (shown !== 'form') return false;
  fields.place.put(place);
  return true;
}

function openReport(place = null) {
  turnTo({ reporting: true });
  shown = 'form';
  document.body.classList.add('reporting');
  fill(TITLE, fields.element);
  panel.focus({ preventScroll: true });
  if (place) fields.place.put(place);
  fields.place.show();
}

function leave() {
  if (shown === 'form' && isBegun() && !busy) say(t('map.report.kept'));
  shown = null;
  document.body.classList.remove('reporting');
  fields.place.hide();
}

// The form

function form(map) {
  const what = classField(keep);
  const words = make('textarea', { id: 'report-words', rows: 3, maxlength: MOST_WORDS, placeholder: t('map.report.example'), 'aria-describedby': 'fault-description', oninput: keep });
  const place = placeField(map, () => {
    fault('place');
    keep();
  });
  const photos = photosField((words) => fault('photos', words), mark);
  const contact = make('input', { id: 'report-contact', type: 'tel', autocomplete: 'tel', maxlength: 40, placeholder: t('map.report.telephone'), 'aria-describedby': 'sealed fault-contact', oninput: keep });
  const status = make('p', { class: 'sending', role: 'status' });
  const send = make('button', { type: 'submit', class: 'main', text: t('map.report.send') });
  const whole = make('fieldset', { 'aria-label': TITLE },
    section(t('map.report.what'), what.element, slot('class_code'), make('label', { for: 'report-words', class: 'or', text: t('map.report.words') }), words, slot('description')),
    section(t('map.report.where'), place.element, slot('place')),
    section(t('map.report.photos'), photos.element, slot('photos')),
    section(t('map.report.contact'), contact, make('p', { class: 'soft', id: 'sealed', text: t('map.report.sealed') }), slot('contact')));
  contact.setAttribute('aria-label', t('map.report.contact'));
  const element = make('form', { class: 'report', novalidate: true, onsubmit: submit },
    make('header', { class: 'head' }, make('h2', { text: TITLE }), make('p', { class: 'where', text: t('map.report.anybody') })),
    whole, make('div', { class: 'send-bar' }, slot('report'), status, send));
  return { element, whole, what, words, place, photos, contact, status, send };
}

function slot(name) {
  return make('p', { class: 'fault', id: `fault-${name}`, role: 'alert', hidden: true });
}

function fault(name, words = '') {
  const line = fields.element.querySelector(`#fault-${name}`);
  line.hidden = !words;
  line.textContent = words;
  const input = { class_code: fields.what.input, description: fields.words, contact: fields.contact }[name];
  if (words) input?.setAttribute('aria-invalid', 'true');
  else input?.removeAttribute('aria-invalid');
}

function clearFaults() {
  for (const { id } of fields.element.querySelectorAll('.fault')) fault(id.slice('fault-'.length));
}

// All that is wrong, each at its field; the first one is gone to.
function showFaults(faults) {
  clearFaults();
  for (const { field, reason } of faults) {
    const name = SLOT[field] ?? field;
    const known = fields.element.querySelector(`#fault-${CSS.escape(name)}`) ? name : 'report';
    const [, said] = SAID.find(([pattern]) => pattern.test(reason)) ?? [];
    fault(known, said ? t(`map.report.fault.${said}`) : t('page.state.refused', { why: `${field}: ${reason}` }));
  }
  const first = fields.element.querySelector('.fault:not([hidden])');
  const field = first.closest('section')?.querySelector('[aria-invalid]') ?? first.closest('section')?.querySelector('.chip:not([hidden])');
  field?.focus({ preventScroll: true });
  first.scrollIntoView({ block: 'center' });
}

function tell(words = '', look = '') {
  fields.status.className = `sending ${look}`;
  fields.status.textContent = words;
}

// What is kept

function kept() {
  try {
    return { request_id: newId(), ...JSON.parse(window.sessionStorage.getItem(KEPT)) };
  } catch {
    return { request_id: newId() };
  }
}

function keep() {
  draft = { ...draft, class: fields.what.chosen(), words: fields.words.value, contact: fields.contact.value, spot: fields.place.spot() };
  try {
    if (isBegun()) window.sessionStorage.setItem(KEPT, JSON.stringify(draft));
    else window.sessionStorage.removeItem(KEPT);
  } catch { /* a browser that keeps nothing: the page still does */ }
  mark();
}

function isBegun() {
  return Boolean(draft.class || draft.words || draft.contact || draft.spot || draft.unanswered || fields.photos.all().length);
}

function restore() {
  fields.what.take(draft.class ?? null);
  fields.words.value = draft.words ?? '';
  fields.contact.value = draft.contact ?? '';
  fields.place.take(draft.spot ?? null);
  freeze(Boolean(draft.unanswered));
  tell(...(draft.unanswered ? [t('map.report.unanswered'), 'warning'] : []));
}

function startAnew() {
  draft = { request_id: newId() };
  fields.photos.empty();
  clearFaults();
  restore();
  keep();
}

// What may have been taken already is sent again as it was, not changed.
function freeze(on) {
  fields.whole.disabled = on;
  fields.place.freeze(on);
}

// The button says that something waits to be sent.
function mark() {
  const going = isBegun();
  button.classList.toggle('going', going);
  button.setAttribute('aria-label', t(going ? 'map.report.go_on' : 'map.report.open'));
}

// Sending

function lacking() {
  const { what, words, contact, place } = fields;
  const number = contact.value.replace(/[\s()（）-]/g, '');
  return [
    !what.chosen() && !words.value.trim() && { field: 'description', reason: 'is missing: say in words what it is, or name a class' },
    !place.spot() && { field: 'place', reason: 'is not placed: put the pin where it is' },
    number && !/^\+?[0-9]{5,15}$/.test(number) && { field: 'contact', reason: 'is no telephone: 5 to 15 digits are expected' },
  ].filter(Boolean);
}

async function submit(event) {
  event.preventDefault();
  if (busy) return;
  const faults = lacking();
  if (faults.length) return showFaults(faults);
  clearFaults();
  if (!navigator.onLine) return tell(t('map.report.offline'), 'warning');
  occupied(true);
  tell(t('map.report.sending'));
  try {
    answered(await post());
  } catch (error) {
    refused(error);
  } finally {
    occupied(false);
  }
}

function occupied(on) {
  busy = on;
  fields.send.setAttribute('aria-disabled', String(on));
  freeze(on || Boolean(draft.unanswered));
}

async function post() {
  const { what, words, contact, place } = fields;
  const { kind, code } = what.chosen() ?? {};
  const body = JSON.stringify({
    kind, class: code ?? '', description: words.value, contact: contact.value, ...place.spot(), datum: 'wgs84', channel: 'page', request_id: draft.request_id,
  });
  draft.unanswered = true;
  keep();
  let answer;
  try {
    answer = await fetch('/cases', { method: 'POST', credentials: 'same-origin', headers: { 'Content-Type': 'application/json' }, body });
    if (answer.ok) return await answer.json();
  } catch (error) {
    throw new Lost(error.message);
  }
  if (answer.status >= 500) throw new Lost(`${answer.status}`);
  const problem = await answer.json().catch(() => ({}));
  throw new Refused(answer.status, problem);
}

function refused(error) {
  if (error instanceof Lost) {
    tell(t(navigator.onLine ? 'map.report.unanswered' : 'map.report.cut_off'), 'warning');
    return;
  }
  draft.unanswered = false;
  keep();
  freeze(false);
  tell();
  if (!(error instanceof Refused)) throw error;
  if (error.faults.length) showFaults(error.faults);
  else if (error.status === 429) tell(t('map.report.too_often'), 'warning');
  else tell(t('page.state.refused', { why: error.message }), 'warning');
}

// The answer

function answered(answer) {
  const requestId = draft.request_id;
  const photos = fields.photos.all();
  const names = fields.place.names();
  startAnew();
  tell();
  if (shown) thank(answer, names);
  else say(t('map.report.done', { code: answer.code }));
  sendAll(answer.code, requestId, photos).catch(expected);
}

function thank(answer, names) {
  shown = 'answer';
  document.body.classList.remove('reporting');
  fields.place.hide();
  const acts = make('p', { class: 'acts' }, make('button', { type: 'button', class: 'main', onclick: () => openReport(), text: t('map.report.another') }));
  fill(t('map.report.reported'),
    make('header', { class: 'head thanks' }, make('p', { class: 'where' }, icon('m4.5 10.5 4 4 7-8.5'), make('span', { text: t('map.report.thanks') })),
      make('h2', { text: answer.code }), make('p', { class: 'code' }, ...ofClass(answer.class))),
    make('section', { class: 'photos-on-their-way', hidden: true }),
    whose(answer, names), alike(answer), acts);
  panel.focus({ preventScroll: true });
  offerCard(answer, acts).catch(expected);
}

function ofClass({ kind, name, code }) {
  const number = make('span', { text: t('map.report.code') });
  if (!code) return [number];
  return [number, kind && make('span', { class: 'kind', text: term('class_kind', kind) }), make('span', { text: name ?? code })].filter(Boolean);
}

function whose({ cell, desk, posts, candidates }, names) {
  if (cell) return section(t('map.report.cell'), make('p', { class: 'spot' }, make('b', { text: cell.name })), answering(posts));
  const near = candidates.map((code) => names.get(code) ?? code);
  return section(t('map.report.desk'), make('p', { class: 'spot' }, make('b', { text: desk?.code ? t('map.report.desk_of', { name: desk.name ?? desk.code }) : t('map.report.main_desk') })),
    near.length ? make('p', { class: 'soft', text: t(near.length > 4 ? 'map.report.near_many' : 'map.report.near', { names: near.slice(0, 4).join(t('map.and')), n: near.length }) }) : null);
}

function alike({ similar: { count }, class: { code } }) {
  if (!code) return null;
  return section(t('map.report.alike'), make('p', { class: count ? 'plain' : 'none', text: count ? t('map.report.alike_n', { n: count }) : t('page.state.none') }));
}

// For who may see this very case, a way to its card.
async function offerCard({ code, cell }, acts) {
  if (!(await may('cases'))) return;
  await askJson(`/cases/${encodeURIComponent(code)}`);
  acts.prepend(make('button', { type: 'button', class: 'chip', onclick: () => opens.case(code, { cell: cell?.code }), text: t('map.report.card') }));
}

// Photographs go one by one; those that did not arrive can be sent again.
async function sendAll(code, requestId, photos) {
  if (!photos.length) return;
  const line = make('p', { role: 'status' });
  const bar = make('progress', { max: photos.length, 'aria-label': t('map.photos') });
  const box = panel.querySelector('.photos-on-their-way');
  box?.replaceChildren(make('h3', { text: t('map.photos') }), line, bar);
  if (box) box.hidden = false;
  const left = [];
  onTheirWay += photos.length;
  for (const [index, { blob }] of photos.entries()) {
    line.textContent = t('map.report.photo_n', { n: index + 1, of: photos.length });
    try {
      await sendPhoto(code, requestId, blob, (share) => { bar.value = index + share; });
    } catch (error) {
      expected(error);
      left.push(photos[index]);
    }
    onTheirWay -= 1;
    bar.value = index + 1;
  }
  bar.remove();
  line.textContent = left.length ? t('map.report.photos_left', { n: left.length }) : t('map.report.photos_sent', { n: photos.length });
  if (!left.length) return;
  if (!box?.isConnected) return say(t('map.report.photos_lost', { code, n: left.length }));
  box.append(make('button', { type: 'button', class: 'chip', onclick: () => sendAll(code, requestId, left).catch(expected), text: t('map.report.again') }));
}
