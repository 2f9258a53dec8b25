// 上报: anybody tells of a problem, without signing in. What is typed stays until it is answered: in
// the session of the browser, photographs in memory. One report has one request id, so sending it
// again, after a lost answer or by a second press, never makes a second case.

import { Lost, Refused, askJson, expected } from './ask.js';
import { both, icon, make } from './build.js';
import { may } from './me.js';
import { say } from './notice.js';
import { fill, opens, panel, section, turnTo } from './panel.js';
import { classField } from './report-class.js';
import { photosField, sendPhoto } from './report-photos.js';
import { answering, placeField } from './report-place.js';
import { onChange, settings, state } from './state.js';

const TITLE = '上报问题 Report a problem';
const KEPT = 'wangge.report';
const MOST_WORDS = 4000;
const PLUS = ['M10 4v12', 'M4 10h12'];
const OFFLINE = ['现在没有网络。写的都还在，有网后再按一次。', 'You are offline. Nothing is lost: send again later.'];
const UNANSWERED = ['没等到回音，不知道收到没有。再按一次就行，不会报成两件。', 'No answer came. Press again: it will not be reported twice.'];
const SAID = [ // what is said of a field: the server's words, and ours
  [/is missing: say in words/, '请选一个类别，或者用几句话说明。', 'Choose a class, or say it in words.'],
  [/is not placed/, '请把图钉放到现场，或按“就在这里”。', 'Put the pin where it happened, or press “It is here”.'],
  [/is no telephone/, '这不像电话号码：应是 5 到 15 位数字。', 'A telephone has 5 to 15 digits.'],
  [/longer than/, '太长了，请写短一些。', 'This is too long.'],
  [/holds the character/, '里面有看不见的控制字符，请删掉重写。', 'It holds a character nobody can read.'],
  [/in degrees|in metres|beside the other/, '位置不对，请把图钉重新放一次。', 'Place the pin once more.'],
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
  button = make('button', { type: 'button', class: 'report-open', onclick: () => openReport() }, icon(...PLUS), make('span', {}, ...both('上报', 'Report')));
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
  window.addEventListener('online', () => shown === 'form' && fields.status.classList.contains('warning') && tell('网络恢复了，可以发送。', 'You are online again.'));
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
  if (shown === 'form' && isBegun() && !busy) say('没发出的内容给您留着，按“上报”接着写。', 'Your report is kept: press Report to go on.');
  shown = null;
  document.body.classList.remove('reporting');
  fields.place.hide();
}

// The form

function form(map) {
  const what = classField(keep);
  const words = make('textarea', { id: 'report-words', rows: 3, maxlength: MOST_WORDS, placeholder: '怎么了？例如：路面塌了一块，有水冒出', 'aria-describedby': 'fault-description', oninput: keep });
  const place = placeField(map, () => {
    fault('place');
    keep();
  });
  const photos = photosField((...said) => fault('photos', ...said), mark);
  const contact = make('input', { id: 'report-contact', type: 'tel', autocomplete: 'tel', maxlength: 40, placeholder: '手机或座机', 'aria-describedby': 'sealed fault-contact', oninput: keep });
  const status = make('p', { class: 'sending', role: 'status' });
  const send = make('button', { type: 'submit', class: 'main' }, ...both('上报', 'Send'));
  const whole = make('fieldset', { 'aria-label': TITLE },
    section('什么事', 'What', what.element, slot('class_code'), make('label', { for: 'report-words', class: 'or' }, ...both('说明，只写这一栏也行', 'Words alone will do')), words, slot('description')),
    section('在哪里', 'Where', place.element, slot('place')),
    section('照片', 'Photographs, up to 3', photos.element, slot('photos')),
    section('联系电话', 'Telephone, optional', contact, make('p', { class: 'soft', id: 'sealed' }, ...both('可以不填。加密封存，办案需要时才能打开，打开要留理由。', 'Kept sealed; opened only for a stated reason.')), slot('contact')));
  contact.setAttribute('aria-label', '联系电话 Telephone');
  const element = make('form', { class: 'report', novalidate: true, onsubmit: submit },
    make('header', { class: 'head' }, make('h2', { text: '上报问题' }), make('p', { class: 'where', text: '谁都可以报，不用登录 No sign-in needed' })),
    whole, make('div', { class: 'send-bar' }, slot('report'), status, send));
  return { element, whole, what, words, place, photos, contact, status, send };
}

function slot(name) {
  return make('p', { class: 'fault', id: `fault-${name}`, role: 'alert', hidden: true });
}

function fault(name, chinese, english) {
  const line = fields.element.querySelector(`#fault-${name}`);
  line.hidden = !chinese;
  line.replaceChildren(...(chinese ? both(chinese, english) : []));
  const input = { class_code: fields.what.input, description: fields.words, contact: fields.contact }[name];
  if (chinese) input?.setAttribute('aria-invalid', 'true');
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
    const [, chinese, english] = SAID.find(([pattern]) => pattern.test(reason)) ?? [null, '这一项没有被接受。', `${field}: ${reason}`];
    fault(known, chinese, english);
  }
  const first = fields.element.querySelector('.fault:not([hidden])');
  const field = first.closest('section')?.querySelector('[aria-invalid]') ?? first.closest('section')?.querySelector('.chip:not([hidden])');
  field?.focus({ preventScroll: true });
  first.scrollIntoView({ block: 'center' });
}

function tell(chinese, english, look = '') {
  fields.status.className = `sending ${look}`;
  fields.status.replaceChildren(...(chinese ? both(chinese, english) : []));
}

