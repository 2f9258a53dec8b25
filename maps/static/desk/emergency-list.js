// One collection: its numbers, the cells without a volunteer, and the list of whom to call, with what
// came of each call.

import { changed as repaint, state as look } from '../map/state.js';
import { Refused, post } from '../page/ask.js';
import { make, sign } from '../page/build.js';
import { sure, toast } from '../page/tell.js';
import { now, span, when } from '../page/time.js';
import { count, t, term } from '../page/words.js';
import { told as refused } from './areas.js';
import { Overlay, ink, onTheme } from './draw-canvas.js';
import { bars } from './inside-list.js';
import { longList } from './long-list.js';
import { map, onMap } from './place.js';

const STATES = ['reached', 'unreached', 'needs_help', 'moved'];
const MOST_SHOWN = 100;
const LOOK_MS = 30_000; // timers stand still while a computer sleeps
const LOOKS = { reached: 'good', unreached: 'warn', needs_help: 'late', moved: 'calm' };
let of = null;
let body = null;
let does = null;
let only = null; // the state that is shown; null: all
let tab = 'calls';
let outline = null;
let marks = null;
let most = MOST_SHOWN;
let alarm; // for its end
const phones = new Map(); // entries whose telephone was shown, while the panel is open

export function showCollection(place, told, acts) {
  [body, of, does] = [place, told, acts];
  only = null;
  tab = 'calls';
  most = MOST_SHOWN;
  phones.clear();
  outline?.remove();
  outline = L.geoJSON(told.shape, { coordsToLatLng: ([lon, lat]) => onMap(lon, lat), interactive: false, style: { className: 'pen-area bare' } }).addTo(map);
  marks?.remove();
  marks = new Overlay(places).addTo(map);
  map.fitBounds(outline.getBounds(), { animate: false, maxZoom: 17, padding: [30, 30] });
  paint();
  show();
  wait();
}

// When its time is over, or somebody ended it, nobody reads on in what he still has before him.
function wait() {
  clearTimeout(alarm);
  const left = new Date(of.ends_at) - now();
  if (left > 0) alarm = setTimeout(wait, Math.min(left, LOOK_MS));
  else over();
}

function over() {
  toast(t('desk_area.emergency.over'));
  does.back();
}

function failed(error) {
  if (of && error instanceof Refused && error.status === 404) over();
  else refused(error);
}

export function hideCollection() {
  if (!of) return;
  clearTimeout(alarm);
  of = null;
  phones.clear();
  outline?.remove();
  marks?.remove();
  outline = marks = null;
  look.colours = null;
  look.chosen = new Set();
  repaint('colours');
}

// On the map: the cells of the collection, and hatched those in which no volunteer lives.
function paint() {
  if (!of) return;
  const without = new Set(of.cells_without_volunteer.map(({ code }) => code));
  look.colours = new Map(of.cells.map(({ code }) => [code, without.has(code) ? null : ink('accent-soft')]));
  look.chosen = without;
  repaint('colours');
}
onTheme(() => {
  paint();
  marks?.redraw();
});

// Medical places are crosses, shelters roofs.
function places(pen, at) {
  pen.lineWidth = 2;
  for (const [name, colour, path] of [['medical', 'good', 'M-2.5-7h5v4.5h4.5v5h-4.5v4.5h-5v-4.5h-4.5v-5h4.5z'], ['shelters', 'warn', 'M0-8 9 0H6v7H-6V0h-3z']]) {
    const sign = new Path2D(path);
    pen.fillStyle = ink(colour);
    pen.strokeStyle = ink('paper');
    for (const { lon, lat } of of[name]) {
      pen.save();
      pen.translate(...at(lon, lat));
      pen.stroke(sign);
      pen.fill(sign);
      pen.restore();
    }
  }
}

