// Finding a cell by code or name: type, arrows, Enter; Esc closes; `/` comes here from anywhere.

import { askJson, expected } from './ask.js';
import { make } from './build.js';

const WAIT_MS = 150;

export function searchBox(open) {
  const input = document.getElementById('search');
  const list = document.getElementById('found');
  let found = [];
  let at = -1;
  let waiting;
  let asking = new AbortController();

  const close = () => {
    list.hidden = true;
    input.setAttribute('aria-expanded', 'false');
    input.removeAttribute('aria-activedescendant');
  };
  const choose = (index) => {
    if (!found[index]) return;
    close();
    input.value = found[index].name;
    input.blur();
    open(found[index]);
  };
  const mark = (index) => {
    at = index;
    [...list.children].forEach((option, number) => option.setAttribute('aria-selected', String(number === at)));
    const option = list.children[at];
    if (!option || !found.length) return;
    input.setAttribute('aria-activedescendant', option.id);
    option.scrollIntoView({ block: 'nearest' });
  };
  const show = () => {
    const rows = found.map((cell, index) => option(cell, index, choose));
    list.replaceChildren(...(rows.length ? rows : [make('li', { class: 'none', text: '没有这样的网格 No such cell' })]));
    list.hidden = false;
    input.setAttribute('aria-expanded', 'true');
    mark(found.length ? 0 : -1);
  };
  const look = async () => {
    asking.abort();
    const text = input.value.trim();
    if (!text) return close();
    asking = new AbortController();
    try {
      found = await askJson(`/cells/search?q=${encodeURIComponent(text)}`, asking.signal);
      show();
    } catch (error) {
      expected(error);
    }
  };

  input.addEventListener('input', () => {
    clearTimeout(waiting);
    waiting = setTimeout(look, WAIT_MS);
  });
  input.addEventListener('focus', () => input.value && look());
  input.addEventListener('keydown', (event) => keys(event, { found, at, mark, choose, close, input, list }));
  list.addEventListener('pointerdown', (event) => event.preventDefault());
  input.addEventListener('blur', close);
  document.addEventListener('keydown', (event) => {
    if (event.key !== '/' || event.target.matches('input:not([type=checkbox]), textarea, select')) return;
    event.preventDefault();
    input.focus();
    input.select();
  });
}

function keys(event, { found, at, mark, choose, close, input, list }) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step && found.length) {
    event.preventDefault();
    mark((at + step + found.length) % found.length);
  } else if (event.key === 'Enter') choose(at);
  else if (event.key === 'Escape') {
    event.preventDefault();
    if (list.hidden) input.blur();
    close();
  }
}

function option({ code, name, community }, index, choose) {
  const row = make('li', { role: 'option', id: `found-${index}`, 'aria-selected': 'false' },
    make('span', { class: 'name', text: name }),
    make('span', { class: 'where', text: community && !name.startsWith(community) ? community : '' }),
    make('span', { class: 'code', text: code }));
  row.addEventListener('click', () => choose(index));
  return row;
}