// What is kept

function kept() {
  try {
    return { request_id: newId(), ...JSON.parse(window.sessionStorage.getItem(KEPT)) };
  } catch {
    return { request_id: newId() };
  }
}

function newId() {
  if (crypto.randomUUID) return crypto.randomUUID(); // only where the page is served safely
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
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
  tell(...(draft.unanswered ? [...UNANSWERED, 'warning'] : []));
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
  button.setAttribute('aria-label', going ? '上报：接着写 Report: go on' : '上报 Report');
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
  if (!navigator.onLine) return tell(...OFFLINE, 'warning');
  occupied(true);
  tell('正在上报…', 'Sending');
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
  throw Object.assign(new Refused(answer.status, problem.detail ?? `${answer.status}`), { faults: problem.faults ?? problem.errors ?? [] });
}

function refused(error) {
  if (error instanceof Lost) {
    tell(...(navigator.onLine ? UNANSWERED : [UNANSWERED[0].replace('没等到回音', '网络断了'), UNANSWERED[1]]), 'warning');
    return;
  }
  draft.unanswered = false;
  keep();
  freeze(false);
  tell();
  if (!(error instanceof Refused)) throw error;
  if (error.faults.length) showFaults(error.faults);
  else if (error.status === 429) tell('报得太密了，请过一会儿再发；写的都还在。', error.message, 'warning');
  else tell('没有被接受。', error.message, 'warning');
}

// The answer

function answered(answer) {
  const requestId = draft.request_id;
  const photos = fields.photos.all();
  const names = fields.place.names();
  startAnew();
  tell();
  if (shown) thank(answer, names);
  else say(`已上报，案卷号 ${answer.code}。`, 'Reported.');
  sendAll(answer.code, requestId, photos).catch(expected);
}

function thank(answer, names) {
  shown = 'answer';
  document.body.classList.remove('reporting');
  fields.place.hide();
  const acts = make('p', { class: 'acts' }, make('button', { type: 'button', class: 'main', onclick: () => openReport() }, ...both('再报一件', 'Report another')));
  fill('已上报 Reported',
    make('header', { class: 'head thanks' }, make('p', { class: 'where' }, icon('m4.5 10.5 4 4 7-8.5'), make('span', {}, ...both('收到了，谢谢', 'Received, thank you'))),
      make('h2', { text: answer.code }), make('p', { class: 'code' }, ...ofClass(answer.class))),
    make('section', { class: 'photos-on-their-way', hidden: true }),
    whose(answer, names), alike(answer), acts);
  panel.focus({ preventScroll: true });
  offerCard(answer, acts).catch(expected);
}

function ofClass({ kind, name, code }) {
  const number = make('span', { text: '案卷号 Case number' });
  if (!code) return [number];
  return [number, kind && make('span', { class: 'kind', text: settings.words.kind[kind] ?? kind }), make('span', { text: name ?? code })].filter(Boolean);
}

function whose({ cell, desk, posts, candidates }, names) {
  if (cell) return section('归这个网格办', 'Its cell', make('p', { class: 'spot' }, make('b', { text: cell.name })), answering(posts));
  const near = candidates.map((code) => names.get(code) ?? code);
  return section('由值班台先定网格', 'Its duty desk', make('p', { class: 'spot' }, make('b', { text: desk?.code ? `${desk.name ?? desk.code}值班台` : '总值班台' })),
    near.length ? make('p', { class: 'soft', text: `可能在 ${near.slice(0, 4).join('、')}${near.length > 4 ? ` 等 ${near.length} 个网格` : ''}` }) : null);
}

function alike({ similar: { count }, class: { code } }) {
  if (!code) return null;
  return section('附近相似的未结案', 'Alike, near, open', make('p', { class: count ? 'plain' : 'none' },
    ...(count ? both(`24 小时内 50 米内另有 ${count} 件，受理时会看要不要并案`, `${count} more within 50 m and 24 h`) : both('没有', 'None'))));
}

// For who may see this very case, a way to its card.
async function offerCard({ code, cell }, acts) {
  if (!(await may('cases'))) return;
  await askJson(`/cases/${encodeURIComponent(code)}`);
  acts.prepend(make('button', { type: 'button', class: 'chip', onclick: () => opens.case(code, { cell: cell?.code }) }, ...both('看案卷', 'Its card')));
}

// Photographs go one by one; those that did not arrive can be sent again.
async function sendAll(code, requestId, photos) {
  if (!photos.length) return;
  const line = make('p', { role: 'status' });
  const bar = make('progress', { max: photos.length, 'aria-label': '照片 Photographs' });
  const box = panel.querySelector('.photos-on-their-way');
  box?.replaceChildren(make('h3', {}, ...both('照片', 'Photographs')), line, bar);
  if (box) box.hidden = false;
  const left = [];
  onTheirWay += photos.length;
  for (const [index, { blob }] of photos.entries()) {
    line.textContent = `正在传第 ${index + 1} 张，共 ${photos.length} 张`;
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
  line.replaceChildren(...(left.length ? both(`${left.length} 张没传上去，案卷已经收到`, 'not sent; the case is taken') : both(`${photos.length} 张都传到了`, 'all sent')));
  if (!left.length) return;
  if (!box?.isConnected) return say(`案卷 ${code} 有 ${left.length} 张照片没传上去。`, 'Some photographs were not sent.');
  box.append(make('button', { type: 'button', class: 'chip', onclick: () => sendAll(code, requestId, left).catch(expected) }, ...both('再传', 'Try again')));
}