function show() {
  const gone = new Date(of.ends_at) - now();
  const tabs = make('div', { class: 'tallies', role: 'tablist', 'aria-label': t('desk_area.emergency.title') });
  const list = make('div', { class: 'inside-list', role: 'tabpanel', id: 'collection-list', tabindex: '0' });
  const choose = (key, focus = false) => {
    tab = key;
    for (const one of tabs.children) {
      one.setAttribute('aria-selected', String(one.dataset.tab === key));
      one.tabIndex = one.dataset.tab === key ? 0 : -1;
      if (focus && one.dataset.tab === key) one.focus();
    }
    list.setAttribute('aria-label', t(`desk_area.emergency.tab_${key}`));
    list.replaceChildren(TABS[key]());
  };
  tabs.append(...Object.keys(TABS).map((key) => make('button', { type: 'button', class: `tally ${key === 'without' && of.cells_without_volunteer.length ? 'alarm' : ''}`, role: 'tab', 'data-tab': key, 'aria-controls': 'collection-list', onclick: () => choose(key) },
    make('span', { class: 'under', text: t(`desk_area.emergency.tab_${key}`) }), make('b', { class: 'num', text: NUMBERS[key]() }))));
  tabs.addEventListener('keydown', ({ key }) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[key];
    const keys = Object.keys(TABS);
    if (step) choose(keys[(keys.indexOf(tab) + step + keys.length) % keys.length], true);
  });
  body.replaceChildren(
    make('div', {}, make('button', { type: 'button', class: 'btn bare', onclick: does.back }, sign('back'), t('desk_area.emergency.all'))),
    make('p', { class: 'lead', text: `${term('collection_kind', of.kind)} · ${of.purpose}` }),
    make('p', { class: 'notice warn small' }, make('span', { text: t('desk_area.emergency.deletes', { span: span(gone), when: when(of.ends_at) }) })),
    tabs, list,
    make('div', { class: 'acts panel-acts' }, make('button', { type: 'button', class: 'btn danger', onclick: () => end().catch(failed) }, t('desk_area.emergency.end'))));
  choose(tab);
}

const NUMBERS = {
  calls: () => `${count(of.call_list.filter(({ called }) => called).length)}/${count(of.call_list.length)}`,
  without: () => count(of.cells_without_volunteer.length),
  care: () => count(of.call_list.length), // people, who may be of several categories
  homes: () => households(),
  places: () => count(of.medical.length + of.shelters.length),
  volunteers: () => count(of.volunteers.length),
};

const households = () => (of.rounded.includes('households') && of.households !== null ? t('desk_area.inside.about', { n: count(of.households) }) : of.households === null ? t('desk_area.inside.few') : count(of.households));

const nothing = (key) => make('p', { class: 'empty small', text: t(key) });

const TABS = {
  calls,
  without: () => of.cells_without_volunteer.length
    ? make('div', { class: 'stack' }, make('p', { class: 'small soft', text: t('desk_area.emergency.without') }),
      longList(of.cells_without_volunteer, ({ code, name }) => make('li', { class: 'row' }, make('span', { class: 'grow' }, make('span', { class: 'title', text: name }), make('span', { class: 'under num', text: code })), make('span', { class: 'badge late', text: t('desk_area.emergency.nobody') }))))
    : nothing('desk_area.emergency.all_have'),
  care: () => bars(of.care, (key) => term('care_category', key), (_, n) => (n === null ? t('desk_area.inside.few') : count(n))),
  homes: () => make('dl', { class: 'facts' }, make('dt', { text: t('desk_area.inside.cells') }), make('dd', { class: 'num', text: count(of.cells.length) }), make('dt', { text: t('desk_area.inside.homes') }), make('dd', { class: 'num', text: households() })),
  places: () => make('div', { class: 'stack' }, group('medical', of.medical), group('shelters', of.shelters)),
  volunteers: () => of.volunteers.length ? longList(of.volunteers, (one) => make('li', { class: 'row' }, make('span', { class: 'grow' }, make('span', { class: 'title', text: one.name_mask }), make('span', { class: 'under', text: [one.unit, (one.skills ?? []).join(' '), one.cell_name, one.cell].filter(Boolean).join(' · ') })))) : nothing('desk_area.emergency.no_volunteers'),
};

function group(name, places) {
  return make('section', {}, make('h3', { class: 'small', text: t(`desk_area.emergency.${name}`, { n: count(places.length) }) }),
    places.length ? longList(places, (one) => make('li', { class: 'row' }, make('span', { class: 'grow' }, make('span', { class: 'title', text: one.name ?? one.code }), make('span', { class: 'under', text: one.address ?? '' })),
      one.phone ? make('a', { class: 'btn bare square', href: `tel:${digits(one.phone)}`, 'aria-label': `${t('page.do.call')} ${one.name} ${one.phone}` }, sign('phone')) : null)) : nothing('page.state.none'));
}

