// Finding a cell by code or name: type, arrows, Enter; Esc closes; `/` comes here from anywhere.

import { t } from '../page/words.js';
import { Lost, askJson, expected } from './ask.js';
import { make } from './build.js';

const WAIT_MS = 150;
const input = document.getElementById('search');
const list = document.getElementById('found');

let found = [];
let at = -1;
let waiting;
let asking = new AbortController();
let open = () => {};

export function searchBox(openCell) {
  open = openCell;
  input.addEventListener('input', () => {
    clearTimeout(waiting);
    waiting = setTimeout(look, WAIT_MS);
  });
  input.addEventListener('focus', () => {
    document.body.classList.add('searching'); // on a phone the sheet makes room for what is found
    if (input.value) look();
  });
  input.addEventListener('keydown', keys);
  input.addEventListener('blur', () => {
    document.body.classList.remove('searching');
    close();
  });
  const clear = document.getElementById('clear');
  clear.addEventListener('pointerdown', (event) => event.preventDefault());
  clear.addEventListener('click', () => {
    input.value = '';
    close();
    input.focus();
  });
  list.addEventListener('pointerdown', (event) => event.preventDefault());
  document.addEventListener('keydown', comeHere);
}

function comeHere(event) {
  if (event.key !== '/' || event.target.matches('input:not([type=checkbox]), textarea, select')) return;
  event.preventDefault();
  input.focus();
  input.select();
}

async function look() {
  asking.abort();
  const text = input.value.trim();
  if (!text) {
    close();
    return;
  }
  asking = new AbortController();
  try {
    found = await askJson(`/cells/search?q=${encodeURIComponent(text)}`, asking.signal);
    if (document.activeElement === input) show();
  } catch (error) {
    if (error instanceof Lost || error.status >= 500) unanswered();
    expected(error);
  }
}

function unanswered() {
  found = [];
  if (document.activeElement === input) show(t('map.find.lost'));
}

function show(none = t('map.find.none')) {
  const rows = found.map(option);
  list.replaceChildren(...(rows.length ? rows : [make('li', { class: 'none', text: none })]));
  list.hidden = false;
  input.setAttribute('aria-expanded', 'true');
  mark(found.length ? 0 : -1);
}

function close() {
  list.hidden = true;
  input.setAttribute('aria-expanded', 'false');
  input.removeAttribute('aria-activedescendant');
}

function option({ code, name, community }, index) {
  const row = make('li', { role: 'option', id: `found-${index}`, 'aria-selected': 'false' },
    make('span', { class: 'name', text: name }),
    make('span', { class: 'where', text: community && !name.startsWith(community) ? community : '' }),
    make('span', { class: 'code', text: code }));
  row.addEventListener('click', () => choose(index));
  return row;
}

function mark(index) {
  at = index;
  [...list.children].forEach((row, number) => row.setAttribute('aria-selected', String(number === at)));
  if (at < 0) return;
  input.setAttribute('aria-activedescendant', list.children[at].id);
  list.children[at].scrollIntoView({ block: 'nearest' });
}

function choose(index) {
  if (list.hidden || !found[index]) return;
  close();
  input.value = found[index].name;
  input.blur();
  open(found[index]);
}

function keys(event) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step && found.length && !list.hidden) {
    event.preventDefault();
    mark((at + step + found.length) % found.length);
  } else if (event.key === 'Enter') choose(at);
  else if (event.key === 'Escape') {
    event.preventDefault();
    if (list.hidden) input.blur();
    close();
  }
}
