// To find: by a name, an id, a phone, an address.

import { get } from '../page/ask.js';
import { make } from '../page/build.js';
import { t } from '../page/words.js';
import { show } from './household.js';
import { empty, fill } from './parts.js';
import { facts, told } from './words.js';

let asking = new AbortController();
let timer;

export function draw(place) {
  const results = make('div', { class: 'results', 'aria-live': 'polite' });
  const input = make('input', {
    type: 'search', id: 'find', class: 'input', maxlength: 80, autocomplete: 'off', spellcheck: 'false',
    placeholder: t('register.find.placeholder'), 'aria-label': t('register.find.label'), 'aria-describedby': 'find-hint',
  });
  input.addEventListener('input', () => {
    clearTimeout(timer);
    timer = setTimeout(() => look(input.value.trim(), results), 250);
  });
  place.replaceChildren(
    make('div', { class: 'finder' }, input, make('p', { class: 'hint', id: 'find-hint', text: t('register.find.hint') })), results);
  look('', results);
  if (window.matchMedia('(min-width: 900px)').matches) input.focus();
}

function look(words, results) {
  asking.abort();
  asking = new AbortController();
  if (!words) return results.replaceChildren(empty(t('register.find.begin')));
  return fill(results, get(`/register/find?q=${encodeURIComponent(words)}`, asking.signal), (found) => list(found, words));
}

function list({ lines, more }, words) {
  if (!lines.length) return empty(t('register.find.nobody', { words }));
  const rows = lines.map((one) => make('li', {}, make('button', { type: 'button', onclick: () => show(one.household_id, one.id) },
    make('b', { text: one.name }),
    make('span', { class: 'about', text: facts(told('sex', one.sex), one.birth?.slice(0, 4), one.phone) }),
    make('span', { class: 'home', text: [one.address, one.dwelling].filter(Boolean).join(' ') }),
    make('span', { class: 'cell', text: one.cell_name ?? t('register.no_cell') }))));
  return [make('ul', { class: 'lines paper' }, rows), ...(more ? [make('p', { class: 'hint', text: t('register.find.more') })] : [])];
}
