// Publishing: first what it would do, in sentences; then on which day; then the plan's name, typed. Until it is
// in force, or it is told why not, the page looks again and again.

import { expected, get, put } from '../page/ask.js';
import { make, sign } from '../page/build.js';
import { toast } from '../page/tell.js';
import { t, term } from '../page/words.js';
import { address, freshPlan, openPlan, readPlans, reload } from './draft.js';
import { findings } from './panel-check.js';
import { frozen } from './panel-instead.js';
import { dayOf, field, noPlan, number, today, tomorrow, waiting } from './panel-words.js';
import { sentences } from './publish-words.js';
import { refused, said } from './said.js';
import { openPanel } from './side.js';
import { editable, on, state } from './state.js';

const LOOK_MS = 1500;
const LONG_MS = 20_000;
const told = make('div', { class: 'told', 'aria-live': 'polite' });
let body = null;
let open = false;
let foreseen = null; // { key, answer }: what publishing would do to this very version
let asking = null;
let watching = null; // { name, since, timer } while it is being published

export const publish = {
  name: 'publish', title: t('plan_panels.publish.tool'), icon: 'send',
  mount(element) {
    body = element;
    on('plan', (_, { another }) => {
      if (another) told.replaceChildren();
      if (open) fresh().catch(expected);
    });
    on('cells', () => open && fresh().catch(expected));
  },
  shown() {
    open = true;
    told.replaceChildren();
    fresh().catch(expected);
  },
  hidden() {
    open = false;
    asking?.abort();
  },
};

const keyNow = () => `${state.version} ${state.plan.name}`;

async function fresh() {
  if (editable() && state.plan.publish_on && state.plan.publish_on <= today() && watching?.name !== state.plan.name) watch(state.plan.name);
  draw();
  if (!editable() || state.plan.publish_on || watching?.name === state.plan.name || foreseen?.key === keyNow()) return;
  asking?.abort();
  asking = new AbortController();
  const key = keyNow();
  try {
    const answer = await get(`${address()}/consequences`, asking.signal);
    foreseen = { key, answer };
    told.replaceChildren();
  } catch (error) {
    if (error.name === 'AbortError') return;
    foreseen = null;
    told.replaceChildren(refused(error));
  }
  if (open) draw();
}

// The panel

function draw() {
  body.replaceChildren(make('div', { class: 'stack publish' }, told, ...content()));
}

function content() {
  const { plan } = state;
  if (!plan) return [noPlan()];
  if (watching?.name === plan.name) return [doing()];
  if (!editable()) return [frozen(t('plan_panels.publish.only_draft', { name: plan.name, state: term('plan_state', plan.state) }))];
  if (plan.publish_on) return [daySet(plan.publish_on)];
  const failed = plan.publish_refused && make('div', { class: 'notice late' }, make('div', {}, make('b', { text: t('plan_panels.publish.failed') }), make('p', { class: 'small', text: said(plan.publish_refused) })));
  if (foreseen?.key !== keyNow()) return [failed || '', told.firstChild ? again() : waiting(t('plan_panels.publish.looking'))];
  return [failed || '', ...consequences(foreseen.answer)];
}

const again = () => make('button', { type: 'button', class: 'btn', text: t('page.do.again'), onclick: () => fresh().catch(expected) });

function consequences(answer) {
  const wrong = findings();
  return [make('section', { 'aria-labelledby': 'what-it-does' }, make('h3', { id: 'what-it-does', class: 'label', text: t('plan_panels.publish.what') }),
    make('ul', { class: 'sentences paper inside' }, sentences(answer).map(({ text, look }) => make('li', { class: look ?? false, text })))),
  wrong ? make('div', { class: 'notice warn' }, make('span', { text: t('plan_panels.publish.check_first', { n: number(wrong) }) }), make('span', { class: 'acts' }, make('button', { type: 'button', class: 'btn', text: t('plan_panels.publish.go_check'), onclick: () => openPanel('check') }))) : '',
  answer.refused ? make('div', { class: 'notice late', role: 'alert' }, make('div', {}, make('b', { text: t('plan_panels.publish.blocked') }), make('p', { class: 'small', text: said(answer.refused) }))) : form()];
}

