// The head of the page: which plan is open, how it stands, whether all is kept.

import { expected } from '../page/ask.js';
import { make } from '../page/build.js';
import { t, term } from '../page/words.js';
import { openPlan } from './draft.js';
import { install as installHistory } from './history.js';
import { showKeys } from './keys.js';
import { openPanel } from './side.js';
import { on, state } from './state.js';

const ORDER = ['draft', 'published', 'retired'];
const LOOKS = { draft: 'accent', published: 'good', retired: '' };
let pick = null;
let standing = null;
let kept = null;

export function install() {
  pick = make('select', { id: 'plan-pick', class: 'input', hidden: true, 'aria-label': t('plan.head.pick'), onchange: () => openPlan(pick.value).catch(expected) });
  standing = make('span', { class: 'badge', hidden: true });
  kept = make('span', { class: 'soft small kept', role: 'status' });
  const place = document.getElementById('head');
  place.append(pick, standing, make('button', { type: 'button', class: 'btn bare new-draft', text: t('plan.head.begin'), onclick: () => openPanel('plans') }), kept);
  installHistory(place);
  place.append(make('button', { type: 'button', class: 'btn bare square keys', 'aria-label': t('plan.keys.title'), title: `${t('plan.keys.title')} (?)`, text: '?', onclick: () => showKeys().catch(expected) }));
  on('plans plan', draw);
  on('plan busy cells', told);
}

function draw() {
  if (!state.plans) return;
  pick.hidden = !state.plans.length;
  pick.replaceChildren(...ORDER.map((one) => make('optgroup', { label: term('plan_state', one) }, state.plans.filter((plan) => plan.state === one).map(({ name, area_name: area }) =>
    make('option', { value: name, selected: name === state.plan?.name }, area ? `${name} · ${area}` : name)))).filter((group) => group.childElementCount));
  if (!state.plan) return;
  pick.value = state.plan.name;
  standing.hidden = false;
  standing.textContent = term('plan_state', state.plan.state);
  standing.className = `badge ${LOOKS[state.plan.state]}`;
}

// Everything is kept at once; only while something is on its way it is not yet.
function told() {
  if (!state.plan) return;
  kept.textContent = state.plan.state !== 'draft' ? '' : state.busy ? t('plan.head.saving') : t('plan.head.saved', { n: state.version });
}
