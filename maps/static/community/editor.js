// The form of one page: a draft while one types, all faults at once, as of the version that was seen.

import { Lost, Refused, expected, get, newId, patch, post } from '../page/ask.js';
import { make, sign } from '../page/build.js';
import { dialog, sure, toast } from '../page/tell.js';
import { t } from '../page/words.js';
import { both } from './conflict.js';
import { draft, drop, keep } from './drafts.js';
import { field } from './fields.js';
import { KINDS, renamed, titleOf } from './kinds.js';
import * as place from './place.js';
import { takenBack, undoable } from './undo.js';

const SAID = [[/is missing/, 'missing'], [/longer than/, 'too_long'], [/ends .* before|closes before/, 'ends_first'], [/no division/, 'division'], [/no cells/, 'cells'], [/as opening hours/, 'hours'], [/lies in no cell/, 'no_cell']];
const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);

// `row` is what the server has, null for a new one; `fixed` are values that are not asked.
export function editor(kind, row, { fixed = {}, saved, gone }) {
  const of = KINDS[kind];
  const key = `${kind}/${row?.id ?? `new${fixed.meeting ?? ''}`}`;
  const fields = of.fields(row).map(field);
  const by = Object.fromEntries(fields.map((one) => [one.name, one]));
  const values = () => Object.fromEntries(fields.map((one) => [one.name, one.value()]));
  const status = make('div', { role: 'status' });
  const save = make('button', { type: 'submit', class: 'btn main', text: t(row ? 'page.do.save' : `community.publish.${kind}`) });
  const throwAway = make('button', { type: 'button', class: 'btn bare', text: t('community.draft.drop'), onclick: reset, hidden: true });
  const fieldset = make('fieldset', { class: 'whole' }, fields.map(({ element }) => element));
  const conflict = make('div');
  let base = row ?? { ...of.blank(), division: place.options()[0]?.value || null };
  let seen = {};
  let busy = false;
  let request = newId(); // of a new page: however often it is sent, it is published once
  let sent = null; // what was sent and not answered
  let anyway = false; // though one of that name stands near

  const element = make('form', { class: 'editor', novalidate: true, onsubmit: (event) => { event.preventDefault(); send().catch(expected); } },
    conflict, fieldset, status,
    make('div', { class: 'acts foot' }, save,
      make('button', { type: 'button', class: 'btn', onclick: preview }, t('community.preview.do')), throwAway,
      row && !of.isKept ? make('button', { type: 'button', class: 'btn danger push', text: t('community.back.do'), onclick: () => takeBack().catch(expected) }) : null));

  // The values of the server, and over them what was typed before.
  function start(typed) {
    for (const one of fields) one.take(base[one.name]);
    seen = values();
    if (typed) {
      base = typed.version && row && typed.version !== row.version ? { ...base, version: typed.version } : base;
      for (const [name, value] of Object.entries(typed.values)) by[name]?.take(value);
      request = typed.request ?? request;
      sent = typed.sent ?? null;
      tell(t('community.draft.kept'));
    }
    follow();
    throwAway.hidden = !typed;
  }

  function changed() {
    const now = changes();
    if (Object.keys(now).length) keep(key, { version: base.version, values: now, request, sent });
    else drop(key);
    throwAway.hidden = !Object.keys(now).length;
    tell(of.warns?.(values()) ?? '', 'warn');
    follow();
  }

  const follow = () => by.cells?.of(by.division.value(), expected); // the cells of the division that is chosen
  const changes = () => Object.fromEntries(Object.entries(values()).filter(([name, value]) => !same(value, seen[name])));

  function tell(words, look = '') {
    status.className = words ? `notice ${look}` : '';
    status.textContent = words ?? '';
  }

  async function reset() {
    if (!(await sure(t('community.draft.drop'), t('community.draft.sure'), t('community.draft.drop'), { danger: true }))) return;
    drop(key);
    [request, sent] = [newId(), null];
    for (const one of fields) one.blame();
    base = row ?? base;
    start(null);
    tell('');
    conflict.replaceChildren();
    fields[0].focus();
  }

  function blame(faults) {
    for (const one of fields) one.blame(faults[one.name]);
    const first = fields.find(({ name }) => faults[name]);
    first?.element.scrollIntoView({ block: 'center' });
    first?.focus({ preventScroll: true });
    const n = Object.keys(faults).length;
    tell(n ? t('community.fault.some', { n }) : '', 'late');
    return n > 0;
  }

  async function send() {
    if (busy) return;
    const told = values();
    if (blame(Object.fromEntries(fields.map((one) => [one.name, one.fault(told)]).filter(([, fault]) => fault)))) return;
    if (row && !Object.keys(changes()).length) return tell(t('community.saved.nothing'));
    await guarded(async () => {
      const answer = await (row ? update() : publish(told));
      drop(key);
      if (!row) toast(t(`community.saved.${kind}`));
      saved(answer.id);
    });
  }

  async function update() {
    const mine = changes();
    const answer = await patch(`/community/${kind}/${row.id}`, { ...mine, version: base.version });
    undoable({ kind, answer, before: Object.fromEntries(Object.keys(mine).map((name) => [name, base[name] ?? null])), saved });
    return answer;
  }

  // What went out before without an answer may be published as it was then: it is made what it is now.
  async function publish(told) {
    const before = sent;
    sent = told;
    changed();
    const answer = await post(`/community/${kind}`, { ...(of.sends?.(told) ?? told), ...fixed, request_id: request, ...(anyway && { anyway }) });
    return before && !same(before, told) ? patch(`/community/${kind}/${answer.id}`, { ...told, version: answer.version }) : answer;
  }

  async function takeBack() {
    const name = titleOf(kind, row);
    if (!(await sure(t('community.back.do'), t('community.back.sure', { title: name }), t('community.back.do'), { danger: true }))) return;
    await guarded(async () => {
      await takenBack({ kind, row: { ...row, version: base.version }, saved });
      drop(key);
      gone();
    });
  }

  async function guarded(act) {
    busy = true;
    save.setAttribute('aria-busy', 'true');
    fieldset.disabled = true;
    tell(t('community.sending'));
    try {
      await act();
    } catch (error) {
      fieldset.disabled = false;
      await refused(error);
    } finally {
      busy = false;
      fieldset.disabled = false;
      save.removeAttribute('aria-busy');
    }
  }

  async function refused(error) {
    if (error instanceof Lost) return tell(t(navigator.onLine ? 'community.lost' : 'community.offline'), 'warn');
    if (!(error instanceof Refused)) throw error;
    sent = null;
    if (error.facts.alike) return void alike(error.facts.alike[0]).catch(expected);
    if (error.status === 409 || error.status === 404) return clash(error);
    if (error.status === 403) return tell(t('community.fault.charge'), 'late');
    const told = error.faults.length ? error.faults : [{ field: error.facts.field, reason: error.message }];
    const known = told.filter((one) => by[one.field]);
    blame(Object.fromEntries(known.map((one) => [one.field, inWords(one.reason)])));
    if (!known.length) tell(t('page.state.refused', { why: error.message }), 'late');
  }

  // One of that name stands near: it may be the same.
  async function alike({ id, name, address, distance_m: m }) {
    tell('');
    const see = make('a', { href: `#${kind}/${id}`, target: '_blank', text: [name, address].filter(Boolean).join(' · ') });
    const answer = await dialog(t('community.alike.title', { m }), make('p', {}, see), [{ value: '', text: t('page.do.cancel') }, { value: 'yes', text: t('community.alike.anyway'), look: 'main' }]);
    if (answer !== 'yes') return;
    anyway = true;
    await send();
  }

  // Somebody was faster: what he wrote beside what stands here.
  async function clash(error) {
    const theirs = (await get(of.rows?.(row) ?? `/community/pages/${kind}`)).map(renamed).find(({ id }) => id === row?.id);
    if (!theirs) {
      tell(t('community.clash.gone'), 'late');
    } else if (theirs.version === base.version) {
      tell(of.fixed?.(theirs) || t('page.state.refused', { why: error.message }), 'late');
    } else {
      tell('');
      const mine = values();
      const mineChanged = changes();
      for (const one of fields) one.take(theirs[one.name]);
      const other = values();
      for (const one of fields) one.take(mine[one.name]);
      if (same(mine, other)) { // it was kept, and the answer was lost
        drop(key);
        toast(t('community.saved.changed'));
        return saved(theirs.id);
      }
      conflict.replaceChildren(both({ fields, mine: { ...other, ...mineChanged }, theirs: other,
        keepMine: () => { settle(theirs, other, mineChanged); send().catch(expected); },
        look: () => settle(theirs, other, mineChanged),
        takeTheirs: () => { drop(key); saved(theirs.id); } }));
      conflict.querySelector('h3').focus();
    }
  }

  function settle(theirs, other, mineChanged) {
    base = theirs;
    seen = other;
    for (const one of fields) one.take(one.name in mineChanged ? mineChanged[one.name] : theirs[one.name]);
    conflict.replaceChildren();
    changed();
    fields.find(({ name }) => name in mineChanged)?.focus();
  }

  function preview() {
    dialog(t('community.preview.title'), letter(kind, values()), [{ value: '', text: t('page.do.close') }]);
  }

  start(draft(key));
  element.addEventListener('input', changed);
  return element;
}