// Which day, and the name as the second step.
function form() {
  const { name } = state.plan;
  const day = make('input', { id: 'publish-day', type: 'date', min: tomorrow(), value: tomorrow(), oninput: () => say() });
  const later = make('div', { class: 'stack', hidden: true }, field('publish-day', t('plan_panels.publish.day'), day, t('plan_panels.publish.later_words')));
  const typed = make('input', { id: 'publish-name', autocomplete: 'off', 'aria-describedby': 'publish-fault', placeholder: name, oninput: () => say() });
  const fault = make('p', { class: 'fault', id: 'publish-fault', hidden: true });
  const press = make('button', { class: 'btn main wide' });
  const chosen = () => (later.hidden ? today() : day.value);
  const say = () => {
    const same = typed.value.trim() === name;
    press.textContent = later.hidden || !day.value ? t('plan_panels.publish.now') : t('plan_panels.publish.on', { day: dayOf(day.value) });
    press.disabled = !same || !chosen();
    fault.hidden = same || !typed.value.trim() || name.startsWith(typed.value.trim());
    fault.textContent = t('plan_panels.publish.confirm_fault', { name });
    typed.setAttribute('aria-invalid', String(!fault.hidden));
  };
  const when = (value, is) => make('label', { class: 'check' }, make('input', { type: 'radio', name: 'publish-when', value, checked: is, onchange: () => { later.hidden = value === 'today'; say(); } }), t(`plan_panels.publish.${value}`));
  say();
  return make('form', { class: 'stack', onsubmit: (event) => { event.preventDefault(); set(chosen()).catch(expected); } },
    make('fieldset', { class: 'field' }, make('legend', { class: 'label', text: t('plan_panels.publish.when') }), make('div', { class: 'pair' }, when('today', true), when('later', false))), later,
    field('publish-name', t('plan_panels.publish.confirm'), typed), fault, press);
}

const takeBack = () => make('button', { type: 'button', class: 'btn wide', text: t('plan_panels.publish.take_back'), onclick: () => set(null).catch(expected) });

const daySet = (day) => make('div', { class: 'stack' }, make('div', { class: 'notice good' }, make('div', {}, make('b', { text: t('plan_panels.publish.set', { day: dayOf(day) }) }), make('p', { class: 'small', text: t('plan_panels.publish.set_words') }))), takeBack());

// The day is told; null takes it back. If it is today, what comes of it is awaited.
async function set(day) {
  const { name } = state.plan;
  body.setAttribute('aria-busy', 'true');
  told.replaceChildren();
  try {
    await put(`${address(name)}/publish_on`, { on: day, seen: Number.parseInt(foreseen?.key ?? state.version, 10) });
    if (day === today()) watch(name);
    else if (watching?.name === name) unwatch();
    if (!day) toast(t('plan_panels.publish.taken_back'));
    await Promise.all([freshPlan(), readPlans()]);
  } catch (error) {
    const why = refused(error);
    if (error.status === 409) { // what is read anew clears what was told here
      toast(why.textContent);
      await reload().catch(expected);
    } else told.replaceChildren(why);
  } finally {
    body.removeAttribute('aria-busy');
    fresh().catch(expected);
  }
}

// Until it is in force

function watch(name) {
  unwatch();
  const mine = { name, since: Date.now() };
  watching = mine;
  const look = async () => {
    const plan = await get(address(name)).catch((error) => expected(error)); // out of reach: look again
    if (mine === watching && plan && (plan.state !== 'draft' || plan.publish_refused || !plan.publish_on)) return ended(plan);
    if (mine !== watching) return null;
    mine.timer = setTimeout(() => look().catch(expected), LOOK_MS);
    if (open && isLong(mine) && !body.querySelector('.long')) draw();
    return null;
  };
  mine.timer = setTimeout(() => look().catch(expected), LOOK_MS / 3);
}

function unwatch() {
  clearTimeout(watching?.timer);
  watching = null;
}

async function ended(plan) {
  watching = null;
  foreseen = null;
  await readPlans();
  if (state.plan.name === plan.name) await openPlan(plan.name);
  if (plan.state === 'draft') return;
  toast(t('plan_panels.publish.done_words', { name: plan.name }));
  told.replaceChildren(make('div', { class: 'notice good', role: 'status' }, sign('check'), make('div', {}, make('b', { text: t('plan_panels.publish.done') }), make('p', { class: 'small', text: t('plan_panels.publish.done_words', { name: plan.name }) }))));
}

const isLong = ({ since }) => Date.now() - since > LONG_MS;

function doing() {
  const long = isLong(watching);
  return make('div', { class: `stack ${long ? 'long' : ''}`, role: 'status' }, make('b', { text: t('plan_panels.publish.doing') }), make('progress', { 'aria-label': t('plan_panels.publish.doing') }),
    make('p', { class: 'small soft', text: t(long ? 'plan_panels.publish.still' : 'plan_panels.publish.doing_words') }), long && takeBack());
}
