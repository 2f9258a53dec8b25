// A new draft: its name, of which part of the city, drawn from which plan.

import { make } from '../page/build.js';
import { toast } from '../page/tell.js';
import { today } from '../page/time.js';
import { t, term } from '../page/words.js';
import { begin } from './draft.js';
import { field, number } from './panel-words.js';
import { refused } from './said.js';
import { about, state } from './state.js';

const MOST = 30;
const EVERYTHING = '';

export function beginForm({ from, done, cancel }) {
  let area = around();
  let own = false; // whether the name is the planner's own, not our proposal
  const name = make('input', { id: 'draft-name', maxlength: 100, required: true, autocomplete: 'off', 'aria-describedby': 'draft-fault', oninput: () => { own = true; } });
  const find = make('input', { id: 'draft-area', type: 'search', autocomplete: 'off', placeholder: t('plan_panels.plans.area_find'), oninput: () => list() });
  const choices = make('div', { class: 'places', role: 'radiogroup', 'aria-label': t('plan_panels.plans.area') });
  const source = make('select', { id: 'draft-from' }, sources(from));
  const fault = make('div', { id: 'draft-fault', role: 'alert' });
  const propose = () => {
    if (!own) name.value = t('plan_panels.plans.name_example', { area: area.code ? area.name : t('plan_panels.plans.everything'), month: Number(today().slice(5, 7)) });
  };
  const take = (one) => {
    area = one;
    propose();
  };
  const list = () => {
    const some = matching(find.value.trim().toLowerCase());
    const shown = some.includes(area) || find.value.trim() ? some : [area, ...some];
    choices.replaceChildren(...(some.length ? shown.slice(0, MOST).map((one) => choice(one, one === area, take)) : [make('p', { class: 'small soft', text: t('plan_panels.plans.area_none', { words: find.value.trim() }) })]));
  };
  list();
  propose();
  const form = make('form', { class: 'stack', novalidate: true, onsubmit: (event) => { event.preventDefault(); submit(); } },
    make('h3', { text: t('plan_panels.plans.begin') }),
    make('div', { class: 'field' }, make('label', { for: 'draft-area', text: t('plan_panels.plans.area') }), find, choices, make('p', { class: 'hint', text: t('plan_panels.plans.area_hint') })),
    field('draft-name', t('plan_panels.plans.name'), name, t('plan_panels.plans.name_hint')), fault,
    field('draft-from', t('plan_panels.plans.from'), source, t('plan_panels.plans.from_hint')),
    make('div', { class: 'acts' }, make('button', { class: 'btn main', text: t('plan_panels.plans.start') }), make('button', { type: 'button', class: 'btn', text: t('page.do.cancel'), onclick: cancel })));
  const wrong = (words) => {
    name.setAttribute('aria-invalid', 'true');
    fault.replaceChildren(words);
    name.focus();
  };
  const submit = async () => {
    if (form.getAttribute('aria-busy')) return null; // a second click
    if (!name.value.trim()) return wrong(make('p', { class: 'fault', text: t('plan_panels.plans.no_name') }));
    form.setAttribute('aria-busy', 'true');
    fault.replaceChildren();
    name.removeAttribute('aria-invalid');
    try {
      await begin({ name: name.value.trim(), area: area.code || null, from: source.value || null });
      toast(t('plan_panels.plans.begun', { name: state.plan.name, n: number(state.cells.size) }));
      done();
    } catch (error) {
      wrong(refused(error));
    } finally {
      form.removeAttribute('aria-busy');
    }
  };
  return form;
}

const everything = { code: EVERYTHING, name: t('plan_panels.plans.area_all'), level: null, cells: null };

// The community of the chosen cell; else all that is in one's charge.
function around() {
  const [chosen] = state.chosen;
  const code = chosen && about(chosen)?.division_code;
  return state.divisions.find((one) => one.code === code) ?? places()[0];
}

// Who is in charge of everything may also begin one of everything.
const places = () => (state.everything || !state.divisions.length ? [everything, ...state.divisions] : state.divisions);

const matching = (words) => places().filter((one) => `${one.name} ${one.code}`.toLowerCase().includes(words));

function choice(one, is, take) {
  const what = [one.level && term('division_level', one.level), one.cells !== null && t('plan_panels.plans.cells', { n: number(one.cells) })].filter(Boolean).join(' · ');
  return make('label', { class: 'check' }, make('input', { type: 'radio', name: 'draft-area', value: one.code, checked: is, onchange: () => take(one) }),
    make('span', { class: 'grow', text: one.name }), make('span', { class: 'small soft num', text: what }));
}

// The plan in force is taken without being named: it may be another one by the time it is drawn from.
function sources(from) {
  const option = ({ name, state: is }) => (is === 'published' ? make('option', { value: '', text: t('plan_panels.compare.in_force', { name }), selected: !from || from === name }) : make('option', { value: name, text: `${term('plan_state', is)} · ${name}`, selected: from === name }));
  const rank = ({ state: is }) => ['published', 'draft', 'retired'].indexOf(is);
  return [...state.plans].sort((a, b) => rank(a) - rank(b)).map(option);
}
