// The tools at the left, one of them in hand. A tool is
//
//   { name, key, icon, draft, enter(), leave(), renew(),
//     click(at), hover(at), grab(at), drag(at), drop(at), double(at),   what ../plan/pointer.js tells
//     keep(), back(), remove(), cancel(),                                Enter, Backspace, Delete, Escape
//     unkept() }                               whether something is in hand that was to be kept, and is not
//
// of which only `name`, `key`, `icon` and `enter` have to be there. `draft`: it changes cells, so it
// is no tool for a plan that stays as it is. `renew` is called when cells or what is chosen changed.
// `cancel` answers whether there was something to give up.

import { icon, make } from '../page/build.js';
import { t } from '../page/words.js';
import { border } from './border.js';
import { choosing } from './choose.js';
import { corner } from './corner.js';
import { dedicated } from './dedicated.js';
import { merge } from './merge.js';
import { paint } from './paint.js';
import { forget } from './pointer.js';
import { clearPreview } from './preview.js';
import { split } from './split.js';
import { changed, editable, on, state } from './state.js';

export const TOOLS = [choosing, split, merge, corner, border, paint, dedicated];
const rail = document.getElementById('tools');
let inHand = choosing;

export const tool = () => inHand;

export function install() {
  rail.append(...TOOLS.map((one) => make('button', {
    type: 'button', class: 'tool', 'data-tool': one.name, 'aria-pressed': String(one === inHand), 'aria-keyshortcuts': one.key,
    title: t('plan.tools.key', { name: t(`plan.tools.${one.name}`), key: one.key.toUpperCase() }), onclick: () => take(one.name),
  }, icon(...one.icon), make('span', { text: t(`plan.tools.${one.name}`) }), make('kbd', { 'aria-hidden': 'true', text: one.key.toUpperCase() }))));
  on('cells chosen', renew);
  const allow = () => {
    for (const button of rail.children) button.disabled = !may(TOOLS.find(({ name }) => name === button.dataset.tool));
  };
  allow();
  on('after_all', () => inHand.cancel?.()); // what is still drawn is kept already
  on('plan', (_, { another }) => {
    allow();
    if (another || !may(inHand)) take('choose');
    else renew();
  });
}

// Once, however much changed at once.
let soon = null;
function renew() {
  soon ??= requestAnimationFrame(() => {
    soon = null;
    inHand.renew?.();
  });
}

const may = ({ draft }) => !draft || editable();

export function take(name) {
  const next = TOOLS.find((one) => one.name === name);
  if (!may(next)) return;
  forget();
  inHand.leave?.();
  clearPreview();
  inHand = next;
  state.tool = name;
  for (const button of rail.children) button.setAttribute('aria-pressed', String(button.dataset.tool === name));
  inHand.enter();
  changed('tool');
}

// Whether an act is on its way, or something that is offered was not kept yet.
export const isUnkept = () => state.busy || Boolean(state.preview?.features.length) || Boolean(inHand.unkept?.());

// Escape: what is half done is given up first, then the tool is laid aside, then the choice.
export function cancel() {
  if (forget() || inHand.cancel?.()) return;
  if (inHand === choosing) return;
  take('choose');
}
