// What lies inside of the shape: asked while it is drawn, the last question only.

import { Lost, Refused, expected, post } from '../page/ask.js';
import { make } from '../page/build.js';
import { count, t } from '../page/words.js';
import { shape } from './draw-shape.js';
import { show as showPicked } from './draw-pick.js';
import { acts } from './inside-acts.js';
import { lists } from './inside-list.js';

const WAIT_MS = { moving: 120, settled: 0 };
const AGAIN_MS = 5000;
let place = null;
let asking = null;
let waiting;
let told = null; // the last answer
let of = null; // what it is an answer to
let open = 'cases';

let heard = () => {};

export const found = () => told;

// Who shows numbers of his own hears of every answer.
export function onFound(listener) {
  heard = listener;
}

export function looking() {
  shape.onChange((asked, { moving }) => {
    clearTimeout(waiting);
    waiting = setTimeout(() => look().catch(expected), moving ? WAIT_MS.moving : WAIT_MS.settled);
  });
}

// The panel's lower part: counts, lists and acts of what is inside.
export function inside() {
  place = make('section', { class: 'inside-of', 'aria-label': t('desk_area.inside.title') });
  if (told && of === shape.asked) show();
  else if (shape.asked) look().catch(expected);
  else empty();
  return place;
}

// Ask anew, as something inside was changed.
export const again = () => look().catch(expected);

async function look() {
  asking?.abort();
  const asked = shape.asked;
  if (!asked) {
    told = null;
    heard(null);
    return place && empty();
  }
  asking = new AbortController();
  place?.setAttribute('aria-busy', 'true');
  if (place && !told) place.replaceChildren(make('p', { class: 'soft', role: 'status', text: t('page.state.loading') }), make('span', { class: 'wait' }), make('span', { class: 'wait short' }));
  try {
    told = await post('/desk/inside', asked, asking.signal);
    of = asked;
    show();
    heard(told);
    if (place?.isConnected && asked.divisions) showPicked(told.cells);
  } catch (error) {
    if (error.name !== 'AbortError') fault(error, asked);
    throw error;
  }
}

function fault(error, asked) {
  told = null;
  if (error instanceof Lost) waiting = setTimeout(() => shape.asked === asked && again(), AGAIN_MS);
  const words = error instanceof Refused ? t('page.state.refused', { why: error.message }) : t('page.state.lost');
  place?.replaceChildren(make('p', { class: `notice ${error instanceof Refused ? 'warn' : 'late'}`, role: 'alert', text: words }));
  place?.removeAttribute('aria-busy');
}

function empty() {
  place.replaceChildren(make('p', { class: 'empty small', text: t('desk_area.inside.nothing') }));
}

function show() {
  if (!place) return;
  place.removeAttribute('aria-busy');
  const { counts, cells, outside, area_m2: area, took_ms: took } = told;
  const many = lists(told);
  const tabs = make('div', { class: 'tallies', role: 'tablist', 'aria-label': t('desk_area.inside.title') });
  const list = make('div', { class: 'inside-list', role: 'tabpanel', id: 'inside-list', tabindex: '0' });
  const choose = (key, focus = false) => {
    open = key;
    for (const tab of tabs.children) {
      const is = tab.dataset.tab === key;
      tab.setAttribute('aria-selected', String(is));
      tab.tabIndex = is ? 0 : -1;
      if (is && focus) tab.focus();
    }
    list.setAttribute('aria-label', t(`desk_area.inside.${key}`));
    list.replaceChildren(many[key]());
  };
  tabs.append(...tallies(told).map(([key, value, under]) => make('button', { type: 'button', class: 'tally', role: 'tab', 'data-tab': key, 'aria-controls': 'inside-list', onclick: () => choose(key) },
    make('span', { class: 'under', text: t(`desk_area.inside.${key}`) }), make('b', { class: 'num', text: value }), make('span', { class: 'under', text: under }))));
  tabs.addEventListener('keydown', ({ key }) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[key];
    const keys = [...tabs.children].map((tab) => tab.dataset.tab);
    if (step) choose(keys[(keys.indexOf(open) + step + keys.length) % keys.length], true);
  });
  place.replaceChildren(
    make('p', { class: 'small soft num', role: 'status', text: t('desk_area.inside.extent', { area: extent(area), cells: count(cells.length), ms: Math.round(took) }) }),
    outside ? make('p', { class: 'notice warn small', text: t('desk_area.inside.outside', { n: outside }) }) : '',
    tabs, list, acts(told, counts));
  choose(open);
}

function tallies({ counts, cells }) {
  const { cases, households, residents, care, facilities, responders } = counts;
  const people = about('households', households);
  return [
    ['cases', count(cases.open), t('desk_area.inside.overdue', { n: count(cases.overdue) })],
    ['homes', people, t('desk_area.inside.residents', { n: about('residents', residents) })],
    ['care', sum(care, 'care'), t('desk_area.inside.care_kinds', { n: Object.keys(care).length })],
    ['facilities', sum(facilities), t('desk_area.inside.kinds', { n: Object.keys(facilities).length })],
    ['responders', count(responders.workers + responders.units + responders.volunteers), t('desk_area.inside.workers', { n: responders.workers })],
    ['cells', count(cells.length), t('desk_area.inside.whole', { n: count(cells.filter(({ whole }) => whole).length) })],
  ];
}

// A number that was rounded says so; one below five is not told.
export function about(name, value) {
  if (told.hidden.includes(name)) return t('desk_area.inside.few');
  return told.rounded.some((one) => name === one || name.startsWith(`${one}.`)) ? t('desk_area.inside.about', { n: count(value) }) : count(value);
}

function sum(counts, name = null) {
  if (name && Object.values(counts).every((one) => one === null) && told.hidden.length) return t('desk_area.inside.few');
  const total = Object.values(counts).reduce((all, one) => all + (one ?? 0), 0);
  return name && told.rounded.includes(name) ? t('desk_area.inside.about', { n: count(total) }) : count(total);
}

export function extent(m2) {
  return m2 >= 100_000 ? `${count(Math.round(m2 / 10_000) / 100)} ${t('page.unit.km2')}` : `${count(Math.round(m2))} ${t('page.unit.m2')}`;
}
