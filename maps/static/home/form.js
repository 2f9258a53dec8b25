// A form: what is typed stays while the page is open, all faults are told at once, each at its
// field, and what was sent once is never done twice. Nothing of it is kept on the device.

import { Lost, Refused, newId } from '../page/ask.js';
import { make } from '../page/build.js';
import { t } from '../page/words.js';

const drafts = new Map(); // by the name of the form
const SAID = [ // what the server says of a field, in its words, and what we say
  [/is missing|must say|required/, 'missing'],
  [/telephone|digits/, 'phone'],
  [/longer than|at most/, 'long'],
  [/holds the character|control|character/, 'character'],
];

export function draft(name) {
  if (!drafts.has(name)) drafts.set(name, { request_id: newId(), values: {}, unanswered: false });
  return drafts.get(name);
}

window.addEventListener('beforeunload', (event) => {
  if ([...drafts.values()].some(({ values, shots }) => shots?.length || Object.values(values).some((value) => value?.length))) event.preventDefault();
});

// One field with its label, hint and place for a fault: a line, an `area` of text, or a `control` of
// one's own, which has a `value()`. `check(value, values)` says what is wrong with it; `names` are what
// the server calls it.
export function field({ name, label, hint, optional = false, control, kind = 'text', check, names = [name], ...more }) {
  const id = `field-${name}`;
  const fault = make('p', { class: 'fault', id: `${id}-fault`, hidden: true });
  const told = `${hint ? `${id}-hint ` : ''}${id}-fault`;
  const parts = {
    heading: [label, optional && make('span', { class: 'soft optional', text: t('home.form.optional') })].filter(Boolean),
    hint: hint && make('p', { class: 'hint', id: `${id}-hint`, text: hint }),
    fault,
  };
  const input = control ? null : make(kind === 'area' ? 'textarea' : 'input', { id, 'aria-describedby': told, ...(kind === 'area' ? { rows: 4 } : { type: kind }), ...more });
  const element = control ? group({ id, told, control, ...parts }) : line({ id, input, ...parts });

  function blame(words) {
    fault.hidden = !words;
    fault.textContent = words ?? '';
    element.classList.toggle('bad', Boolean(words));
    if (words) input?.setAttribute('aria-invalid', 'true');
    else input?.removeAttribute('aria-invalid');
  }

  if (control) return { name, names, element, check, blame, value: control.value, take: (value) => control.take?.(value), focus: () => control.focusFirst() };
  return { name, names, element, check, blame, value: () => input.value.trim(), take(value) { input.value = value ?? ''; }, focus: () => input.focus() };
}

const line = ({ id, heading, hint, input, fault }) => make('div', { class: 'field' }, make('label', { for: id }, ...heading), hint, input, fault);
const group = ({ id, told, heading, hint, control, fault }) => make('fieldset', { class: 'field', id, 'aria-describedby': told }, make('legend', { class: 'label' }, ...heading), hint, control, fault);

