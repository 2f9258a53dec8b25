// 比较: the open plan beside another one: what becomes of cells, what moves from where to where and
// from whom to whom; old and new on the map, one at each side of a divider.

import { expected, get } from '../page/ask.js';
import { make } from '../page/build.js';
import { count, t, term } from '../page/words.js';
import { beside, notBeside, showHanded } from './compare-map.js';
import { KINDS, matrix, pairs } from './compare-moves.js';
import { address } from './draft.js';
import { cellName, fatesSaid, field, noPlan, titled, waiting } from './panel-words.js';
import { zoomTo } from './place.js';
import { refused } from './said.js';
import { short } from './sheet.js';
import { about, on, state } from './state.js';
import { fileLink } from './take-home.js';

const FATES = ['born', 'ended', 'changed'];
const MOST = 100;
const MOST_COLUMNS = 24;
const against = make('div', { class: 'told', 'aria-live': 'polite' });
let body = null;
let other = null; // the name of the plan it is compared with
let told = null; // { key, answer }
let kind = 'households';
let asking = null;
let sided = false;
let open = false;

export const compare = {
  name: 'compare', title: t('plan_panels.compare.tool'), icon: ['M10 2.5v15', 'M3 5h4.5v10H3z', 'M12.5 5H17v10h-4.5', 'M14 8h1.5', 'M14 11h1.5'],
  mount(element) {
    body = element;
    on('plan cells', () => open && fresh().catch(expected));
    on('plans', () => open && draw());
  },
  shown() {
    open = true;
    fresh().catch(expected);
  },
  hidden() {
    open = false;
    asking?.abort();
    apart();
    showHanded(null);
  },
};

const keyNow = () => JSON.stringify([state.plan.name, state.version, other]);

// The plans it can be held against, that in force first.
function others() {
  const rank = ({ state: is }) => ['published', 'draft', 'retired'].indexOf(is);
  return (state.plans ?? []).filter(({ name }) => name !== state.plan.name).sort((a, b) => rank(a) - rank(b));
}

// The address of what compares the two, of which the earlier one is told as the other.
function compared(what) {
  const them = state.plans.find(({ name }) => name === other);
  const [earlier, later] = isEarlier(state.plan, them) ? [state.plan.name, other] : [other, state.plan.name];
  return `${address(later)}/${what}?with=${encodeURIComponent(earlier)}`;
}

const AGES = ['retired', 'published', 'draft'];
const isEarlier = (one, them) => AGES.indexOf(one.state) - AGES.indexOf(them.state) < 0 || (one.state === 'retired' && them.state === 'retired' && one.number < them.number);

async function fresh() {
  if (!state.plan) return body.replaceChildren(noPlan());
  if (!others().some(({ name }) => name === other)) other = others()[0]?.name ?? null;
  if (!other || told?.key === keyNow()) return draw();
  asking?.abort();
  asking = new AbortController();
  const key = keyNow();
  if (told?.name !== state.plan.name || told.other !== other) told = null;
  draw();
  body.setAttribute('aria-busy', 'true');
  try {
    const answer = await get(compared('compare'), asking.signal);
    told = { key, answer, name: state.plan.name, other };
    if (open) draw();
  } catch (error) {
    if (error.name === 'AbortError') return null;
    if (open) body.replaceChildren(choice(), refused(error));
  } finally {
    body.removeAttribute('aria-busy');
  }
  return null;
}

// The panel

function draw() {
  const scrolled = body.scrollTop;
  const focus = body.contains(document.activeElement) ? document.activeElement.id : null;
  showHanded(told?.answer.differing ?? null);
  body.replaceChildren(make('div', { class: 'stack compare' }, other ? choice() : make('p', { class: 'empty', text: t('plan_panels.compare.alone') }), ...(told ? shown(told.answer) : other ? [waiting(t('plan_panels.compare.loading'))] : [])));
  body.scrollTop = scrolled;
  if (focus) document.getElementById(focus)?.focus();
}

