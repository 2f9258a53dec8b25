// A household's card: who lives there, each line editable with the version that was seen.

import { get, patch, post } from '../page/ask.js';
import { make, sign } from '../page/build.js';
import { toast } from '../page/tell.js';
import { t } from '../page/words.js';
import { askWhy, attempt, button, empty, fill, line, reason } from './parts.js';
import { choices, facts, fieldName, told } from './words.js';

const panel = document.getElementById('card');
const EDITED = ['name', 'id_number', 'phone', 'sex', 'birth_date', 'relation', 'residence', 'floating', 'floating_since', 'floating_until'];
const SECRET = new Set(['name', 'id_number', 'phone', 'birth_date']);
const CLEAR_MS = 60_000;
const LEAST = 4;
let may = {};
let open = null;
let onChange = () => {};

export function prepare(rights, changed) {
  may = rights;
  onChange = changed;
  panel.addEventListener('keydown', (event) => event.key === 'Escape' && close());
}

export async function show(id, who) {
  open = id;
  panel.hidden = false;
  document.body.classList.add('with-card');
  await fill(panel, get(`/register/households/${id}`), draw);
  panel.focus({ preventScroll: true });
  const looked = who && panel.querySelector(`[data-resident="${who}"]`);
  looked?.classList.add('looked');
  looked?.scrollIntoView({ block: 'nearest' });
}

export function close() {
  open = null;
  panel.hidden = true;
  panel.replaceChildren();
  document.body.classList.remove('with-card');
}

function draw(home) {
  const people = home.residents.length;
  return [
    make('header', {},
      make('div', {},
        make('p', { class: 'soft small', text: [home.cell?.name ?? t('register.no_cell'), home.building].filter(Boolean).join(' › ') }),
        make('h2', { text: `${home.address ?? home.building ?? ''} ${home.dwelling}`.trim() }),
        make('p', { class: 'soft small', text: t('register.household.said', { number: home.number, n: people }) })),
      make('button', { type: 'button', class: 'btn bare square', 'aria-label': t('page.do.close'), onclick: close }, sign('close'))),
    people ? make('ul', { class: 'people' }, home.residents.map(person)) : empty(t('register.household.nobody')),
  ];
}

function person(one) {
  const item = make('li', { 'data-resident': one.id });
  item.append(...lines(one, item));
  return item;
}

const pairs = (rows) => make('dl', { class: 'facts' }, rows.flatMap(([field, value]) => [make('dt', { text: fieldName(field) }), make('dd', { text: value })]));

function lines(one, item) {
  const known = [
    ['id_number', one.id_number], ['phone', one.phone], ['birth_date', one.birth], ['residence', one.residence],
    ['floating', one.floating ? floating(one) : null],
  ].filter(([, value]) => value !== null && value !== undefined);
  return [
    make('div', { class: 'who' }, make('b', { text: one.name }), make('span', { text: facts(told('sex', one.sex), one.relation) })),
    pairs(known.map(([field, value]) => [field, told(field, value)])),
    make('div', { class: 'acts' },
      may.edit && button(t('page.do.edit'), () => edit(one, item)),
      may.unmask && button(t('register.unmask.act'), () => unmask(one, item)),
      button(t('register.history.act'), () => history(one, item))),
  ];
}

function floating({ floating_since: from, floating_until: until }) {
  if (!from && !until) return t('register.yes');
  return until ? t('register.household.floating', { from: from ?? '', until }) : t('register.household.floating_from', { from });
}

async function unmask(one, item) {
  const why = await askWhy({
    title: t('register.unmask.title'), words: t('register.unmask.words'), label: t('register.unmask.why'), yes: t('register.unmask.yes'), least: LEAST,
  });
  if (!why) return;
  try {
    const clear = await post(`/register/residents/${one.id}/unmask`, { reason: why });
    const shown = [...SECRET].filter((field) => clear[field]).map((field) => [field, clear[field]]);
    const hide = () => item.replaceChildren(...lines(one, item));
    item.replaceChildren(make('div', { class: 'clear' }, pairs(shown), make('div', { class: 'acts' }, button(t('register.unmask.hide'), hide))));
    setTimeout(() => item.querySelector('.clear') && hide(), CLEAR_MS);
  } catch (error) {
    item.append(reason(error));
  }
}

