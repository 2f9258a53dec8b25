// 检查: what the check finds in the plan, by kind; each leads to its place and can be mended, or is
// the planner's to decide. After an edit it is checked anew by itself.

import { Refused, expected, get } from '../page/ask.js';
import { make, sign } from '../page/build.js';
import { count, t, term } from '../page/words.js';
import { address, change } from './draft.js';
import { findingSaid, repairSaid } from './finding-words.js';
import { pointAt, show } from './marks.js';
import { frozen } from './panel-instead.js';
import { cellName, communities, field, noPlan, number, waiting } from './panel-words.js';
import { zoomTo } from './place.js';
import { refused } from './said.js';
import { badge } from './side.js';
import { about, editable, on, state } from './state.js';
import { why } from './why.js';

const SETTLED_MS = 700; // nobody edits for so long
const MANY = 600; // cells: a larger plan is checked only while one looks
const AT_ONCE = 50;
const told = make('div', { class: 'told', 'aria-live': 'polite' });
const opened = new Map(); // kind → how many lines of it are shown
let body = null;
let open = false;
let found = null; // { of: name of the plan, version, part, findings }
let part = ''; // the community that is checked, '' for all
let asking = null;
let waits;

export const check = {
  name: 'check', title: t('plan_panels.check.tool'), icon: 'check',
  mount(element) {
    body = element;
  },
  shown() {
    open = true;
    draw();
    soon(0);
  },
  hidden() {
    open = false;
    show([]);
  },
};

on('plan', (_, { another }) => {
  if (another) part = '';
});

on('cells', () => {
  if (open) draw();
  soon(SETTLED_MS);
});

// How many findings there are, as far as is known.
export const findings = () => (isFresh() ? found.findings.length : null);

const isOf = () => found?.of === state.plan?.name && found.part === part;
const isFresh = () => isOf() && found.version === state.version;

function soon(after) {
  clearTimeout(waits);
  if (!state.plan || isFresh()) return;
  if (!open && (!editable() || state.cells.size > MANY)) return badge('check', '');
  waits = setTimeout(() => run().catch(expected), after);
}

async function run() {
  asking?.abort();
  asking = new AbortController();
  const of = state.plan.name;
  const mine = part;
  try {
    const answer = await get(`${address()}/findings${mine && `?communities=${mine}`}`, asking.signal);
    if (of !== state.plan.name || mine !== part) return;
    found = { of, part, ...answer };
    told.replaceChildren();
  } catch (error) {
    if (error.name === 'AbortError') return;
    told.replaceChildren(refused(error));
  } finally {
    if (open) draw();
  }
  badge('check', found?.findings.length ? count(found.findings.length) : '');
}

// The panel

function draw() {
  if (!state.plan) return body.replaceChildren(noPlan());
  if (!isOf()) return body.replaceChildren(make('div', { class: 'stack' }, choice(), told, told.firstChild ? again() : waiting(t('plan_panels.check.running'))));
  const fresh = isFresh();
  const all = found.findings;
  show(all);
  const scrolled = body.scrollTop;
  body.replaceChildren(make('div', { class: 'stack check' }, choice(), told,
    fresh ? '' : make('p', { class: 'notice warn small', role: 'status', text: t('plan_panels.check.stale') }),
    all.length ? sum(all, fresh) : well(fresh), ...groups(all).map((group) => kind(group, fresh))));
  body.scrollTop = scrolled;
  return null;
}

// A large plan is checked community by community.
function choice() {
  const some = communities();
  if (some.size < 2 || (state.cells.size <= MANY && !part)) return '';
  const select = make('select', { id: 'check-part', onchange: () => { part = select.value; told.replaceChildren(); draw(); soon(0); } },
    make('option', { value: '', text: t('plan_panels.balance.all') }), [...some].map(([code, { name, n }]) => make('option', { value: code, selected: code === part, text: t('plan_panels.balance.community', { name, n: number(n) }) })));
  return field('check-part', t('plan_panels.balance.scope'), select);
}