function choice() {
  const select = make('select', { id: 'compare-with', onchange: () => { other = select.value; apart(); fresh().catch(expected); } },
    others().map(({ name, state: is }) => make('option', { value: name, selected: name === other, text: is === 'published' ? t('plan_panels.compare.in_force', { name }) : `${term('plan_state', is)} · ${name}` })));
  return field('compare-with', t('plan_panels.compare.with'), select);
}

function shown(answer) {
  const of = (fate) => answer.cells.filter((one) => one.fate === fate);
  const { born, ended, changed } = answer.fates;
  const kept = state.cells.size - changed - (answer.new === state.plan.name ? born : ended);
  const same = !answer.cells.length;
  const ways = pairs(answer.moves);
  return [make('p', { class: 'lead', role: 'status', text: same ? t('plan_panels.compare.same') : t('plan_panels.compare.sum', { fates: fatesSaid({ born, ended, changed }), kept: count(kept) }) }),
    answer.more ? make('p', { class: 'notice warn small', text: t('plan_panels.compare.more', { n: answer.left_out.length }) }) : '',
    same ? '' : divider(), same || !answer.totals ? '' : totals(answer.totals), same ? '' : fates(FATES.flatMap(of)),
    ways.length ? moves(ways) : same ? '' : make('p', { class: 'soft small', text: t('plan_panels.compare.none_moves') }), ways.length ? grid(answer.moves) : '', same ? '' : handOver()];
}

function divider() {
  const press = make('button', { type: 'button', class: 'btn wide', id: 'beside', 'aria-pressed': String(sided), text: t(sided ? 'plan_panels.compare.off' : 'plan_panels.compare.split'), onclick: () => turn().catch(expected) });
  return make('div', { class: 'stack' }, press, against, sided && make('p', { class: 'small soft', text: t('plan_panels.compare.split_words', told.answer) }));
}

async function turn() {
  against.replaceChildren();
  try {
    if (sided) apart();
    else await together();
  } catch (error) {
    against.replaceChildren(refused(error));
  }
  draw();
}

async function together() {
  const { old, new: now } = told.answer;
  const cells = await get(`${address(old === state.plan.name ? now : old)}/cells`);
  const here = new Set([...state.cells.values()].map(({ properties }) => properties.division_code));
  zoomTo(told.answer.cells.map(({ code }) => code).filter(about));
  beside({ features: cells.features.filter(({ properties }) => here.has(properties.division_code)) }, { old, now, opened: state.plan.name, label: t('plan_panels.compare.divider') });
  sided = true;
}

function apart() {
  notBeside();
  sided = false;
}

function totals(some) {
  const line = (one) => make('tr', {}, make('th', { scope: 'row', text: term('moved_kind', one.kind) }), ...['all', 'change_cell', 'change_worker'].map((key) => make('td', { class: 'right', text: count(one[key]) })));
  return make('table', { class: 'table' }, make('thead', {}, make('tr', {}, make('td', {}), ...['all', 'change_cell', 'change_worker'].map((key) => make('th', { scope: 'col', class: 'right', text: t(`plan_panels.compare.${key}`) })))), make('tbody', {}, some.map(line)));
}

const LOOKS = { born: 'accent', ended: '', changed: 'calm' };

// A cell of either plan; those that differ tell their name, the others stand in the open one.
function named(code) {
  if (!code) return t('plan_panels.compare.outside');
  return about(code) ? cellName(code) : titled(told.answer.cells.find((one) => one.code === code) ?? { code });
}

// Where all are of one community, the end of the code will do.
const brief = (code) => (code && new Set(told.answer.cells.map((one) => one.division_code)).size === 1 ? short(code) : named(code));