function history(one, item) {
  const had = item.querySelector('.history');
  if (had) return had.remove();
  const place = make('div', { class: 'history' });
  item.append(place);
  return fill(place, get(`/register/residents/${one.id}/history`), (rows) => (rows.length
    ? make('ol', {}, rows.map((row) => make('li', {},
      make('time', { text: row.at.slice(0, 16).replace('T', ' ') }),
      make('span', { text: t('register.history.line', { field: fieldName(row.field), old: told(row.field, row.old), new: told(row.field, row.new) }) }),
      make('span', { class: 'soft tiny', text: [row.actor, row.sheet].filter(Boolean).join(' · ') }))))
    : empty(t('register.history.none'))));
}

// Editing

function edit(one, item) {
  const inputs = Object.fromEntries(EDITED.map((field) => [field, control(field, one)]));
  const faults = make('div', { class: 'across' });
  const form = make('form', { class: 'edit' },
    EDITED.map((field) => make('label', { class: 'field' }, make('span', { class: 'label', text: fieldName(field) }), inputs[field])),
    faults,
    make('div', { class: 'acts across' },
      button(t('page.do.cancel'), () => item.replaceChildren(...lines(one, item))),
      make('button', { class: 'btn main', text: t('page.do.save') })));
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
  if (field === 'sex' || field === 'residence') return choice([['', t('register.none')], ...choices(field)], value);
  if (field === 'floating') return choice([['false', t('register.no')], ['true', t('register.yes')]], String(Boolean(value)));
  if (SECRET.has(field)) {
    const shown = field === 'birth_date' ? one.birth : one[field];
    return make('input', { type: 'text', autocomplete: 'off', placeholder: shown ? t('register.stays', { value: shown }) : '', inputmode: field === 'phone' ? 'tel' : 'text' });
  }
  return make('input', { type: field.startsWith('floating_') ? 'date' : 'text', value, autocomplete: 'off' });
}

const choice = (options, value) => make('select', {}, options.map(([key, text]) => make('option', { value: key, selected: key === String(value), text })));

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
  if (!Object.keys(changes).length) return faults.replaceChildren(line('', t('register.edit.nothing')));
  return attempt(faults, async () => {
    try {
      await patch(`/register/residents/${one.id}`, { version: one.version, changes });
    } catch (error) {
      if (error.status !== 409) throw error;
      return faults.replaceChildren(conflict(one, changes, error, faults));
    }
    toast(t('register.edit.saved'));
    onChange();
    return open && show(open);
  });
}

// Somebody else changed this person meanwhile: both versions, and whose shall stand.
function conflict(one, changes, error, faults) {
  const theirs = error.facts.theirs ?? {};
  const head = ['', t('register.edit.theirs'), t('register.edit.mine')];
  return make('div', { class: 'conflict', role: 'alert' },
    make('p', { text: t('register.edit.conflict') }),
    make('table', { class: 'table' },
      make('thead', {}, make('tr', {}, head.map((text) => make('th', { scope: 'col', text })))),
      make('tbody', {}, Object.keys(changes).map((field) => make('tr', {},
        make('th', { scope: 'row', text: fieldName(field) }),
        make('td', { text: told(field, theirs[field === 'birth_date' ? 'birth' : field]) }),
        make('td', { text: told(field, changes[field]) }))))),
    make('div', { class: 'acts' },
      button(t('register.edit.keep_theirs'), () => show(open)),
      button(t('register.edit.use_mine'), () => save({ ...one, ...theirs }, changes, faults), 'main')));
}
