// 方案: what is in force, the drafts, what was in force before; a draft begun, opened or given up.

import { make, sign } from '../page/build.js';
import { sure, toast } from '../page/tell.js';
import { count, t } from '../page/words.js';
import { drop, openPlan, readPlans } from './draft.js';
import { beginForm } from './panel-plans-form.js';
import { dayOf, number, waiting } from './panel-words.js';
import { refused } from './said.js';
import { openPanel } from './side.js';
import { on, state } from './state.js';

let body = null;
let form = null;
const told = make('div', { class: 'told', 'aria-live': 'polite' });

export const plans = {
  name: 'plans', title: t('plan_panels.plans.tool'), icon: 'layers',
  mount(element) {
    body = element;
    on('plans plan', () => !form && draw());
    draw();
  },
  shown() {
    readPlans().catch(fault);
  },
};

// The form of a new draft; `from` is the plan it is drawn from, null for that in force.
export function beginFrom(from = null) {
  openPanel('plans', { focus: false });
  open(from);
}

function open(from) {
  told.replaceChildren();
  form = beginForm({ from, done: close, cancel: close });
  draw();
  form.querySelector('input').focus();
}

function close() {
  form = null;
  draw();
  body.querySelector('.begin')?.focus();
}

function fault(error) {
  told.replaceChildren(refused(error));
}

function draw() {
  if (form) return body.replaceChildren(form);
  if (!state.plans) return body.replaceChildren(told, waiting(t('page.state.loading')));
  const of = (name) => state.plans.filter((one) => one.state === name);
  const [force, drafts, retired] = [of('published'), of('draft'), of('retired').reverse()];
  const none = !force.length && make('p', { class: 'notice', text: t('plan_panels.plans.none') });
  return body.replaceChildren(told,
    make('div', { class: 'stack plans' }, none || make('button', { type: 'button', class: 'btn main wide begin', onclick: () => open(null) }, sign('plus'), t('plan_panels.plans.begin')),
      section('drafts', drafts, draft, none ? null : make('p', { class: 'soft small', text: t('plan_panels.plans.no_drafts') })),
      section('in_force', force, inForce), retired.length ? earlier(retired) : ''));
}

const section = (name, some, line, empty = null) => (some.length || empty ? make('section', { 'aria-labelledby': `plans-${name}` }, make('h3', { id: `plans-${name}`, class: 'label', text: t(`plan_panels.plans.${name}`) }),
  some.length ? make('ul', { class: 'rows paper' }, some.map(line)) : empty) : '');

const earlier = (some) => make('details', { class: 'fold' }, make('summary', { text: `${t('plan_panels.plans.retired')} · ${count(some.length)}` }),
  make('ul', { class: 'rows paper' }, some.map((one) => make('li', {}, row(one, [one.valid_from && t('plan_panels.plans.was', { from: dayOf(one.valid_from), to: one.valid_to ? dayOf(one.valid_to) : '' }), cells(one)])))));

const cells = (one) => t('plan_panels.plans.cells', { n: number(one.cells) });
const inForce = (one) => make('li', {}, row(one, [one.valid_from && t('plan_panels.plans.since', { day: dayOf(one.valid_from) }), cells(one)]));

function draft(one) {
  const what = [one.area_name ?? one.area ?? t('plan_panels.plans.everything'), cells(one), one.edits ? t('plan_panels.plans.edits', { n: number(one.edits) }) : null];
  const mark = one.publish_on && make('span', { class: 'badge accent', text: t('plan_panels.plans.publish_on', { day: dayOf(one.publish_on) }) });
  return make('li', { class: 'with-act' }, row(one, what, mark),
    make('button', { type: 'button', class: 'btn bare square', 'aria-label': t('plan_panels.plans.drop_of', { name: one.name }), title: t('plan_panels.plans.drop'), onclick: () => giveUp(one) }, sign('close')));
}

function row(one, what, mark = null) {
  const here = state.plan?.name === one.name;
  return make('button', { type: 'button', class: 'row', 'aria-current': here && 'true', onclick: () => openPlan(one.name).catch(fault) },
    make('span', { class: 'grow' }, make('span', { class: 'title', text: one.name }), make('span', { class: 'under num', text: what.filter(Boolean).join(' · ') }), mark),
    here ? make('span', { class: 'badge', text: t('plan_panels.plans.opened') }) : sign('next'));
}

async function giveUp({ name, edits }) {
  const yes = await sure(t('plan_panels.plans.drop_sure', { name }), t('plan_panels.plans.drop_words', { n: number(edits) }), t('plan_panels.plans.drop'), { danger: true });
  if (!yes) return;
  try {
    await drop(name);
    toast(t('plan_panels.plans.dropped', { name }));
    if (state.plan?.name === name) await openPlan(state.plans.find((one) => one.state === 'published').name);
  } catch (error) {
    fault(error);
  }
}