// How a resident reads it.
export const letter = (kind, row) => make('article', { class: 'letter' }, make('h3', { text: KINDS[kind].title ? '' : row.title || t('community.preview.untitled') }), ...KINDS[kind].seen(row).filter(Boolean));

function inWords(reason) {
  const [, key] = SAID.find(([pattern]) => pattern.test(reason)) ?? [];
  return key ? t(`community.fault.${key}`) : reason;
}

// A page that stands: it is read, and may be taken back.
export function standing(kind, row, words, { gone, saved, more = [] }) {
  const status = make('div', { role: 'status' });
  async function takeBack() {
    if (!(await sure(t('community.back.do'), t('community.back.sure_poll', { title: row.title }), t('community.back.do'), { danger: true }))) return;
    try {
      await takenBack({ kind, row, saved });
      gone();
    } catch (error) {
      status.className = 'notice late';
      status.textContent = error instanceof Lost ? t('community.lost') : t('page.state.refused', { why: error.message });
      expected(error);
    }
  }
  return make('div', { class: 'editor' }, make('p', { class: 'notice' }, sign('clock'), make('span', { text: words })), letter(kind, row), ...more, status,
    make('div', { class: 'acts foot' }, make('button', { type: 'button', class: 'btn danger', text: t('community.back.do'), onclick: () => takeBack().catch(expected) })));
}
