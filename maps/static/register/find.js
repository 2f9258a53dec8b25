// 查找: a name, an id, a phone, an address; or cell by cell.

import { both, empty, fill, make } from './parts.js';
import { show } from './household.js';
import { get } from './send.js';
import { told } from './words.js';

let asking = new AbortController();
let timer;

export function draw(place) {
  const results = make('div', { class: 'results', 'aria-live': 'polite' });
  const input = make('input', {
    type: 'search', id: 'find', maxlength: 80, autocomplete: 'off', spellcheck: 'false',
    placeholder: '姓名、身份证号、电话、地址或房号', 'aria-label': '查找居民 Find a resident',
  });
  input.addEventListener('input', () => {
    clearTimeout(timer);
    timer = setTimeout(() => look(input.value.trim(), results), 250);
  });
  place.replaceChildren(
    make('div', { class: 'finder' }, input,
      make('p', { class: 'hint' }, ...both('姓名、证号、电话要写全；姓氏和地址写开头就行。', 'Names, ids and phones in full; a surname or an address from its beginning.'))),
    results);
  look('', results);
  if (window.matchMedia('(min-width: 900px)').matches) input.focus();
}

export function look(words, results) {
  asking.abort();
  asking = new AbortController();
  if (!words) return results.replaceChildren(empty('输入后在这里显示。只看得到职责范围内的人。', 'Results appear here. You see only people in your charge.'));
  return fill(results, get(`/register/find?q=${encodeURIComponent(words)}`, asking.signal), (found) => list(found, words));
}

function list({ lines, more }, words) {
  if (!lines.length) return empty(`职责范围内没有“${words}”。`, 'Nobody in your charge is found by this.');
  const rows = lines.map((one) => make('li', {}, make('button', { type: 'button', onclick: () => show(one.household_id, one.id) },
    make('b', { text: one.name }),
    make('span', { class: 'about', text: [told('sex', one.sex), one.birth?.slice(0, 4), one.phone].filter((part) => part && part !== '—').join(' · ') }),
    make('span', { class: 'home', text: [one.address, one.dwelling].filter(Boolean).join(' ') }),
    make('span', { class: 'cell', text: one.cell_name ?? '不在网格内' }))));
  const rest = more && make('p', { class: 'hint' }, ...both('只显示前 50 条，请写得更全。', 'The first 50 are shown; say more.'));
  return [make('ul', { class: 'lines' }, ...rows), rest].filter(Boolean);
}
