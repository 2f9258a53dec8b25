// The queue: open cases by what is due next, late ones first, those whose clock stands last. Only
// the rows in view are drawn; how ever long it is, it loads as one goes down.

import { Lost, expected } from '../page/ask.js';
import { make, sign } from '../page/build.js';
import { count, t, term } from '../page/words.js';
import { drawFilters, freshFilters } from './filters.js';
import { PARTS, Pages } from './pages.js';
import { bar, row } from './row.js';
import { changed, onChange, state } from './state.js';

const HIGH = 76; // CSS pixels of a row; queue.css knows it too
const HEAD = 30; // and of the heading of a part
const SPARE = 6;
const FRESH_MS = 20_000;
const TICK_MS = 30_000;
const AGAIN_MS = 5000;

const box = document.getElementById('queue');
const pages = new Pages();
const drawn = new Map(); // code → its row, which knows what it shows
const news = new Map(); // code → what just happened to it, in words
const acts = []; // what can be done with the ticked cases
let active = 0; // the row the keyboard is at
let parts = []; // [{ name, at }]: the row each part of the queue begins with
let open = () => {};
let loading = null; // what is being waited for

const list = make('div', { class: 'list', role: 'grid', tabindex: '0', 'aria-label': t('desk.queue.title'), 'aria-multiselectable': 'true' });
const tall = make('div', { class: 'tall', role: 'presentation' });
const told = make('p', { class: 'told soft', role: 'status', 'aria-live': 'polite' });
const picked = make('div', { class: 'picked', hidden: true });

// `openCase(code)` shows a case beside the map.
export function drawQueue(openCase) {
  open = openCase;
  list.append(tall);
  box.append(drawFilters(start), told, list, picked);
  list.addEventListener('scroll', () => draw(), { passive: true });
  list.addEventListener('keydown', keys);
  list.addEventListener('click', clicked);
  new ResizeObserver(() => draw()).observe(list);
  onChange((what) => {
    if (what === 'case' || what === 'picked') draw({ anew: true });
    if (what === 'picked') drawPicked();
  });
  setInterval(tick, TICK_MS);
  return start();
}

// Time passes while one reads.
function tick() {
  if (document.visibilityState !== 'visible') return;
  for (const one of pages.rows) drawn.get(one.code)?.querySelector('.how-long').replaceChildren(bar(one));
}

// Something that can be done with the ticked cases: { label, icon, run(rows), may(rows) }.
export function addAct(act) {
  acts.push(act);
}

export const pickedRows = () => pages.rows.filter(({ code }) => state.picked.has(code));
export const focusQueue = () => list.focus({ preventScroll: true });
export const rowOf = (code) => pages.rows.find((one) => one.code === code) ?? null;

// From the beginning, by the filter as it is now.
async function start() {
  pages.clear();
  active = 0;
  list.scrollTop = 0;
  tall.replaceChildren(...Array.from({ length: 6 }, () => make('div', { class: 'ghost' }, make('span', { class: 'wait' }), make('span', { class: 'wait short' }))));
  drawn.clear();
  await loadMore();
}

async function loadMore() {
  if (loading === pages.asking || pages.ended) return;
  const mine = pages.asking;
  loading = mine;
  try {
    await pages.more();
    lost(false);
  } catch (error) {
    if (error instanceof Lost) lost(true);
    expected(error);
  } finally {
    if (loading === mine) loading = null;
  }
  if (pages.asking !== mine || !pages.read) return;
  freshFilters(pages.facets);
  draw();
}

// What stands there may be out of date: that is said, and asked again until there is an answer.
function lost(yes) {
  if (yes) {
    clearTimeout(lost.later);
    lost.later = setTimeout(() => (pages.read ? renew([], { all: true }) : start()).catch(expected), AGAIN_MS);
    told.textContent = pages.read ? t('page.state.lost') : '';
  } else if (box.classList.contains('lost')) told.textContent = '';
  box.classList.toggle('lost', yes);
  if (yes && !pages.read) nothing('offline', t('page.state.lost'), make('button', { type: 'button', class: 'btn', text: t('page.do.again'), onclick: () => start().catch(expected) }));
}

