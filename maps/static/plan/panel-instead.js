// What a panel shows where it can do nothing: no plan is open, or the open one stays as it is.

import { make } from '../page/build.js';
import { t, term } from '../page/words.js';
import { beginFrom } from './panel-plans.js';
import { noPlan } from './panel-words.js';
import { editable, state } from './state.js';

export function instead() {
  if (!state.plan) return noPlan();
  return editable() ? null : frozen(t('plan_panels.frozen', { name: state.plan.name, state: term('plan_state', state.plan.state) }));
}

// Words about a plan that stays as it is, and the way to change a draft of it.
export const frozen = (words) => make('div', { class: 'notice' }, make('span', { text: words }),
  make('span', { class: 'acts' }, make('button', { type: 'button', class: 'btn', text: t('plan_panels.make_draft'), onclick: () => beginFrom(state.plan.name) })));