function fates(some) {
  const line = (one) => make('li', {}, make('button', { type: 'button', class: 'row', onclick: () => look(one) },
    make('span', { class: 'mark num', 'aria-hidden': 'true', text: short(one.code) }), make('span', { class: 'grow' }, make('span', { class: 'title', text: named(one.code) }),
      make('span', { class: 'under num', text: [one.fate === 'ended' && one.goes_to && t('plan_panels.compare.goes_to', { to: named(one.goes_to) }), t('plan_panels.compare.before_after', { before: count(one.households_before), after: count(one.households_after) })].filter(Boolean).join(' · ') })),
    make('span', { class: `badge ${LOOKS[one.fate]}`, text: term('fate', one.fate) })));
  return make('section', { 'aria-labelledby': 'fates' }, make('h3', { id: 'fates', class: 'label', text: t('plan_panels.compare.fates') }), make('ul', { class: 'rows paper' }, some.slice(0, MOST).map(line)));
}

const look = ({ code, goes_to: to }) => zoomTo([code, to].filter((one) => one && about(one)));

// A row for every pair of cells: what goes, and who answers for it before and after.
function moves(ways) {
  const some = KINDS.filter((one) => ways.some((way) => way[one]));
  const line = (way) => make('li', { class: 'way' },
    make('b', { text: `${named(way.from)} → ${named(way.to)}` }),
    make('span', { class: 'num', text: some.filter((one) => way[one]).map((one) => `${term('moved_kind', one)} ${count(way[one])}`).join(' · ') }),
    make('span', { class: 'small soft' }, who(way)));
  return make('section', { 'aria-labelledby': 'ways' }, make('h3', { id: 'ways', class: 'label', text: t('plan_panels.compare.moves') }), make('ul', { class: 'rows paper ways' }, ways.filter(({ from, to }) => from !== to).slice(0, MOST).map(line)));
}

function who({ worker_before: before, worker_after: after }) {
  const name = (one) => one || t('plan_panels.compare.nobody');
  return `${t('plan_panels.compare.worker')} ${before === after ? t('plan_panels.compare.same_worker', { name: name(after) }) : t('plan_panels.compare.worker_change', { before: name(before), after: name(after) })}`;
}

// Cells by cells, of one kind.
function grid(all) {
  const { rows, columns, at } = matrix(all.filter(({ from, to }) => from !== to), kind);
  const chips = make('div', { class: 'chips', role: 'group', 'aria-label': t('plan_panels.compare.matrix') }, KINDS.map((one) => make('button', { type: 'button', class: 'chip', id: `matrix-${one}`, 'aria-pressed': String(one === kind), text: term('moved_kind', one), onclick: () => { kind = one; draw(); } })));
  const table = make('table', { class: 'table matrix' }, make('caption', { class: 'small soft', text: t('plan_panels.compare.matrix_of', { kind: term('moved_kind', kind) }) }),
    make('thead', {}, make('tr', {}, make('td', {}), columns.slice(0, MOST_COLUMNS).map((code) => make('th', { scope: 'col', class: 'right', title: named(code), text: brief(code) })))),
    make('tbody', {}, rows.slice(0, MOST).map((row) => make('tr', {}, make('th', { scope: 'row', title: named(row), text: brief(row) }), columns.slice(0, MOST_COLUMNS).map((column) => make('td', { class: 'right', text: at(row, column) ? count(at(row, column)) : '·' }))))));
  return make('details', { class: 'fold by-cells', open: body.querySelector('.fold.by-cells')?.open ?? false }, make('summary', { text: t('plan_panels.compare.matrix') }), chips,
    rows.length ? make('div', { class: 'wide-table', tabindex: '0', role: 'region', 'aria-label': t('plan_panels.compare.matrix') }, table) : make('p', { class: 'soft small', text: t('plan_panels.compare.none_moves') }));
}

const handOver = () => make('div', { class: 'stack' }, fileLink({ class: 'btn wide', href: compared('hand-over.xlsx'), text: t('plan_panels.compare.hand_over') }, { name: t('plan_panels.compare.hand_over_file', { old: told.answer.old, new: told.answer.new }), told: against }), make('p', { class: 'small soft', text: t('plan_panels.compare.hand_over_words') }));