// What moved, as the server told; `moves` are [{ code, move }]. Nobody's place is lost by it.
export async function renew(moves, { all = false } = {}) {
  const { rows } = pages;
  const before = new Map(rows.map((one) => [one.code, one]));
  try {
    await pages.renew(...range());
    lost(false);
  } catch (error) {
    if (error instanceof Lost) lost(true);
    throw error;
  }
  const now = new Set();
  anchored(rows, () => {
    for (const one of pages.rows) {
      now.add(one.code);
      if (!before.has(one.code) || before.get(one.code).version === one.version) continue;
      mark(one.code, moves.find(({ code }) => code === one.code)?.move);
    }
    for (const { code, move } of moves) if (now.has(code) && !before.has(code)) mark(code, move);
    freshFilters(pages.facets);
    draw({ anew: true });
  });
  say(moves, before, now, all);
}

function mark(code, move) {
  news.set(code, move ? t('desk.queue.just', { move: term('move', move) }) : t('desk.queue.changed'));
  setTimeout(() => {
    news.delete(code);
    draw({ anew: true });
  }, FRESH_MS);
}

function say(moves, before, now, all) {
  const gone = moves.filter(({ code }) => before.has(code) && !now.has(code));
  const words = gone.length === 1
    ? t('desk.queue.left', { title: before.get(gone[0].code).title, move: term('move', gone[0].move) })
    : moves.length ? t('desk.queue.moved', { n: moves.length }) : all ? t('desk.queue.renewed') : '';
  told.textContent = words;
  clearTimeout(say.later);
  say.later = setTimeout(() => { told.textContent = ''; }, FRESH_MS);
}

// The rows in view stay where they are, whatever came or went above them since `rows`.
function anchored(rows, act) {
  const top = rowAt(list.scrollTop);
  const held = rows[top]?.code;
  const stood = rows[active]?.code;
  const offset = list.scrollTop - topOf(top);
  act();
  const at = list.scrollTop > 0 && held ? pages.rows.findIndex(({ code }) => code === held) : -1;
  if (at >= 0) list.scrollTop = topOf(at) + offset;
  const stands = pages.rows.findIndex(({ code }) => code === stood);
  if (stands >= 0) active = stands;
  draw();
}

function range() {
  const first = Math.max(0, rowAt(list.scrollTop) - SPARE);
  return [first, first + Math.ceil(list.clientHeight / HIGH) + 2 * SPARE];
}

// Where the parts begin. Time goes on between two pages: none begins again.
function measure(rows) {
  parts = [];
  let last = -1;
  rows.forEach(({ part }, at) => {
    if (PARTS.indexOf(part) <= last) return;
    last = PARTS.indexOf(part);
    parts.push({ name: part, at });
  });
}

const topOf = (at) => at * HIGH + parts.filter((part) => part.at <= at).length * HEAD;

// The row at a height of the list.
function rowAt(top) {
  let at = Math.floor(top / HIGH);
  while (at > 0 && topOf(at) > top) at -= 1;
  return at;
}

// Draws the rows in view; `anew` also those that are there already.
function draw({ anew = false } = {}) {
  if (!pages.read) return;
  const { rows } = pages;
  if (!rows.length) return nothing('check', t(filtered() ? 'desk.queue.none_here' : 'desk.queue.none'));
  measure(rows);
  const [from, to] = range();
  const shown = rows.slice(from, to);
  const codes = new Set(shown.map(({ code }) => code));
  for (const [code, element] of drawn) {
    if (codes.has(code)) continue;
    element.remove();
    drawn.delete(code);
  }
  for (const old of tall.querySelectorAll('.ghost, .empty, .part')) old.remove();
  tall.append(...parts.filter(({ at }) => at >= from && at < to).map(heading));
  shown.forEach((one, at) => place(one, from + at, anew));
  tall.style.height = `${topOf(rows.length) + (pages.ended ? 0 : HIGH)}px`;
  list.setAttribute('aria-rowcount', pages.facets?.cases ?? rows.length);
  list.setAttribute('aria-activedescendant', codes.has(rows[active]?.code) ? `case-${rows[active].code}` : '');
  if (to >= rows.length) loadMore().catch(expected);
  else if (pages.pages.some(({ stale }) => stale)) pages.freshen(from, to).catch(expected);
}

