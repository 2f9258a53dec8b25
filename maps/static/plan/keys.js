// The page by keyboard: a letter for each tool, and what a hand on the keys expects; nothing while one
// writes.

import { expected } from '../page/ask.js';
import { showKeys as listed } from '../page/keys.js';
import { t } from '../page/words.js';
import { startNaming } from './choose.js';
import { step } from './history.js';
import { whole } from './place.js';
import { takeKeys } from './pointer.js';
import { closePanel } from './side.js';
import { state } from './state.js';
import { TOOLS, cancel, take, tool } from './tools.js';

const WRITES = 'input:not([type="checkbox"], [type="radio"], [type="range"]), textarea, select, [contenteditable]';
const PRESSED = 'button, a, summary, [role="slider"]'; // Enter presses these

const KEYS = [
  ...TOOLS.map(({ name, key }) => ({ key, shown: key.toUpperCase(), name: t(`plan.tools.${name}`), run: () => take(name) })),
  { key: 'Enter', name: t('plan.keys.keep'), run: () => tool().keep?.() },
  { key: 'Backspace', shown: '⌫', name: t('plan.keys.back'), run: () => tool().back?.() },
  { key: 'Delete', name: t('plan.keys.remove'), run: () => tool().remove?.() },
  { key: 'Escape', shown: 'Esc', name: t('plan.keys.cancel'), run: escape },
  { key: 'F2', name: t('plan.choose.rename'), run: () => { take('choose'); startNaming(); } },
  { key: 'f', shown: 'F', name: t('plan.keys.whole'), run: whole },
  { key: 'g', shown: 'G', name: t('plan.keys.map'), run: takeKeys },
  { shown: t('plan.keys.arrows'), name: t('plan.keys.move') },
  { shown: t('plan.keys.space'), name: t('plan.keys.press') },
  { shown: 'Ctrl Z', name: t('plan.history.undo') },
  { shown: 'Ctrl Shift Z', name: t('plan.history.redo') },
  { key: '?', name: t('plan.keys.title'), run: () => showKeys().catch(expected) },
];

function escape() {
  if (state.panel && document.getElementById('side').contains(document.activeElement)) closePanel();
  else cancel();
}

export function install() {
  document.addEventListener('keydown', (event) => {
    if (event.defaultPrevented || event.altKey || document.querySelector('dialog[open]')) return;
    const writes = event.target.closest?.(WRITES);
    if (event.ctrlKey || event.metaKey) return writes ? null : history(event);
    if (writes) return written(event);
    if (event.key === 'Enter' && event.target.closest?.(PRESSED)) return null;
    const known = KEYS.find(({ key, run }) => run && key === (event.key.length === 1 ? event.key.toLowerCase() : event.key));
    if (!known || !state.plan) return null;
    event.preventDefault();
    return known.run();
  });
}

// In a field of the card Enter keeps; Escape leaves a field, and what was written stays.
function written(event) {
  if (event.key === 'Escape') event.target.blur();
  if (event.key === 'Enter' && !event.target.form && document.getElementById('bench').contains(event.target)) tool().keep?.();
}

function history(event) {
  const key = event.key.toLowerCase();
  const name = key === 'y' || (key === 'z' && event.shiftKey) ? 'redo' : key === 'z' ? 'undo' : null;
  if (!name) return;
  event.preventDefault();
  if (!event.repeat || !state.busy) step(name); // a key held down does not run ahead
}

export const showKeys = () => listed(t('plan.keys.title'), KEYS);
