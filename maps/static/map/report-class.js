// What a report is about: a class of the catalogue, found by name or code. Without a class, words do.

import { catalogue, matching } from '../page/classes.js';
import { t, term } from '../page/words.js';
import { Lost, expected } from './ask.js';
import { icon, make } from './build.js';

const MOST = 8; // the panel scrolls, its list does not
const kindOf = ({ kind }) => term('class_kind', kind);

// `chosen(one)` hears of the class taken, or of null.
export function classField(chosen) {
  const input = make('input', {
    id: 'report-class', type: 'text', role: 'combobox', autocomplete: 'off', spellcheck: 'false', maxlength: '60', placeholder: t('map.class.find'),
    'aria-expanded': 'false', 'aria-controls': 'report-classes', 'aria-autocomplete': 'list', 'aria-describedby': 'fault-class_code',
  });
  const list = make('ul', { class: 'options', id: 'report-classes', role: 'listbox', 'aria-label': t('map.class.title'), hidden: true });
  const pick = make('div', { class: 'pick' }, input, list);
  const taken = make('p', { class: 'taken', hidden: true });
  let found = [];
  let more = 0;
  let at = -1;
  let one = null;

  async function look() {
    try {
      const hits = matching(await catalogue(), input.value.trim());
      found = hits.slice(0, MOST);
      more = hits.length - found.length;
      if (document.activeElement === input) show(t('map.class.none'));
    } catch (error) {
      found = [];
      if (error instanceof Lost || error.status >= 500) show(t('map.class.lost'));
      expected(error);
    }
  }

  function show(none) {
    const rows = found.map((each, index) => make('li', { role: 'option', id: `report-class-${index}`, 'aria-selected': 'false', onclick: () => choose(index) },
      make('span', { class: 'name', text: each.name }), make('span', { class: 'code', text: each.code }),
      make('span', { class: 'soft', text: `${kindOf(each)} · ${each.major_name}` })));
    const rest = more > 0 && make('li', { class: 'none', text: t('map.class.more', { n: more }) });
    list.replaceChildren(...(rows.length ? [...rows, rest].filter(Boolean) : [make('li', { class: 'none', text: none })]));
    list.hidden = false;
    input.setAttribute('aria-expanded', 'true');
    mark(input.value.trim() && found.length ? 0 : -1);
  }

  function close() {
    list.hidden = true;
    input.setAttribute('aria-expanded', 'false');
    input.removeAttribute('aria-activedescendant');
  }

  function mark(index) {
    at = index;
    found.forEach((_, row) => list.children[row].setAttribute('aria-selected', String(row === at)));
    if (at < 0) return input.removeAttribute('aria-activedescendant');
    input.setAttribute('aria-activedescendant', list.children[at].id);
    list.children[at].scrollIntoView({ block: 'nearest' });
  }

  function choose(index) {
    if (list.hidden || !found[index]) return;
    take(found[index]);
    taken.querySelector('button').focus();
    chosen(one);
  }

  function take(kept) {
    one = kept && { kind: kept.kind, code: kept.code, name: kept.name, major_name: kept.major_name };
    close();
    input.value = '';
    pick.hidden = Boolean(one);
    taken.hidden = !one;
    taken.replaceChildren(...(one ? [
      make('span', { class: 'kind', text: kindOf(one) }), make('span', { class: 'name', text: one.name }), make('span', { class: 'soft', text: one.code }),
      make('button', { type: 'button', class: 'change', 'aria-label': t('map.class.other', { name: one.name }), onclick: again }, icon('m5 5 10 10', 'm15 5-10 10')),
    ] : []));
  }

  function again() {
    take(null);
    chosen(null);
    input.focus();
  }

  function keys(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && found.length && !list.hidden) {
      event.preventDefault();
      mark((at + step + found.length) % found.length);
    } else if (event.key === 'Enter') {
      event.preventDefault(); // never sends the form
      choose(at);
    } else if (event.key === 'Escape' && !list.hidden) {
      event.preventDefault();
      close();
    }
  }

  input.addEventListener('input', look);
  input.addEventListener('focus', look);
  input.addEventListener('click', () => list.hidden && look());
  input.addEventListener('keydown', keys);
  input.addEventListener('blur', close);
  list.addEventListener('pointerdown', (event) => event.preventDefault());
  return {
    element: make('div', {}, make('label', { for: 'report-class', class: 'unseen-label', text: t('map.class.title') }), pick, taken),
    input,
    chosen: () => one,
    take,
  };
}
