// To decide: what only a person can. A sheet says otherwise; two records may be one person.

import { get, post } from '../page/ask.js';
import { make } from '../page/build.js';
import { sure, toast } from '../page/tell.js';
import { t } from '../page/words.js';
import { show } from './household.js';
import { attempt, button, empty, fill } from './parts.js';
import { facts, fieldName, told, when } from './words.js';

const KINDS = new Set(['conflict', 'same_person', 'twice_in_sheet']);
const ALIKE = { 'same name': 'same_name', 'same birth': 'same_birth', 'same phone': 'same_phone', 'same dwelling': 'same_dwelling' };

export function draw(place) {
  const again = () => draw(place);
  const waiting = make('div');
  const twins = make('div');
  place.replaceChildren(
    make('section', {}, make('h1', { text: t('register.decide.sheets') }), waiting),
    make('section', {}, make('h1', { text: t('register.decide.twins') }), twins));
  const cards = (one, none) => (all) => (all.length ? make('ul', { class: 'cards' }, all.map((item) => one(item, again))) : empty(none));
  fill(waiting, get('/register/decisions'), cards(decision, t('register.decide.none')));
  fill(twins, get('/register/duplicates'), cards(pair, t('register.decide.no_twins')));
}

function decision(one, again) {
  const answer = make('div');
  const decide = (choice) => () => attempt(answer, async () => {
    await post(`/register/decisions/${one.id}`, { choice });
    toast(t('register.decide.decided'));
    again();
  });
  const rows = Object.entries(one.fields).map(([field, { now, sheet }]) => make('tr', {},
    make('th', { scope: 'row', text: fieldName(field) }), make('td', { text: told(field, now) }),
    make('td', { text: now === sheet && now ? t('register.decide.another', { value: told(field, sheet) }) : told(field, sheet) })));
  const head = ['', t('register.decide.register'), t('register.decide.sheet')].map((text) => make('th', { scope: 'col', text }));
  const from = [one.sheet, one.row && t('register.decide.row', { row: one.row }), one.told_at && when(one.told_at).slice(0, 10)];
  return make('li', { class: 'paper' },
    make('div', { class: 'head' }, make('b', { text: KINDS.has(one.kind) ? t(`register.decide.${one.kind}`) : one.kind }),
      make('button', { type: 'button', class: 'link', text: one.name, onclick: () => show(one.household_id, one.resident_id) })),
    make('p', { class: 'hint', text: from.filter(Boolean).join(' · ') }),
    make('table', { class: 'table' }, make('thead', {}, make('tr', {}, head)), make('tbody', {}, rows)),
    answer,
    make('div', { class: 'acts' },
      button(t('register.decide.keep'), decide('kept')),
      one.kind === 'same_person' && button(t('register.decide.add'), decide('added')),
      button(t('register.decide.take'), decide('taken'), 'main')));
}

function pair(one, again) {
  const answer = make('div');
  const side = (who) => make('div', { class: 'side-of' }, make('b', { text: who.name }),
    make('p', { text: facts(told('sex', who.sex), who.birth, who.id_number, who.phone) }),
    make('p', { class: 'hint', text: [who.address, who.dwelling].filter(Boolean).join(' ') }));
  const merge = (keep, merged) => async () => {
    if (!(await sure(t('register.decide.merge_title'), t('register.decide.merge_words'), t('register.decide.merge')))) return;
    await attempt(answer, async () => {
      const { id } = await post('/register/merges', { keep: keep.id, merged: merged.id });
      toast(t('register.decide.merged'), { act: { label: t('page.do.undo'), run: () => part(id, again) } });
      again();
    });
  };
  const alike = one.reason.split(', ').map((part) => (ALIKE[part] ? t(`register.decide.${ALIKE[part]}`) : part));
  return make('li', { class: 'paper' },
    make('p', { class: 'hint', text: alike.join(t('register.joined')) }),
    make('div', { class: 'sides' }, side(one.one), side(one.other)),
    answer,
    make('div', { class: 'acts' }, button(t('register.decide.left'), merge(one.one, one.other)), button(t('register.decide.right'), merge(one.other, one.one))));
}

async function part(id, again) {
  try {
    await post(`/register/merges/${id}/undo`, {});
    toast(t('register.decide.parted'));
    again();
  } catch (error) {
    toast(t('register.decide.not_parted', { why: error.message }));
  }
}