// `send(values, request_id)` sends; `done(answer)` shows what came. `sure(values)` may ask first.
export function form({ name, fields, button, below = [], send, done, sure }) {
  const kept = draft(name);
  const status = make('p', { class: 'sending', role: 'status' });
  const whole = make('fieldset', { class: 'whole' }, ...fields.map(({ element }) => element), ...below);
  const press = make('button', { type: 'submit', class: 'btn main big wide', text: button });
  const element = make('form', { class: 'form', novalidate: true, onsubmit: submit }, whole, make('div', { class: 'send' }, status, press));
  let busy = false;

  for (const one of fields) {
    one.take(kept.values[one.name]);
    one.element.addEventListener('input', () => {
      kept.values[one.name] = one.value();
      one.blame();
      if (!element.querySelector('.fault:not([hidden])')) tell();
    });
  }
  settle();
  if (kept.unanswered) tell(t('home.form.unanswered'), 'warn');

  // What may have been taken already is sent again as it was, not changed.
  function settle() {
    whole.disabled = busy || kept.unanswered;
    press.setAttribute('aria-disabled', String(busy));
  }

  function tell(words, look = '') {
    status.className = `sending ${words ? `notice ${look}` : ''}`;
    status.textContent = words ?? '';
  }

  function blame(faults) {
    fields.forEach((one) => one.blame());
    for (const { at, words } of faults) at.blame(words);
    const [first] = fields.filter((one) => faults.some(({ at }) => at === one));
    first?.element.scrollIntoView({ block: 'center' });
    first?.focus({ preventScroll: true });
  }

  async function submit(event) {
    event.preventDefault();
    if (busy) return;
    const values = Object.fromEntries(fields.map((one) => [one.name, one.value()]));
    const faults = fields.map((one) => ({ at: one, words: one.check?.(values[one.name], values) })).filter(({ words }) => words);
    blame(faults);
    if (faults.length) return tell(t('home.form.faults', { n: faults.length }), 'late');
    if (!navigator.onLine) return tell(t('home.form.offline'), 'warn');
    if (sure && !kept.unanswered && !(await sure(values))) return tell();
    busy = true;
    settle();
    tell(t('home.form.sending'));
    try {
      const answer = await send(values, kept.request_id, kept);
      drafts.delete(name);
      done(answer, values);
    } catch (error) {
      refused(error);
    } finally {
      busy = false;
      settle();
    }
  }

  function refused(error) {
    kept.unanswered = error instanceof Lost;
    if (kept.unanswered) return tell(t('home.form.unanswered'), 'warn');
    tell();
    if (!(error instanceof Refused)) throw error;
    if (error.told) return tell(error.told, 'late');
    const known = faultsOf(error).map(({ field: called, reason }) => ({ at: fields.find(({ names }) => names.includes(called)), words: inWords(reason) }));
    blame(known.filter(({ at }) => at));
    if (error.status === 429) tell(t('home.form.paced'), 'warn');
    else if (!known.length || known.some(({ at }) => !at)) tell(t('home.form.refused'), 'late');
    else tell(t('home.form.faults', { n: known.length }), 'late');
  }

  return { element, tell, fields };
}

const faultsOf = (error) => (error.faults.length ? error.faults : error.facts.field ? [{ field: error.facts.field, reason: error.message }] : [])
  .map(({ field: called, loc, reason, msg }) => ({ field: called ?? loc?.at(-1), reason: reason ?? msg ?? '' }));

function inWords(reason) {
  const [, key] = SAID.find(([pattern]) => pattern.test(reason)) ?? [null, 'other'];
  return t(`home.fault.${key}`);
}

// What is wrong with a value that people often mistype.
export const needed = (key) => (value) => (value?.length ? null : t(key));
export const phone = (must) => (value) => {
  const number = value.replace(/[\s()\uFF08\uFF09-]/g, '');
  if (!number) return must ? t('home.fault.phone_missing') : null;
  return /^\+?[0-9]{5,15}$/.test(number) ? null : t('home.fault.phone');
};

// Some choices as chips or radios: a control for `field`.
export function choices({ name, options, many = false, short = false, chosen = [], onchange = () => {} }) {
  const inputs = options.map(({ value }) => make('input', { type: many ? 'checkbox' : 'radio', name, value, checked: chosen.includes(value), onchange: () => onchange(taken()) }));
  const taken = () => inputs.filter((one) => one.checked).map((one) => one.value);
  const element = make('div', { class: `choices ${many ? 'many' : 'one'} ${short ? 'short' : ''}` }, options.map(({ label, under }, at) => make('label', { class: 'choice' }, inputs[at],
    make('span', { class: 'grow' }, make('span', { class: 'title', text: label }), under ? make('span', { class: 'under', text: under }) : null))));
  element.take = (value) => inputs.forEach((one) => { if (value !== undefined) one.checked = [value].flat().includes(one.value); });
  element.value = () => (many ? taken() : taken()[0] ?? '');
  element.focusFirst = () => (inputs.find((one) => one.checked) ?? inputs[0])?.focus();
  return element;
}
