// The fields of an editor's form: each with its label, hint and place for a fault. `take(value)` puts a
// value of the server in, `value()` gives one that the server takes.

import { make, sign } from '../page/build.js';
import { t } from '../page/words.js';
import { instant, local } from '../page/zone.js';

const MAKES = {
  text: () => input({ type: 'text', autocomplete: 'off' }),
  phone: () => input({ type: 'tel', autocomplete: 'off' }),
  area: ({ rows = 5 }) => control(make('textarea', { rows }), { read: (value) => value.trim() }),
  date: () => input({ type: 'date' }),
  time: () => input({ type: 'datetime-local' }, { put: (at) => (at ? local(at) : ''), read: (value) => (value ? instant(value).toISOString() : null) }),
  choice: ({ options }) => control(make('select', {}, options.map(({ value, label }) => make('option', { value, text: label })))),
  lines,
};

const input = (attributes, how) => control(make('input', attributes), how);

function control(element, { put = (value) => value ?? '', read = (value) => value.trim() || null } = {}) {
  return { element, focusOn: element, take(value) { element.value = put(value); }, value: () => read(element.value) };
}

// `check(value, values)` says in words what is wrong.
export function field({ name, kind = 'text', label, hint, needed = false, most, check, help, ...more }) {
  const id = `field-${name}`;
  const made = (more.make ?? MAKES[kind])({ id, label, most, ...more });
  const fault = make('p', { class: 'fault', id: `${id}-fault`, hidden: true });
  const count = most && kind !== 'lines' ? make('span', { class: 'count num soft tiny', 'aria-hidden': 'true' }) : null;
  const heading = [label, needed || more.isSure ? null : make('span', { class: 'soft optional', text: t('page.state.optional') }), count];
  const says = [hint && make('p', { class: 'hint', id: `${id}-hint`, text: hint }), help?.element];
  const element = made.isGroup
    ? make('fieldset', { class: 'field', id, 'aria-describedby': `${id}-fault` }, make('legend', { class: 'label' }, heading.filter(Boolean)), ...says, made.element, fault)
    : make('div', { class: 'field' }, make('label', { for: id }, heading.filter(Boolean)), ...says, made.element, fault);
  if (!made.isGroup) {
    made.element.id = id;
    made.element.setAttribute('aria-describedby', `${hint ? `${id}-hint ` : ''}${id}-fault`);
    if (needed) made.element.setAttribute('aria-required', 'true');
  }

  function blame(words) {
    fault.hidden = !words;
    fault.textContent = words ?? '';
    if (words) made.focusOn?.setAttribute('aria-invalid', 'true');
    else made.focusOn?.removeAttribute('aria-invalid');
  }

  function tell() {
    const length = [...(made.value() ?? '')].length;
    count.textContent = length > most * 0.7 ? `${length} / ${most}` : '';
  }

  const one = {
    name, label, element, blame, of: made.of, show: more.show ?? ((value) => value),
    value: made.value,
    take(value) { made.take(value); if (count) tell(); help?.tell(made.value()); },
    focus: () => (made.first?.() ?? made.focusOn ?? made.element).focus(),
    fault(values) {
      const value = made.value();
      const isBlank = value === null || value === '' || value?.length === 0;
      if (needed && isBlank) return t('community.fault.needed', { label });
      const long = [value].flat().find((words) => most && typeof words === 'string' && [...words].length > most);
      if (long) return t('community.fault.long', { most });
      return check?.(value, values) ?? null;
    },
  };
  element.addEventListener('input', () => { blame(); if (count) tell(); help?.tell(made.value()); });
  help?.on(one);
  return one;
}

// Several lines, one under the other: added, taken away and moved with buttons, or by Enter, Backspace
// and Alt with an arrow.
function lines({ id, label, most }) {
  const list = make('ol', { class: 'lines' });
  const add = make('button', { type: 'button', class: 'btn bare', onclick: () => { row('').focus(); changed(); } }, sign('plus'), t('community.lines.add'));
  const element = make('div', { class: 'lines-box' }, list, add);
  const inputs = () => [...list.querySelectorAll('input')];
  const changed = () => element.dispatchEvent(new Event('input', { bubbles: true }));

  function row(value, after = null) {
    const words = make('input', { class: 'input', value, maxlength: most, autocomplete: 'off', onkeydown: keys });
    const act = (name, icon, run) => make('button', { type: 'button', class: 'btn bare square', 'data-act': name, onclick: run }, sign(icon), make('span', { class: 'unseen' }));
    const item = make('li', {}, words, make('span', { class: 'moves' },
      act('up', 'next', () => move(item, -1)), act('down', 'next', () => move(item, 1)), act('away', 'close', () => away(item))));
    if (after) after.after(item);
    else list.append(item);
    number();
    return words;
  }

  function keys(event) {
    const item = event.target.closest('li');
    if (event.isComposing) return;
    if (event.key === 'Enter') row('', item).focus();
    else if (event.key === 'Backspace' && !event.target.value && list.childElementCount > 1) away(item);
    else if (event.altKey && ['ArrowUp', 'ArrowDown'].includes(event.key)) move(item, event.key === 'ArrowUp' ? -1 : 1, event.target);
    else return;
    event.preventDefault();
    changed();
  }

  function move(item, way, focus = item.querySelector(`[data-act="${way < 0 ? 'up' : 'down'}"]`)) {
    const beside = way < 0 ? item.previousElementSibling : item.nextElementSibling;
    if (!beside) return;
    if (way < 0) beside.before(item);
    else beside.after(item);
    number();
    (focus.disabled ? item.querySelector('input') : focus).focus();
    changed();
  }

  function away(item) {
    const near = item.previousElementSibling ?? item.nextElementSibling;
    item.remove();
    number();
    (near?.querySelector('input') ?? add).focus();
    changed();
  }

  function number() {
    [...list.children].forEach((item, at) => {
      item.querySelector('input').id = at ? `${id}-${at + 1}` : `${id}-1`;
      item.querySelector('input').setAttribute('aria-label', t('community.lines.nth', { label, n: at + 1 }));
      for (const button of item.querySelectorAll('button')) button.querySelector('.unseen').textContent = t(`community.lines.${button.dataset.act}`, { n: at + 1 });
      item.querySelector('[data-act="up"]').disabled = at === 0;
      item.querySelector('[data-act="down"]').disabled = at === list.childElementCount - 1;
    });
  }

  return {
    element, isGroup: true, first: () => inputs()[0] ?? add,
    value: () => inputs().map((one) => one.value.trim()).filter(Boolean),
    take(value) {
      list.replaceChildren();
      for (const one of value?.length ? value : ['', '']) row(one);
    },
  };
}
