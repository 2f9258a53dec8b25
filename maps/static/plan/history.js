// Undo and redo: two buttons in the head, and what they say when they cannot.

import { expected } from '../page/ask.js';
import { make, sign } from '../page/build.js';
import { toast } from '../page/tell.js';
import { t } from '../page/words.js';
import { redo, undo } from './draft.js';
import { tool } from './tools.js';
import { editable, on, state } from './state.js';
import { why } from './why.js';

const buttons = {};

export function install(place) {
  for (const [name, key] of [['undo', 'Ctrl+Z'], ['redo', 'Ctrl+Shift+Z']]) {
    buttons[name] = make('button', { type: 'button', class: `btn bare square ${name}`, id: name, 'aria-keyshortcuts': key.replace('Ctrl', 'Control'), 'aria-label': t(`plan.history.${name}`), title: `${t(`plan.history.${name}`)} (${key})`, onclick: () => step(name) }, sign('undo'));
    place.append(buttons[name]);
  }
  on('plan busy', draw);
  draw();
}

function draw() {
  for (const name of ['undo', 'redo']) buttons[name].disabled = state.busy || !may(name);
}

const may = (name) => Boolean(state.plan?.[`can_${name}`]) && state.plan.state === 'draft';

async function go(name) {
  try {
    await { undo, redo }[name]();
    toast(t(`plan.history.${name}_done`));
  } catch (error) {
    expected(error);
    toast(why(error).join(' '));
  }
}

// While something is drawn, undo takes its last point back. Steps follow each other: what is not yet
// known of a draft that is being changed, the server knows.
export function step(name) {
  if (name === 'undo' && tool().back?.()) return;
  const changing = state.busy || state.plan?.version !== state.version;
  if (may(name) || (changing && editable())) go(name);
}