const again = () => make('button', { type: 'button', class: 'btn', text: t('page.do.again'), onclick: () => run().catch(expected) });

const well = (fresh) => (fresh ? make('div', { class: 'empty', role: 'status' }, sign('check'), make('h3', { text: t('plan_panels.check.well') }), make('p', { text: t('plan_panels.check.well_words') })) : '');

function sum(all, fresh) {
  const mendable = all.filter((one) => one.repair).length;
  const words = [t('plan_panels.check.sum', { n: number(all.length) }), mendable ? t('plan_panels.check.mendable', { n: number(mendable) }) : null];
  return make('div', { class: 'stack' }, make('p', { class: 'lead', role: 'status', text: words.filter(Boolean).join(' · ') }),
    editable() ? mendable > 0 && make('button', { type: 'button', class: 'btn main', disabled: !fresh, onclick: () => mend(null) }, t('plan_panels.check.mend_all', { n: number(mendable) })) : frozen(t('plan_panels.frozen', { name: state.plan.name, state: term('plan_state', state.plan.state) })));
}

// [[kind, [[finding, its number], …]], …], most of them last: what is seldom is seen first.
function groups(all) {
  const kinds = new Map();
  all.forEach((one, at) => kinds.set(one.kind, [...(kinds.get(one.kind) ?? []), [one, at]]));
  return [...kinds].sort(([, a], [, b]) => a.length - b.length);
}

function kind([name, some], fresh) {
  const shown = opened.get(name) ?? AT_ONCE;
  return make('section', { 'aria-labelledby': `check-${name}` },
    make('h3', { id: `check-${name}`, class: 'label' }, term('finding_kind', name), make('span', { class: 'badge num', text: count(some.length) })),
    make('ul', { class: 'rows paper' }, some.slice(0, shown).map(([one, at]) => line(one, at, fresh))),
    some.length > shown && make('button', { type: 'button', class: 'btn wide', text: t('page.do.more'), onclick: () => { opened.set(name, shown + AT_ONCE); draw(); } }));
}

function line(one, at, fresh) {
  const words = findingSaid(one, about, cellName);
  return make('li', { class: 'with-act', onpointerenter: () => pointAt(at), onpointerleave: () => pointAt(null) },
    make('button', { type: 'button', class: 'row', onfocus: () => pointAt(at), onclick: () => go(one, at) },
      make('span', { class: 'mark num', 'aria-hidden': 'true', text: at + 1 }),
      make('span', { class: 'grow' }, make('span', { class: 'said', text: words }), make('span', { class: 'under', text: repairSaid(one, cellName) }))),
    one.repair && editable() && make('button', { type: 'button', class: 'btn small', disabled: !fresh, 'aria-label': `${t('plan_panels.check.mend')}: ${words}`, text: t('plan_panels.check.mend'), onclick: () => mend(one) }));
}

function go(one, at) {
  zoomTo(one.ground);
  pointAt(at);
}

// One finding, or null for all that can be mended; what could not is said with its reason.
async function mend(one) {
  body.setAttribute('aria-busy', 'true');
  told.replaceChildren();
  try {
    const { left = [] } = await change('mend', one ? { repairs: [one.repair] } : { communities: part ? [part] : [] }, t('plan_panels.check.mended'));
    if (left.length && one) told.replaceChildren(make('div', { class: 'notice warn small' }, make('p', { text: t('plan_panels.check.left', { n: number(left.length) }) }), make('ul', {}, left.slice(0, 5).map(({ why: sentence, reasons }) => make('li', { text: why(new Refused(422, { detail: sentence, reasons }))[0] })))));
  } catch (error) {
    told.replaceChildren(refused(error));
  } finally {
    body.removeAttribute('aria-busy');
    soon(0);
  }
}

