// To whom: a worker or a unit. The nearest to a place are offered, those of its own cell first; by
// words anybody in one's charge is found.

import { expected } from '../page/ask.js';
import { make } from '../page/build.js';
import { t } from '../page/words.js';
import { crew } from './crew.js';

const OFFERED = 20;
const WAIT_MS = 160;

// A choice of one: { element, value() → { worker } or { unit } or null, focus() }, `chosen` as crew.js
// tells it.
export function responders({ lon, lat, cell }) {
  let chosen = null;
  let all = [];
  let waiting;
  let asking = null;
  const id = 'responder';
  const list = make('ul', { class: 'rows responders', role: 'listbox', id: `${id}-list`, 'aria-label': t('desk.need.holder') });
  const input = make('input', { id, type: 'search', autocomplete: 'off', placeholder: t('desk.act.search'), role: 'combobox', 'aria-expanded': 'true', 'aria-controls': `${id}-list` });
  const same = (one) => chosen && one.kind === chosen.kind && one.code === chosen.code;
  const draw = () => list.replaceChildren(...all.map((one) => line(one, same(one), () => { chosen = one; draw(); })),
    ...(all.length ? [] : [make('li', { class: 'soft', text: t('desk.filter.nothing', { q: input.value.trim() }) })]));
  const look = async () => {
    asking?.abort();
    asking = new AbortController();
    const words = input.value.trim();
    const found = await crew({ lon, lat, words, cell: cell?.code, limit: OFFERED }, asking.signal);
    all = chosen && !found.some(same) ? [chosen, ...found] : found; // who is chosen stays in sight
    draw();
  };
  input.addEventListener('input', () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => look().catch(expected), WAIT_MS);
  });
  input.addEventListener('keydown', (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1, Enter: chosen ? 0 : 1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    if (!all.length) return;
    chosen = all[(Math.max(all.findIndex(same), step < 0 ? 0 : -1) + step + all.length) % all.length];
    draw();
    list.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: 'nearest' });
  });
  look().catch(expected);
  return {
    element: make('div', { class: 'field' }, make('label', { for: id, text: t('desk.need.holder') }), input, list),
    value: () => chosen && { [chosen.kind]: chosen.code },
    focus: () => input.focus(),
    get chosen() { return chosen; },
    get name() { return chosen?.name; },
  };
}

function line(one, on, take) {
  return make('li', { role: 'option', 'aria-selected': String(on), class: 'row', onclick: take },
    make('span', { class: 'grow' }, make('span', { class: 'title', text: one.name }), make('span', { class: 'under', text: one.under })),
    one.away ? make('span', { class: 'badge warn', text: t(`desk.act.${one.away}`) }) : null,
    one.own && !on ? make('span', { class: 'badge accent', text: t('desk.act.own_cell') }) : null,
    on ? make('span', { class: 'badge good', text: t('desk.act.chosen') }) : null);
}
