// 网格: every cell of the plan with a living bar of its households, those farthest out of range first.

import { make } from '../page/build.js';
import { count, t, term } from '../page/words.js';
import { choose } from './choose.js';
import { figure, titled } from './panel-words.js';
import { zoomTo } from './place.js';
import { isOut, longest, rangeBar, standing, standingMark } from './range-bar.js';
import { short } from './sheet.js';
import { on, state } from './state.js';

const AT_ONCE = 100;
const SEVERAL = new Set(['merge', 'border']);
const SORTS = {
  range: (a, b) => standing(b).by - standing(a).by || byCode(a, b),
  code: (a, b) => byCode(a, b),
  households: (a, b) => (b.households ?? -1) - (a.households ?? -1) || byCode(a, b),
};
let parts = null;
let shown = AT_ONCE;
let sort = 'range';
let onlyOut = false;

export const cells = {
  name: 'cells', title: t('plan_panels.cells.tool'), icon: 'list',
  mount(element) {
    parts = build();
    element.append(parts.body);
    on('cells plan', () => parts.body.isConnected && draw());
    on('chosen', mark);
  },
  shown: draw,
};

const byCode = (a, b) => (a.code < b.code ? -1 : 1);

function build() {
  const order = make('select', { class: 'input', 'aria-label': t('plan_panels.cells.sort'), onchange: () => { sort = order.value; draw(); } },
    Object.keys(SORTS).map((name) => make('option', { value: name, text: t(`plan_panels.cells.by_${name}`) })));
  const find = make('input', { type: 'search', class: 'input', 'aria-label': t('plan_panels.cells.find'), placeholder: t('plan_panels.cells.find'), oninput: () => { shown = AT_ONCE; draw(); } });
  const out = make('button', { type: 'button', class: 'chip', 'aria-pressed': 'false', text: t('plan_panels.cells.only_out'), onclick: () => { onlyOut = !onlyOut; out.setAttribute('aria-pressed', String(onlyOut)); draw(); } });
  const totals = make('div', { class: 'figures', role: 'status' });
  const list = make('ul', { class: 'rows cell-rows' });
  const more = make('button', { type: 'button', class: 'btn wide', text: t('page.do.more'), onclick: grow });
  new IntersectionObserver(([{ isIntersecting: seen }]) => seen && !more.hidden && grow()).observe(more);
  return { body: make('div', { class: 'stack' }, totals, find, make('div', { class: 'order' }, order, out), list, more), totals, find, list, more };
}

function grow() {
  shown += AT_ONCE;
  draw();
}

function draw() {
  const all = [...state.cells.values()].map((one) => one.properties);
  const words = parts.find.value.trim().toLowerCase();
  const some = all.filter((one) => (!onlyOut || isOut(one)) && `${one.name} ${one.code} ${one.worker ?? ''}`.toLowerCase().includes(words)).sort(SORTS[sort]);
  sums(all);
  const also = { most: longest(all), several: new Set(all.map((one) => one.division_code)).size > 1 };
  const focus = parts.list.contains(document.activeElement) && document.activeElement.closest('[data-code]')?.dataset.code;
  parts.list.replaceChildren(...some.slice(0, shown).map((one) => line(one, also)));
  if (!some.length) parts.list.append(make('li', { class: 'empty', text: t(all.length ? 'plan_panels.cells.none' : 'plan_panels.cells.empty') }));
  parts.more.hidden = some.length <= shown;
  mark();
  if (focus) parts.list.querySelector(`[data-code="${CSS.escape(focus)}"]`)?.focus();
}

function sums(all) {
  const out = all.filter(isOut).length;
  const households = all.reduce((sum, one) => sum + (one.households ?? 0), 0);
  const range = state.plan?.range?.basic;
  parts.totals.replaceChildren(figure(count(all.length), t('plan_panels.cells.total')), figure(count(households), t('plan_panels.cells.households')),
    figure(out ? `! ${count(out)}` : '✓', t(out ? 'plan_panels.cells.out' : 'plan_panels.cells.all_in'), out ? 'warn' : 'good'),
    range ? make('p', { class: 'small soft num', text: t('plan_panels.cells.range', { low: count(range[0]), high: count(range[1]) }) }) : '');
}

function line(one, { most, several }) {
  const of = [one.kind === 'basic' ? null : term('cell_kind', one.kind), several && one.division_name, one.worker ?? t('plan_panels.cells.nobody')];
  return make('li', {}, make('button', { type: 'button', class: 'row cell-row', 'data-code': one.code, onclick: (event) => go(one.code, event) },
    make('span', { class: 'mark num', 'aria-hidden': 'true', text: short(one.code) }), make('span', { class: 'grow' }, make('span', { class: 'title', text: titled(one) }),
      make('span', { class: 'under', text: of.filter(Boolean).join(' · ') })),
    make('span', { class: 'how-many' }, make('b', { class: 'num', text: count(one.households) }), standingMark(one)), rangeBar(one, most)));
}

// Alone, or with those that are chosen: with Shift, or where several are what the tool in hand takes.
function go(code, { shiftKey, ctrlKey, metaKey }) {
  choose([code], { add: shiftKey || ctrlKey || metaKey || SEVERAL.has(state.tool) });
  zoomTo(state.chosen.size ? [...state.chosen] : [code]);
}

function mark() {
  for (const row of parts?.list.querySelectorAll('[data-code]') ?? []) row.setAttribute('aria-current', String(state.chosen.has(row.dataset.code)));
}
