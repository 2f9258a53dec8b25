// Choosing cells, and what is known of the one that is chosen.

import { expected } from '../page/ask.js';
import { make } from '../page/build.js';
import { count, t, term } from '../page/words.js';
import { bars, benchOf, button, byFinger, hint, say } from './bench.js';
import { cellAt } from './cells.js';
import { edit } from './draft.js';
import { beginFrom } from './panel-plans.js';
import { isOut } from './range-bar.js';
import { short } from './sheet.js';
import { about, changed, editable, on, state } from './state.js';
import { refusal } from './why.js';

const bench = benchOf('choose');
const BARS_MOST = 6;
let naming = null; // the form in which the name of the chosen cell is being written
let fault = null;

export function choose(codes, { add = false } = {}) {
  const held = add ? new Set(state.chosen) : new Set();
  for (const code of codes) held[add && held.has(code) ? 'delete' : 'add'](code);
  state.chosen = held;
  naming = null;
  fault = null;
  changed('chosen');
  say(held.size ? [...held].map((code) => t('plan.choose.said', { code: short(code), n: count(about(code)?.households) })).join('; ') : t('plan.choose.none'));
}

// Chooses what lies at a place: that alone, or one more.
export function chooseAt({ place, add }) {
  const code = cellAt(place);
  if (code) choose([code], { add });
  else if (!add) choose([]);
}

export const choosing = {
  name: 'choose',
  key: 'v',
  icon: ['m4 3 11.5 6-5 1.6L8 16z'],
  enter: card,
  renew: card,
  click: chooseAt,
  cancel() {
    if (naming) {
      naming = null;
      card();
      return true;
    }
    if (!state.chosen.size) return false;
    choose([]);
    return true;
  },
};

on('busy', () => state.tool === 'choose' && card());

function card() {
  if (!state.plan) return bench(t('plan.title'), hint(t('plan.choose.no_plan')));
  const cells = [...state.chosen].map(about).filter(Boolean);
  if (!cells.length) return bench(t('plan.choose.title'), whole(), frozen());
  if (cells.length === 1) return bench(cells[0].name, one(cells[0]), frozen());
  return bench(t('plan.choose.several', { n: count(cells.length) }), several(cells), frozen());
}

// What the whole plan comes to.
function whole() {
  const cells = [...state.cells.values()].map(({ properties }) => properties);
  const out = cells.filter(isOut).length;
  return [
    make('p', {}, t('plan.choose.whole', { n: count(cells.length), households: count(cells.reduce((sum, { households }) => sum + (households ?? 0), 0)) })),
    make('p', { class: 'standing-line' }, make('span', { class: out ? 'badge late' : 'badge good', text: out ? t('plan.choose.out', { n: count(out) }) : t('plan.choose.all_in') })),
    hint(t(!editable() ? 'plan.choose.hint_frozen' : byFinger ? 'plan.choose.hint_finger' : 'plan.choose.hint')),
  ];
}

function one(cell) {
  const fact = (name, value) => [make('dt', { text: t(`plan.fact.${name}`) }), make('dd', { class: 'num', text: value })];
  return [
    make('p', { class: 'soft small num' }, `${cell.code} · ${term('cell_kind', cell.kind)}`),
    naming,
    bars([cell]),
    make('dl', { class: 'facts small' },
      fact('division', cell.division_name ?? cell.division_code), fact('worker', cell.worker ?? t('plan.fact.nobody')),
      fact('people', t('plan.fact.people_of', { residents: count(cell.residents), care: count(cell.care) })),
      fact('things', t('plan.fact.things_of', { facilities: count(cell.facilities), cases: count(cell.open_cases) })),
      fact('area', t('plan.fact.hectares', { n: (cell.area_m2 / 10_000).toFixed(1) }))),
    fault,
    editable() && !naming ? make('div', { class: 'acts' }, button('rename', t('plan.choose.rename'), startNaming, { key: 'F2', disabled: state.busy })) : null,
  ];
}

function several(cells) {
  const all = cells.reduce((sum, { households }) => sum + (households ?? 0), 0);
  return [
    make('p', {}, t('plan.choose.together', { n: count(all) })),
    bars(cells.slice(0, BARS_MOST)),
    cells.length > BARS_MOST ? hint(t('plan.choose.more', { n: count(cells.length - BARS_MOST) })) : null,
  ];
}

function frozen() {
  if (editable()) return null;
  return make('div', { class: 'notice' }, make('span', { text: t(`plan.frozen.${state.plan.state}`) }),
    button('begin', t('plan.frozen.begin'), () => beginFrom(state.plan.name), { main: true }));
}

export function startNaming() {
  if (state.chosen.size !== 1 || !editable()) return;
  naming = nameForm(about([...state.chosen][0]));
  card();
  document.getElementById('cell-name').select();
}

function nameForm(cell) {
  const field = make('input', { id: 'cell-name', class: 'input', value: cell.name, maxlength: 100, required: true, autocomplete: 'off' });
  return make('form', { class: 'name-form', onsubmit: (event) => { event.preventDefault(); rename(cell.code, field.value.trim()).catch(expected); } },
    make('label', { class: 'unseen', for: 'cell-name', text: t('plan.choose.name') }), field,
    make('button', { class: 'btn main', text: t('page.do.save') }));
}

async function rename(code, name) {
  fault = null;
  try {
    if (name !== about(code).name) await edit({ kind: 'rename', cell: code, name }, t('plan.did.rename', { code: short(code), name }));
    naming = null;
  } catch (error) {
    fault = refusal(error);
  }
  card();
}
