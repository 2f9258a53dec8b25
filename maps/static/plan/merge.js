// Making one cell of several that lie side by side.

import { Lost, expected } from '../page/ask.js';
import { make } from '../page/build.js';
import { t } from '../page/words.js';
import { bars, benchOf, button, hint, meant, outcome, waiting } from './bench.js';
import { choose, chooseAt } from './choose.js';
import { edit, propose } from './draft.js';
import { clearPreview, preview } from './preview.js';
import { short } from './sheet.js';
import { about, state } from './state.js';
import { refusal } from './why.js';

const bench = benchOf('merge');
let into = null; // the code that is kept; null: that of the cell most live in
let proposed = null;
let fault = null; // what speaks against it
let refused = null; // why it could not be kept, until others are chosen
let asking = null;

const operation = () => ({ kind: 'merge', cells: [...state.chosen], ...(into && { into }) });

function look() {
  asking?.abort();
  asking = proposed = fault = null;
  clearPreview();
  if (!state.chosen.has(into)) into = null;
  if (state.chosen.size > 1) ask().catch(expected);
  card();
}

async function ask() {
  const mine = (asking = new AbortController());
  try {
    const edited = await propose('edits', { operation: operation() }, mine.signal);
    if (mine.signal.aborted) return;
    proposed = edited;
    preview(meant(edited, [...state.chosen]));
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    fault = error instanceof Lost ? [refused ? null : refusal(error), button('again', t('page.do.again'), look)] : refusal(error);
  }
  asking = null;
  card();
}

function card() {
  const cells = [...state.chosen].map(about).filter(Boolean);
  const chip = (code, words) => make('button', { type: 'button', class: 'chip', 'data-do': `into-${code}`, 'aria-pressed': String(into === code), onclick: () => { into = code; look(); } }, words);
  bench(t('plan.merge.title'), hint(t('plan.merge.hint')), cells.length && !proposed ? bars(cells) : null,
    cells.length > 1 ? make('div', { class: 'chips', role: 'group', 'aria-label': t('plan.merge.into') }, make('span', { class: 'small soft', text: t('plan.merge.into') }), chip(null, t('plan.merge.most')), cells.map(({ code }) => chip(code, short(code)))) : null,
    proposed ? [make('h3', { class: 'small', text: t('plan.merge.becomes') }), outcome(proposed, [...state.chosen])] : null,
    asking ? waiting() : null, refused, fault,
    make('div', { class: 'acts' },
      button('keep', t('plan.merge.keep'), () => keep().catch(expected), { main: true, key: 'Enter', disabled: !proposed || state.busy }),
      cells.length ? button('cancel', t('plan.do.anew'), () => choose([]), { key: 'Escape' }) : null));
}

async function keep() {
  if (!proposed || state.busy) return;
  const cells = [...state.chosen];
  refused = null;
  try {
    const edited = await edit(operation(), t('plan.did.merge', { cells: cells.map(short).join(', ') }));
    choose(cells.filter((code) => !edited.ended.includes(code)));
  } catch (error) {
    refused = refusal(error);
    if (state.tool === 'merge') look();
  }
}

export const merge = {
  name: 'merge',
  key: 'm',
  icon: ['M2.5 5h6v10h-6z', 'M11.5 5h6v10h-6z', 'M6 10h8', 'm11.5 7.5 2.5 2.5-2.5 2.5'],
  draft: true,
  enter() {
    refused = null;
    look();
  },
  leave: () => asking?.abort(),
  renew: () => !state.busy && look(),
  click({ place }) {
    refused = null;
    chooseAt({ place, add: true });
  },
  keep: () => keep().catch(expected),
  cancel() {
    if (!state.chosen.size) return false;
    refused = null;
    choose([]);
    return true;
  },
};
