// A household's card: who lives there, each line editable with the version that was seen.

import { ask, both, button, empty, fill, icon, make, reason, say } from './parts.js';
import { get, patch, post } from './send.js';
import { FIELDS, RESIDENCE, SEX, fieldName, told } from './words.js';

const panel = document.getElementById('card');
const EDITED = ['name', 'id_number', 'phone', 'sex', 'birth_date', 'relation', 'residence', 'floating', 'floating_since', 'floating_until'];
const SECRET = new Set(['name', 'id_number', 'phone', 'birth_date']);
let may = {};
let open = null;
let onChange = () => {};

export function prepare(rights, changed) {
  may = rights;
  onChange = changed;
  panel.addEventListener('keydown', (event) => event.key === 'Escape' && close());
}

export function show(id, who) {
  open = id;
  panel.hidden = false;
  document.body.classList.add('with-card');
  return fill(panel, get(`/register/households/${id}`), draw).then(() => {
    panel.focus({ preventScroll: true });
    const looked = who && panel.querySelector(`[data-resident="${who}"]`);
    looked?.classList.add('looked');
    looked?.scrollIntoView({ block: 'nearest' });
  });
}

export function close() {
  open = null;
  panel.hidden = true;
  panel.replaceChildren();
  document.body.classList.remove('with-card');
}

function draw(home) {
  const where = [home.cell?.name ?? '不在任何网格', home.building].filter(Boolean).join(' › ');
  return [
    make('header', {},
      make('button', { type: 'button', class: 'close', 'aria-label': '关闭 Close', onclick: close }, icon('m5 5 10 10', 'm15 5-10 10')),
      make('p', { class: 'where', text: where }),
      make('h2', { text: `${home.address ?? home.building ?? ''} ${home.dwelling}`.trim() }),
      make('p', { class: 'code' }, ...both(`第 ${home.number} 户 · ${home.residents.length} 人`, `household ${home.number}`))),
    home.residents.length
      ? make('ul', { class: 'people' }, ...home.residents.map(person))
      : empty('这一户还没有登记人员。', 'Nobody is registered here yet.'),
  ];
}

function person(one) {
  const item = make('li', { 'data-resident': one.id });
  item.append(...lines(one, item));
  return item;
}

function lines(one, item) {
  const facts = [
    ['id_number', one.id_number],
    ['phone', one.phone],
    ['birth_date', one.birth],
    ['residence', one.residence],
    ['floating', one.floating ? floating(one) : null],
  ].filter(([, value]) => value !== null && value !== undefined);
  return [
    make('div', { class: 'who' },
      make('b', { text: one.name }),
      make('span', { text: [told('sex', one.sex), one.relation].filter((part) => part && part !== '—').join(' · ') })),
    make('dl', { class: 'facts' }, ...facts.map(([field, value]) => make('div', {},
      make('dt', {}, ...both(...fieldName(field))), make('dd', { text: told(field, value) })))),
    make('div', { class: 'acts' },
      may.edit && button('修改', 'Edit', () => edit(one, item)),
      may.unmask && button('查看全部', 'Unmask', () => unmask(one, item)),
      button('沿革', 'History', () => history(one, item))),
  ];
}

function floating(one) {
  const days = [one.floating_since, one.floating_until].filter(Boolean).join(' 至 ');
  return days ? `是，${days}` : '是';
}

async function unmask(one, item) {
  const why = await ask({
    title: ['查看完整信息', 'See all of this person'],
    words: '会记入日志：谁、何时、为什么看了这个人。',
    label: ['事由（至少 4 个字）', 'Reason, at least 4 characters'],
    confirm: ['记入日志并查看', 'Write it down and see'],
    needs: 4,
  });
  if (!why) return;
  try {
    const clear = await post(`/register/residents/${one.id}/unmask`, { reason: why });
    const facts = ['name', 'id_number', 'phone', 'birth_date'].filter((field) => clear[field]);
    const hide = () => item.replaceChildren(...lines(one, item));
    item.replaceChildren(
      make('div', { class: 'clear' },
        make('dl', { class: 'facts' }, ...facts.map((field) => make('div', {},
          make('dt', {}, ...both(...fieldName(field))), make('dd', { text: clear[field] })))),
        make('div', { class: 'acts' }, button('遮住', 'Hide again', hide))));
    setTimeout(() => item.querySelector('.clear') && hide(), 60000);
  } catch (error) {
    item.append(reason(error));
  }
}

