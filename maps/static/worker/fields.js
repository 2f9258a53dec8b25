// What a move needs to be told, each in its own way: words, a reason, a day, a mark, a cell, a person.
// A field is { need, element, value(), focus() }; its value is what is sent of it, or null.

import { get } from '../page/ask.js';
import { make } from '../page/build.js';
import { today } from '../page/time.js';
import { t, term } from '../page/words.js';
import { daysAfter, instant } from '../page/zone.js';
import { found, suggested } from './classes.js';
import { length, metres } from './geo.js';
import { choice, joined } from './parts.js';
import { picker } from './picker.js';
import { state } from './state.js';

const MOST = { words: 4000, reason: 500, closing: 4000 };
const QUICK = { decline: 'worker.reason.decline', finish: 'worker.reason.feedback', follow_up: 'worker.reason.feedback', return: 'worker.reason.return', feedback: 'worker.reason.feedback', ask_extension: 'worker.reason.ask_extension' };
const DAYS = [7, 30, 90];
const MOST_DAYS = 365;

const KINDS = { condition, rating, until, cell, worker, holder, other };

// Of a move that needs nothing words are asked for, which need not be told.
export function fieldsOf(one, { move, needs }) {
  return (needs.length ? needs : ['words']).map((need) => ({ need, ...(KINDS[need] ?? ((of) => text(of, need, move)))(one) }));
}

const named = (need) => t(`worker.needs.${need}`);

function text(one, need, move) {
  const input = make('textarea', { id: `tell-${need}`, rows: 3, maxlength: MOST[need] });
  if (need === 'closing') input.value = one.closing ?? '';
  const quick = QUICK[move] ? t(QUICK[move]).split('|') : [];
  return {
    element: make('div', { class: 'field' }, make('label', { for: input.id, text: named(need) }),
      quick.length > 0 && make('div', { class: 'chips' }, quick.map((words) => make('button', { type: 'button', class: 'chip', text: words, onclick: () => { input.value = words; } }))), input),
    value: () => (input.value.trim() ? { [need]: input.value.trim() } : null),
    focus: () => input.focus(),
  };
}

// Chips of which one is chosen.
function chips(need, options) {
  let chosen = null;
  const group = choice(named(need), options, (value) => { chosen = value; });
  return {
    element: make('div', { class: 'field' }, make('span', { class: 'label', text: named(need) }), group),
    value: () => chosen && { [need]: chosen },
    focus: () => group.firstChild?.focus(),
  };
}

function rating() {
  return chips('rating', [1, 2, 3, 4, 5].map((value) => ({ value, text: t('worker.needs.mark', { n: value }) })));
}

// A condition is one of the class; who reported in words only has not said which class it is.
function condition(one) {
  const of = state.day.classes.find((each) => each.kind === one.kind && each.code === one.class_code);
  return of ? chips('condition', ofClass(of)) : withClass(one);
}

const ofClass = ({ conditions }) => conditions.map(({ number, filing }) => ({ value: number, text: filing }));

function withClass(one) {
  let inner = null;
  let of = null;
  const place = make('div');
  const list = make('div', { class: 'class-chips' });
  const input = make('input', { id: 'tell-class', type: 'search', autocomplete: 'off', placeholder: t('worker.report.find'), oninput: () => draw() });
  const draw = () => list.replaceChildren(choice(t('worker.report.class'), (input.value.trim() ? found(input.value) : suggested(one)).map((each) => ({ value: each, text: each.name })), (chosen) => {
    of = chosen;
    inner = chips('condition', ofClass(of));
    place.replaceChildren(inner.element);
  }, { value: of }));
  draw();
  return {
    element: make('div', { class: 'field' }, make('label', { for: input.id, text: t('worker.report.class') }), list, input, place),
    value: () => inner?.value() && { ...inner.value(), kind: of.kind, class: of.code },
    focus: () => (inner ?? input).focus(),
  };
}

function until() {
  const inDays = (n) => daysAfter(today(), n);
  const input = make('input', { id: 'tell-until', type: 'date', min: inDays(1), max: inDays(MOST_DAYS) });
  return {
    element: make('div', { class: 'field' }, make('label', { for: input.id, text: named('until') }),
      make('div', { class: 'chips' }, DAYS.map((n) => make('button', { type: 'button', class: 'chip', text: t('page.time.days', { n }), onclick: () => { input.value = inDays(n); } }))), input),
    value: () => (input.value ? { until: instant(`${input.value}T18:00`).toISOString() } : null),
    focus: () => input.focus(),
  };
}

// Whom and where

function cell() {
  const known = state.day.cells.map(({ code, name, division }) => ({ told: { cell: code }, title: name, under: joined(division?.name, code) }));
  const more = async (words) => (words ? (await get(`/cells/search?q=${encodeURIComponent(words)}`)).map(({ code, name }) => ({ told: { cell: code }, title: name, under: code })) : []);
  return picker('tell-cell', named('cell'), known, { more });
}

// Anybody but him who has it.
function worker(one) {
  return picker('tell-worker', named('worker'), people().filter(({ told }) => told.worker !== one.holder?.code));
}

function people() {
  const posts = state.day.cells.flatMap(({ name: of, posts: all }) => all.map(({ code, name, role }) => ({ told: { worker: code }, title: name, under: joined(term('post_role', role), of) })));
  const colleagues = state.day.colleagues.map(({ code, name }) => ({ told: { worker: code }, title: name, under: state.day.me.unit }));
  return [...posts, ...colleagues];
}

// First whom the rules name.
function holder(one) {
  const units = state.day.units.map(({ code, name, kind }) => ({ told: { unit: code }, title: name, under: term('unit_kind', kind) }));
  let why = null;
  const more = async () => {
    why ??= await get(`/cases/${encodeURIComponent(one.code)}/why`);
    const { chosen } = why;
    return chosen?.code ? [{ told: { [chosen.is_unit ? 'unit' : 'worker']: chosen.code }, title: chosen.who, under: t('worker.pick.proposed') }] : [];
  };
  return picker('tell-holder', named('holder'), [...people(), ...units], { more });
}

// Cases of the same class, the nearest first; another one by its code.
function other(one) {
  const away = (each) => (one.lon === null || each.lon === null ? null : metres(one, each));
  const alike = state.day.cases.filter((each) => each.code !== one.code && each.class_code === one.class_code).sort((a, b) => (away(a) ?? Infinity) - (away(b) ?? Infinity));
  const known = alike.map((each) => ({ told: { other: each.code }, title: each.title, under: joined(away(each) !== null && length(away(each)), each.address, each.code) }));
  const more = async (words) => {
    if (!words) return [];
    const { code, title, address } = await get(`/cases/${encodeURIComponent(words)}`);
    return [{ told: { other: code }, title, under: joined(address, code) }];
  };
  return picker('tell-other', named('other'), known, { more });
}
