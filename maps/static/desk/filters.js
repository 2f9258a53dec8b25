// Above the queue: how many there are, and which of them are shown. By area, by where they stand, by
// class; each choice tells how many it has.

import { expected, get } from '../page/ask.js';
import { make, sign } from '../page/build.js';
import { count, t, term } from '../page/words.js';
import { changed, state } from './state.js';

// A dispatcher's steps, and the states of cases in them.
const STEPS = {
  new: ['reported', 'verified'],
  filed: ['filed'],
  handling: ['dispatched', 'handling'],
  check: ['feedback', 'inspected'],
  suspended: ['suspended'],
};
const CASE_CODE = /^\d{8}-\d+$/;

let refilter = async () => {};
let openCase = () => {};
const total = make('p', { class: 'total' });
const chips = make('div', { class: 'chips steps', role: 'group', 'aria-label': t('desk.filter.state') });
const classes = make('select', { class: 'input', 'aria-label': t('desk.filter.class'), onchange: byClass });
const input = make('input', { class: 'input', id: 'search', type: 'search', autocomplete: 'off', spellcheck: 'false', maxlength: '60', placeholder: t('desk.filter.area'), 'aria-label': t('desk.filter.area_label'), role: 'combobox', 'aria-expanded': 'false', 'aria-controls': 'found', 'aria-autocomplete': 'list' });
const found = make('ul', { class: 'found', id: 'found', role: 'listbox', 'aria-label': t('desk.filter.found'), hidden: true });
const area = make('p', { class: 'area', hidden: true });

export const focusSearch = () => input.focus();
export function opensBy(open) {
  openCase = open;
}

// `start` loads the queue by the filter as it is then.
export function drawFilters(start) {
  refilter = start;
  for (const name of ['overdue', ...Object.keys(STEPS)]) {
    chips.append(make('button', { type: 'button', class: 'chip', 'data-step': name, 'aria-pressed': 'false', onclick: () => step(name) },
      make('span', { text: t(`desk.filter.${name}`) }), make('span', { class: 'num n' })));
  }
  input.addEventListener('input', () => look(input.value.trim()).catch(expected));
  input.addEventListener('keydown', keys);
  input.addEventListener('blur', () => setTimeout(close, 150));
  return make('header', { class: 'queue-head' },
    make('div', { class: 'top' }, make('h2', { text: t('desk.queue.title') }), total,
      make('button', { type: 'button', class: 'btn bare square keys', 'aria-label': t('desk.keys.title'), title: t('desk.keys.title'), 'data-keys': true, text: '?' })),
    make('div', { class: 'search' }, sign('search'), input, make('kbd', { 'aria-hidden': 'true', text: '/' }), found),
    area, chips, classes);
}

// The counts, as the first page told them.
export function freshFilters(facets) {
  if (!facets) return;
  const { cases, overdue, by_state: states, by_class: kinds } = facets;
  total.replaceChildren(make('b', { class: 'num', text: count(cases) }), make('span', { class: 'soft', text: ` ${t('desk.queue.open')}` }),
    ...(overdue ? [make('span', { class: 'badge late', text: t('desk.queue.late', { n: count(overdue) }) })] : []));
  for (const chip of chips.children) {
    const name = chip.dataset.step;
    const n = name === 'overdue' ? overdue : STEPS[name].reduce((sum, one) => sum + (states[one] ?? 0), 0);
    chip.querySelector('.n').textContent = count(n);
    chip.disabled = !n && !isOn(name);
  }
  fillClasses(kinds);
}

const isOn = (name) => (name === 'overdue' ? state.filter.overdue : STEPS[name].every((one) => state.filter.states.has(one)));

function fillClasses(kinds) {
  if (document.activeElement === classes) return; // whoever is choosing is not disturbed
  const { kind, class: code } = state.filter;
  const chosen = kind ? `${kind}/${code}` : '';
  const shows = JSON.stringify(kinds);
  if (classes.shows === shows) return void (classes.value = chosen);
  classes.shows = shows;
  classes.replaceChildren(make('option', { value: '', text: t('desk.filter.all_classes') }),
    ...kinds.map((one) => make('option', { value: `${one.kind}/${one.code}`, text: `${one.name ?? one.code ?? term('class_kind', one.kind)} ${count(one.cases)}` })));
  classes.value = chosen;
}

function again() {
  for (const chip of chips.children) chip.setAttribute('aria-pressed', String(isOn(chip.dataset.step)));
  changed('filter');
  refilter().catch(expected);
}

function step(name) {
  const { filter } = state;
  if (name === 'overdue') filter.overdue = !filter.overdue;
  else for (const one of STEPS[name]) filter.states[isOn(name) && STEPS[name].at(-1) === one ? 'delete' : 'add'](one);
  again();
}

function byClass() {
  const [kind, code] = classes.value.split('/');
  Object.assign(state.filter, { kind: kind || null, class: code || null });
  classes.blur();
  again();
}

// The area: a division or a cell by name or code; the code of a case opens it.

let asking = new AbortController();

async function look(words) {
  asking.abort();
  asking = new AbortController();
  if (!words) return close();
  const { signal } = asking;
  const q = encodeURIComponent(words);
  const [divisions, cells] = await Promise.all([get(`/divisions/search?q=${q}`, signal), get(`/cells/search?q=${q}`, signal)]);
  const options = [
    ...(CASE_CODE.test(words) ? [option(words, t('desk.filter.case'), () => openCase(words))] : []),
    ...divisions.slice(0, 6).map((one) => option(one.name, [term('division_level', one.level), one.parent].filter(Boolean).join(' · '), () => byArea(one))),
    ...cells.slice(0, 8).map((one) => option(one.name, one.community ?? one.code, () => byArea(one))),
  ];
  found.replaceChildren(...(options.length ? options : [make('li', { class: 'none soft', text: t('desk.filter.nothing', { q: words }) })]));
  found.hidden = false;
  input.setAttribute('aria-expanded', 'true');
  choose(0);
}

function option(name, under, take) {
  const line = make('li', { role: 'option', class: 'option', 'aria-selected': 'false', id: `found-${found.childElementCount}-${name}`, onmousedown: (event) => event.preventDefault(), onclick: () => { close(); input.value = ''; take(); } },
    make('b', { text: name }), make('span', { class: 'soft small', text: under }));
  line.take = take;
  return line;
}

function options() {
  return [...found.querySelectorAll('[role="option"]')];
}

function choose(at) {
  const all = options();
  all.forEach((one, number) => one.setAttribute('aria-selected', String(number === at)));
  const chosen = all[at];
  chosen?.scrollIntoView({ block: 'nearest' });
  if (chosen) input.setAttribute('aria-activedescendant', chosen.id);
  else input.removeAttribute('aria-activedescendant');
}

function keys(event) {
  const all = options();
  const at = all.findIndex((one) => one.getAttribute('aria-selected') === 'true');
  const move = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (move && all.length) choose((at + move + all.length) % all.length);
  else if (event.key === 'Enter' && all[at]) all[at].click();
  else if (event.key === 'Escape' && !found.hidden) close();
  else return;
  event.preventDefault();
}

function close() {
  found.hidden = true;
  found.replaceChildren();
  input.setAttribute('aria-expanded', 'false');
  input.removeAttribute('aria-activedescendant');
}

export function byArea(one) {
  state.filter.area = one;
  area.hidden = !one;
  area.replaceChildren(...(one ? [make('span', { class: 'badge accent' }, sign('pin'), one.name), make('button', { type: 'button', class: 'btn bare', text: t('desk.filter.whole'), onclick: () => { byArea(null); input.focus(); } })] : []));
  again();
}
