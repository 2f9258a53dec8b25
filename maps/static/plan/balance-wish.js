// What is to be drawn or balanced: which cells, how large, by which workload, what not to cross. It is
// kept while the page is open, so that one can try again and again.

import { make } from '../page/build.js';
import { count, t } from '../page/words.js';
import { communities, field, number } from './panel-words.js';
import { about, state } from './state.js';

const COUNTED = ['households', 'residents', 'care'];
const BARRIERS = ['roads', 'water'];
const wish = { act: 'balance', scope: 'all', low: null, high: null, target: null, tolerance: 10, workload: { households: 1, residents: 0, care: 0 }, barriers: new Set(BARRIERS), seed: 0 };

// `look(act, asked)` is called with what the server is to be asked; the form is { element, scopes(),
// busy(on), focus() }.
export function wishForm(look) {
  const [low, high] = state.plan.range?.basic ?? [300, 500];
  wish.low ??= low;
  wish.high ??= high;
  wish.target ??= Math.round((low + high) / 2);
  const scope = make('select', { id: 'wish-scope', onchange: () => { wish.scope = scope.value; } });
  const numbers = make('div', { class: 'pair' });
  const lead = make('p', { class: 'small soft' });
  const barriers = make('fieldset', { class: 'field' }, make('legend', { class: 'label', text: t('plan_panels.balance.barriers') }), make('div', { class: 'pair' }, BARRIERS.map(barrier)));
  const press = make('button', { class: 'btn main', text: t('plan_panels.balance.preview') });
  const acts = make('div', { class: 'chips', role: 'group', 'aria-label': t('plan_panels.balance.title') }, ['balance', 'draw'].map((act) => make('button', { type: 'button', class: 'chip', 'data-act': act, text: t(`plan_panels.balance.${act}`), onclick: () => { wish.act = act; draw(); } })));
  const draw = () => {
    for (const chip of acts.children) chip.setAttribute('aria-pressed', String(chip.dataset.act === wish.act));
    lead.textContent = t(`plan_panels.balance.${wish.act}_words`);
    numbers.replaceChildren(...(wish.act === 'draw' ? ['target', 'tolerance'] : ['low', 'high']).map(amount));
  };
  draw();
  scopes(scope);
  const element = make('form', { class: 'stack', onsubmit: (event) => { event.preventDefault(); look(wish.act, asked()); } }, acts, lead,
    field('wish-scope', t('plan_panels.balance.scope'), scope), numbers, workload(press), barriers, more(), make('div', { class: 'acts' }, press));
  return {
    element,
    scopes: () => scopes(scope),
    focus: () => press.focus(),
    busy: (on) => {
      press.disabled = on;
      element.setAttribute('aria-busy', String(on));
    },
  };
}

const amount = (name) => field(`wish-${name}`, t(`plan_panels.balance.${name}`), make('input', { id: `wish-${name}`, type: 'number', min: name === 'tolerance' ? 1 : 0, max: name === 'tolerance' ? 90 : false, step: 'any', required: true, inputmode: 'decimal', value: wish[name], oninput: ({ target }) => { wish[name] = Number(target.value); } }));

const barrier = (name) => make('label', { class: 'check' }, make('input', { type: 'checkbox', checked: wish.barriers.has(name), onchange: ({ target }) => wish.barriers[target.checked ? 'add' : 'delete'](name) }), t(`plan_panels.balance.${name}`));

const more = () => make('details', { class: 'fold' }, make('summary', { text: t('plan_panels.balance.more') }),
  field('wish-seed', t('plan_panels.balance.seed'), make('input', { id: 'wish-seed', type: 'number', min: 0, max: 2 ** 31 - 1, step: 1, value: wish.seed, oninput: ({ target }) => { wish.seed = Number(target.value) || 0; } }), t('plan_panels.balance.seed_hint')));

// The formula as it stands, and its weights.
function workload(press) {
  const formula = make('output', { class: 'formula num' });
  const say = () => {
    const some = COUNTED.filter((name) => wish.workload[name] > 0);
    formula.textContent = t('plan_panels.balance.formula', { sum: some.map((name) => `${wish.workload[name] === 1 ? '' : `${count(wish.workload[name])} × `}${t(`plan_panels.balance.${name}`)}`).join(' + ') || t('plan_panels.balance.formula_none') });
    press.disabled = !some.length;
  };
  const weight = (name) => make('label', { class: 'weight' }, make('span', { class: 'small', text: t(`plan_panels.balance.${name}`) }),
    make('input', { type: 'number', class: 'input', min: 0, max: 1000, step: 'any', inputmode: 'decimal', 'aria-label': t('plan_panels.balance.weight', { name: t(`plan_panels.balance.${name}`) }), value: wish.workload[name], oninput: ({ target }) => { wish.workload[name] = Math.max(0, Number(target.value) || 0); say(); } }));
  say();
  return make('fieldset', { class: 'field' }, make('legend', { class: 'label', text: t('plan_panels.balance.workload') }), make('div', { class: 'weights' }, COUNTED.map(weight)), formula);
}

// All, those that are chosen, or those of one community.
function scopes(select) {
  const some = communities();
  const options = [['all', t('plan_panels.balance.all')]];
  if (state.chosen.size && wish.act === 'balance') options.push(['chosen', t('plan_panels.balance.chosen', { n: number(state.chosen.size) })]);
  if (some.size > 1) options.push(...[...some].map(([code, { name, n }]) => [code, t('plan_panels.balance.community', { name, n: number(n) })]));
  if (!options.some(([value]) => value === wish.scope)) wish.scope = 'all';
  select.replaceChildren(...options.map(([value, text]) => make('option', { value, text, selected: value === wish.scope })));
}

function asked() {
  const { act, scope, low, high, target, tolerance, workload: weights, barriers, seed } = wish;
  const how = { workload: weights, barriers: [...barriers], seed };
  if (act === 'draw') return { ...how, target, tolerance: tolerance / 100, ...(scope !== 'all' && { communities: [scope] }) };
  const codes = scope === 'chosen' ? [...state.chosen] : [...state.cells.keys()].filter((code) => about(code).division_code === scope);
  return { ...how, low, high, ...(scope !== 'all' && { cells: codes }) };
}
