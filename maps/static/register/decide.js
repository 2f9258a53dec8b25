// 待定: what only a person can decide. A sheet says otherwise; two records may be one person.

import { ask, both, button, empty, fill, make, reason, say } from './parts.js';
import { show } from './household.js';
import { get, post } from './send.js';
import { ALIKE, DECISIONS, fieldName, told, when } from './words.js';

export function draw(place) {
  const again = () => draw(place);
  const waiting = make('div', {});
  const twins = make('div', {});
  place.replaceChildren(
    make('section', {}, make('h2', {}, ...both('表格说法不同', 'Sheets that say otherwise')), waiting),
    make('section', {}, make('h2', {}, ...both('可能是同一个人', 'Perhaps one person')), twins));
  fill(waiting, get('/register/decisions'), (all) => (all.length ? make('ul', { class: 'cards' }, ...all.map((one) => decision(one, again))) : empty('没有待定的。', 'Nothing waits for a decision.')));
  fill(twins, get('/register/duplicates'), (all) => (all.length ? make('ul', { class: 'cards' }, ...all.map((one) => pair(one, again))) : empty('没有发现重复。', 'No duplicates were found.')));
}

function decision(one, again) {
  const answer = make('div', {});
  const decide = async (choice) => {
    try {
      await post(`/register/decisions/${one.id}`, { choice });
      say('已决定。', 'Decided.');
      again();
    } catch (error) {
      answer.replaceChildren(reason(error));
    }
  };
  const rows = Object.entries(one.fields).map(([field, { now, sheet }]) => make('tr', {},
    make('th', { scope: 'row' }, ...both(...fieldName(field))), make('td', { text: told(field, now) }), make('td', {}, ...(now === sheet && now ? both(`${told(field, sheet)}，是另一个`, 'another one') : [told(field, sheet)]))));
  return make('li', {},
    make('header', {}, make('b', {}, ...both(...(DECISIONS[one.kind] ?? [one.kind, '']))),
      make('button', { type: 'button', class: 'link', text: one.name, onclick: () => show(one.household_id, one.resident_id) })),
    make('p', { class: 'hint', text: [one.sheet, one.row && `第 ${one.row} 行`, one.told_at && when(one.told_at).slice(0, 10)].filter(Boolean).join(' · ') }),
    make('table', {}, make('thead', {}, make('tr', {}, ...[['', ''], ['台账', 'register'], ['表格', 'sheet']].map((words) => make('th', {}, ...both(...words))))), make('tbody', {}, ...rows)),
    answer,
    make('div', { class: 'acts' },
      button('保留台账', 'Keep register', () => decide('kept')),
      one.kind === 'same_person' && button('另一个人，新增', 'Another person', () => decide('added')),
      button('采用表格', 'Take sheet', () => decide('taken'), 'main')));
}

function pair(one, again) {
  const answer = make('div', {});
  const side = (who) => make('div', { class: 'side' }, make('b', { text: who.name }), make('p', { text: [told('sex', who.sex), who.birth, who.id_number, who.phone].filter((part) => part && part !== '—').join(' · ') }), make('p', { class: 'hint', text: [who.address, who.dwelling].filter(Boolean).join(' ') }));
  const merge = async (keep, merged) => {
    const sure = await ask({ title: ['合并为一个人', 'Make one person of both'], words: '空缺由另一条补上；可以撤销。', confirm: ['合并', 'Merge'] });
    if (!sure) return;
    try {
      const { id } = await post('/register/merges', { keep, merged });
      say('已合并。', 'Merged.', () => part(id, again));
      again();
    } catch (error) {
      answer.replaceChildren(reason(error));
    }
  };
  return make('li', {},
    make('p', { class: 'hint' }, ...both(one.reason.split(', ').map((part) => ALIKE[part] ?? part).join('、'), one.reason)),
    make('div', { class: 'sides' }, side(one.one), side(one.other)),
    answer,
    make('div', { class: 'acts' }, button('合并到左边', 'Into the left', () => merge(one.one.id, one.other.id)), button('合并到右边', 'Into the right', () => merge(one.other.id, one.one.id))));
}

async function part(id, again) {
  try {
    await post(`/register/merges/${id}/undo`, {});
    say('已分开。', 'Two records again.');
    again();
  } catch (error) {
    say('没能撤销。', error.message);
  }
}