const digits = (phone) => phone.replace(/[^+\d]/g, '');

// Whom to call

const said = (key) => (key === null ? t('desk_area.emergency.everybody') : key === 'waiting' ? t('desk_area.emergency.waiting') : term('called', key));
const stateOf = ({ called }) => called?.state ?? 'waiting';

function calls() {
  const entries = of.call_list;
  if (!entries.length) return nothing('desk_area.emergency.no_calls');
  const done = entries.filter(({ called }) => called).length;
  const shown = entries.filter((one) => only === null || stateOf(one) === only);
  const chip = (key) => make('button', { type: 'button', class: 'chip', 'aria-pressed': String(only === key), text: `${said(key)} ${count(key ? entries.filter((one) => stateOf(one) === key).length : entries.length)}`, onclick: () => { only = key; show(); } });
  return make('div', { class: 'stack' },
    make('div', {}, make('progress', { max: entries.length, value: done, 'aria-label': t('desk_area.emergency.called', { n: count(done), all: count(entries.length) }) }), make('p', { class: 'small num', text: t('desk_area.emergency.called', { n: count(done), all: count(entries.length) }) })),
    make('div', { class: 'chips' }, [null, 'waiting', ...STATES].map(chip)),
    make('ul', { class: 'rows calls' }, shown.slice(0, most).map(entry)),
    shown.length > most ? make('button', { type: 'button', class: 'btn wide', text: t('page.do.more'), onclick: () => { most += MOST_SHOWN; show(); } }) : null);
}

function entry(one) {
  const { called } = one;
  const phone = phones.get(one.number);
  const call = phone
    ? make('a', { class: 'btn main', href: `tel:${digits(phone)}` }, sign('phone'), phone)
    : one.phone_mask ? make('button', { type: 'button', class: 'btn', onclick: () => unmask(one).catch(failed) }, sign('phone'), one.phone_mask) : make('span', { class: 'small soft', text: t('desk_area.emergency.no_phone') });
  const words = make('input', { class: 'input', id: `words-${one.number}`, maxlength: 200, value: called?.words ?? '', 'aria-label': t('desk_area.emergency.words', { name: one.name_mask }), placeholder: t('desk_area.emergency.words_like') });
  words.addEventListener('change', () => called && tell(one, called.state, words.value).catch(failed));
  return make('li', { class: 'call', 'data-entry': one.number },
    make('div', { class: 'call-who' }, make('span', { class: 'grow' }, make('span', { class: 'title', text: one.name_mask }), make('span', { class: 'under', text: [one.address, term('care_level', one.level), one.categories.map((key) => term('care_category', key)).join(' ')].filter(Boolean).join(' · ') })),
      called ? make('span', { class: `badge ${LOOKS[called.state]}`, text: term('called', called.state) }) : null, call),
    make('div', { class: 'chips', role: 'group', 'aria-label': t('desk_area.emergency.came_of', { name: one.name_mask }) }, STATES.map((state) => make('button', { type: 'button', class: 'chip', 'aria-pressed': String(called?.state === state), text: term('called', state), onclick: () => tell(one, state, words.value).catch(failed) }))),
    called ? words : null);
}

async function unmask(one) {
  const { phone, called } = await post(`/collections/${of.number}/entries/${one.number}/unmask`, {});
  phones.set(one.number, phone);
  one.called = called; // a colleague may have been faster
  show();
  body.querySelector(`[data-entry="${one.number}"] a`)?.focus();
}

// Shown at once, and taken back where it could not be kept; sent in the order in which it was told.
let sent = Promise.resolve();

async function tell(one, state, words) {
  const before = one.called;
  const path = `/collections/${of.number}/entries/${one.number}`;
  one.called = { state, words };
  show();
  try {
    sent = sent.catch(() => null).then(() => post(path, { state, words }));
    await sent;
  } catch (error) {
    one.called = before;
    if (of) show();
    throw error;
  }
}

async function end() {
  const yes = await sure(t('desk_area.emergency.end'), t('desk_area.emergency.end_sure', { n: count(of.call_list.length) }), t('desk_area.emergency.end_yes'), { danger: true });
  if (!yes) return;
  await post(`/collections/${of.number}/end`, {});
  toast(t('desk_area.emergency.ended'));
  does.back();
}