async function history(one, item) {
  const had = item.querySelector('.history');
  if (had) return had.remove();
  const place = make('div', { class: 'history' });
  item.append(place);
  return fill(place, get(`/register/residents/${one.id}/history`), (rows) => (rows.length
    ? make('ol', {}, ...rows.map((row) => make('li', {},
      make('time', { text: row.at.slice(0, 16).replace('T', ' ') }),
      make('span', { text: `${fieldName(row.field)[0]}：${told(row.field, row.old)} → ${told(row.field, row.new)}` }),
      make('small', { text: [row.actor, row.sheet].filter(Boolean).join(' · ') }))))
    : empty('登记以来没有改动。', 'Nothing has changed since it was registered.')));
}

// Editing

function edit(one, item) {
  const inputs = Object.fromEntries(EDITED.map((field) => [field, control(field, one)]));
  const faults = make('div', {});
  const form = make('form', { class: 'edit' },
    ...EDITED.map((field) => make('label', {}, make('span', {}, ...both(...FIELDS[field])), inputs[field])),
    faults,
    make('div', { class: 'acts' },
      button('取消', 'Cancel', () => item.replaceChildren(...lines(one, item))),
      make('button', { class: 'act main' }, ...both('保存', 'Save'))));
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    save(one, changesOf(inputs, one), faults);
  });
  item.replaceChildren(form);
  inputs.phone.focus();
}

// A masked value is not shown to be edited: a blank means that it stays.
function control(field, one) {
  const value = one[field] ?? '';
  if (field === 'sex') return choice({ '': ['—', ''], ...SEX }, value);
  if (field === 'residence') return choice({ '': ['—', ''], ...RESIDENCE }, value);
  if (field === 'floating') return choice({ false: ['否', 'no'], true: ['是', 'yes'] }, String(Boolean(value)));
  if (SECRET.has(field)) {
    const shown = field === 'birth_date' ? one.birth : one[field];
    return make('input', { type: 'text', autocomplete: 'off', placeholder: shown ? `${shown}（不改）` : '', inputmode: field === 'phone' ? 'tel' : 'text' });
  }
  return make('input', { type: field.startsWith('floating_') ? 'date' : 'text', value, autocomplete: 'off' });
}

function choice(words, value) {
  return make('select', {}, ...Object.entries(words).map(([key, [chinese, english]]) =>
    make('option', { value: key, selected: key === String(value), text: `${chinese} ${english}` })));
}

function changesOf(inputs, one) {
  const changes = {};
  for (const [field, input] of Object.entries(inputs)) {
    const now = input.value.trim();
    const before = SECRET.has(field) ? '' : field === 'floating' ? String(Boolean(one.floating)) : String(one[field] ?? '');
    if (now !== before && now !== '') changes[field] = now;
  }
  return changes;
}

async function save(one, changes, faults) {
  if (!Object.keys(changes).length) return faults.replaceChildren(make('p', { class: 'line' }, ...both('没有改动。', 'Nothing was changed.')));
  try {
    await patch(`/register/residents/${one.id}`, { version: one.version, changes });
    say('已保存。', 'Saved.');
    onChange();
    if (open) show(open);
  } catch (error) {
    faults.replaceChildren(error.status === 409 ? conflict(one, changes, error, faults) : reason(error));
  }
  return undefined;
}

// Somebody else changed this person meanwhile: both versions, and whose shall stand.
function conflict(one, changes, error, faults) {
  const theirs = error.facts.theirs ?? {};
  const fields = Object.keys(changes);
  return make('div', { class: 'conflict', role: 'alert' },
    make('p', {}, ...both('这个人刚被别人改过。', 'Somebody changed this person meanwhile.')),
    make('table', {},
      make('thead', {}, make('tr', {}, ...[['', ''], ['现在是', 'now'], ['你要改成', 'yours']].map((words) => make('th', {}, ...both(...words))))),
      make('tbody', {}, ...fields.map((field) => make('tr', {},
        make('th', {}, ...both(...fieldName(field))),
        make('td', { text: told(field, theirs[field === 'birth_date' ? 'birth' : field]) }),
        make('td', { text: told(field, changes[field]) }))))),
    make('div', { class: 'acts' },
      button('用现在的', 'Keep theirs', () => show(open)),
      button('仍用我的', 'Use mine', () => save({ ...one, ...theirs }, changes, faults), 'main')));
}