function place(one, at, anew) {
  let element = drawn.get(one.code);
  const how = { picked: state.picked.has(one.code), open: state.case === one.code, news: news.get(one.code) };
  const shows = !element || anew ? JSON.stringify([{ ...one, share: null }, how]) : element.shows; // its share grows with the ticks
  if (element?.shows !== shows) {
    const fresh = Object.assign(row(one, how), { shows });
    if (element) element.replaceWith(fresh);
    else tall.append(fresh);
    drawn.set(one.code, (element = fresh));
  }
  element.style.top = `${topOf(at)}px`; // no layer of its own: the page is drawn anew while the map moves
  element.setAttribute('aria-rowindex', at + 1);
  element.classList.toggle('active', at === active);
}

function heading({ name, at }) {
  const n = name === 'standing' ? pages.facets?.standing : null;
  return make('div', { class: `part ${name}`, role: 'row', css: { top: `${topOf(at) - HEAD}px` } },
    make('span', { role: 'gridcell' }, make('b', { text: t(`desk.queue.part.${name}`) }), n ? make('span', { class: 'num', text: count(n) }) : null));
}

function nothing(icon, words, act = null) {
  drawn.clear();
  tall.style.height = '';
  tall.replaceChildren(make('div', { class: 'empty' }, sign(icon), make('p', { text: words }), act));
}

const filtered = () => {
  const { area, states, kind, overdue } = state.filter;
  return area || states.size || kind || overdue;
};

// By keyboard and by mouse

function keys(event) {
  const page = Math.max(1, Math.floor(list.clientHeight / HIGH) - 1);
  const step = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity, j: 1, k: -1 }[event.key];
  const one = pages.rows[active];
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (step) goTo(Math.min(Math.max(active + step, 0), pages.rows.length - 1));
  else if (event.key === 'Enter' && one) open(one.code);
  else if ((event.key === ' ' || event.key === 'x') && one) toggle(one.code);
  else return;
  event.preventDefault();
}

function goTo(at) {
  active = Math.max(0, at);
  const top = topOf(active);
  if (top < list.scrollTop) list.scrollTop = active ? top : 0;
  else if (top + HIGH > list.scrollTop + list.clientHeight) list.scrollTop = top + HIGH - list.clientHeight;
  draw();
}

function clicked(event) {
  const code = event.target.closest('[data-code]')?.dataset.code;
  if (!code) return;
  active = pages.rows.findIndex((one) => one.code === code);
  if (event.target.closest('.tick')) toggle(code);
  else open(code);
  draw();
}

function toggle(code) {
  if (!state.picked.delete(code)) state.picked.add(code);
  changed('picked');
}

function drawPicked() {
  const rows = pickedRows();
  picked.hidden = !state.picked.size;
  picked.replaceChildren(
    make('div', { class: 'how-many' }, make('b', { text: t('desk.queue.picked', { n: state.picked.size }) }),
      make('span', { class: 'soft small', text: t('desk.queue.picked_of', { n: count(pages.facets?.cases ?? 0) }) }),
      make('button', { type: 'button', class: 'btn bare', text: t('desk.queue.unpick'), onclick: () => { state.picked.clear(); changed('picked'); focusQueue(); } })),
    make('div', { class: 'acts' }, acts.filter(({ may }) => !may || may(rows)).map(({ label, icon, run }, at) =>
      make('button', { type: 'button', class: `btn${at ? '' : ' main'}`, onclick: () => run(rows) }, icon ? sign(icon) : null, label))));
}
