// One of many, found by its name: what the phone knows, and what the server adds where it answers.

import { Lost, Refused } from '../page/ask.js';
import { make } from '../page/build.js';
import { t } from '../page/words.js';

const MOST = 6;
const REST_MS = 250;

// Of `options` { told, title, under } one is chosen; value() is its `told`. `more(words)` asks for
// further ones, with '' at the beginning.
export function picker(id, label, options, { more = null } = {}) {
  let chosen = null;
  let found = [];
  let later;
  const list = make('div', { class: 'called', role: 'radiogroup', 'aria-label': label });
  const said = make('p', { class: 'soft small', role: 'status' });
  const input = make('input', { id, type: 'search', autocomplete: 'off', placeholder: t('worker.pick.find'), oninput: () => {
    draw();
    clearTimeout(later);
    if (more) later = setTimeout(ask, REST_MS);
  } });

  function draw() {
    const words = input.value.trim().toLowerCase();
    const fit = [...found, ...options].filter((one, at, all) => all.findIndex((other) => same(one, other)) === at)
      .filter((one) => one.title.toLowerCase().includes(words) || one.under?.toLowerCase().includes(words));
    list.replaceChildren(...fit.slice(0, MOST).map(row), fit.length ? '' : make('p', { class: 'soft', text: t('worker.pick.none') }));
  }

  function row(one) {
    const button = make('input', { type: 'radio', name: `of-${id}`, onchange: () => { chosen = one; } });
    button.checked = chosen !== null && same(one, chosen);
    return make('label', { class: 'check' }, button, make('span', { class: 'grow' }, make('span', { class: 'title', text: one.title }), one.under && make('span', { class: 'under', text: one.under })));
  }

  async function ask() {
    try {
      found = await more(input.value.trim());
      said.textContent = '';
    } catch (error) {
      if (!(error instanceof Lost || error instanceof Refused)) throw error;
      found = [];
      said.textContent = error instanceof Lost ? t('worker.pick.offline') : ''; // refused: there is no such
    }
    draw();
  }

  draw();
  if (more) ask();
  return { element: make('div', { class: 'field' }, make('label', { for: id, text: label }), input, list, said), value: () => chosen?.told ?? null, focus: () => input.focus() };
}

const same = (one, other) => JSON.stringify(one.told) === JSON.stringify(other.told);
