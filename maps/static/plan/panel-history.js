// 记录: the edits of the draft, the last one first: who, when, what, and which cells.

import { make, sign } from '../page/build.js';
import { when } from '../page/time.js';
import { count, t } from '../page/words.js';
import { choose } from './choose.js';
import { redo, undo } from './draft.js';
import { number } from './panel-words.js';
import { zoomTo } from './place.js';
import { refused } from './said.js';
import { short } from './sheet.js';
import { about, editable, on, state } from './state.js';

const NAMED = 3;
const KINDS = new Set(['split', 'split_units', 'merge', 'move_boundary', 'move_corner', 'add_corner', 'drop_corner', 'hand', 'give', 'add_dedicated', 'trim', 'mend', 'snap', 'rename', 'recode', 'mend_all', 'mend_some', 'draw', 'balance', 'undo', 'redo']);
const told = make('div', { class: 'told', 'aria-live': 'polite' });
let body = null;

export const history = {
  name: 'history', title: t('plan_panels.history.tool'), icon: 'clock',
  mount(element) {
    body = element;
    on('plan busy', draw);
    draw();
  },
};

function draw() {
  const edits = state.plan?.edits ?? [];
  const acts = editable() && edits.length > 0 && make('div', { class: 'acts' },
    make('button', { type: 'button', class: 'btn', id: 'history-undo', disabled: !state.plan.can_undo || state.busy, onclick: () => back(undo) }, sign('undo'), t('plan_panels.history.undo')),
    make('button', { type: 'button', class: 'btn', id: 'history-redo', disabled: !state.plan.can_redo || state.busy, text: t('plan_panels.history.redo'), onclick: () => back(redo) }));
  const focus = body.contains(document.activeElement) ? document.activeElement.id : null;
  body.replaceChildren(make('div', { class: 'stack' }, told, acts || '', edits.length
    ? make('ol', { class: 'rows paper history' }, edits.map(line))
    : make('p', { class: 'empty', text: t(state.plan ? (editable() ? 'plan_panels.history.none' : 'plan_panels.history.of_draft') : 'plan_panels.no_plan') })));
  if (focus) document.getElementById(focus)?.focus();
}

function line(one) {
  const what = KINDS.has(one.kind) ? t(`plan_panels.history.kinds.${one.kind}`) : one.kind;
  const names = one.cells.slice(0, NAMED).map(short).join(' · ');
  const cells = one.cells.length > NAMED ? t('plan_panels.history.more_cells', { cells: names, n: count(one.cells.length) }) : t('plan_panels.history.cells', { cells: names });
  return make('li', {}, make('button', { type: 'button', class: 'row', 'data-edit': one.number, title: t('plan_panels.history.go'), onclick: () => go(one) },
    make('span', { class: 'mark num', 'aria-hidden': 'true', text: one.number }),
    make('span', { class: 'grow' }, make('span', { class: 'title', text: [what, detail(one)].filter(Boolean).join(' · ') }), make('span', { class: 'under', text: one.cells.length ? cells : '' })),
    make('span', { class: 'small soft who' }, make('span', { text: one.actor }), make('span', { class: 'num', text: when(one.at) }))));
}

// What is worth a word of an edit: the new name, the range, how many were mended.
function detail({ kind, what = {} }) {
  if (kind === 'mend_all' && what.mended) return t('plan_panels.history.told.mended', { n: number(what.mended) });
  if (kind === 'balance') return t('plan_panels.history.told.balance', { low: count(what.low), high: count(what.high) });
  if (kind === 'draw') return t('plan_panels.history.told.draw', { target: count(what.target) });
  if (kind === 'rename') return t('plan_panels.history.told.rename', { name: what.name });
  return kind === 'recode' ? t('plan_panels.history.told.recode', { code: what.code }) : '';
}

function go({ cells }) {
  const there = cells.filter(about);
  told.replaceChildren(...(there.length ? [] : [make('p', { class: 'notice small', text: t('plan_panels.history.gone') })]));
  if (!there.length) return;
  choose(there);
  zoomTo(there);
}

async function back(act) {
  told.replaceChildren();
  try {
    await act();
  } catch (error) {
    told.replaceChildren(refused(error));
  }
}
