// The lists of what lies inside: cases to be ticked, numbers of people and places, who can be sent.

import { expected, post } from '../page/ask.js';
import { make, sign } from '../page/build.js';
import { clock } from '../page/time.js';
import { count, t, term } from '../page/words.js';
import { openCase } from './case.js';
import { shape } from './draw-shape.js';
import { about } from './inside.js';
import { longList } from './long-list.js';
import { changed, state } from './state.js';

export function lists(told) {
  return {
    cases: () => cases(told),
    homes: () => homes(told),
    care: () => bars(told.counts.care, (key) => term('care_category', key), (key, value) => about(`care.${key}`, value), rounding(told, 'care')),
    facilities: () => bars(told.counts.facilities, (key) => term('facility_category', key), (_, value) => count(value)),
    responders: () => responders(told),
    cells: () => cells(told),
  };
}

const nothing = (key) => make('p', { class: 'empty small', text: t(key) });

function cases(told) {
  if (!told.cases.length) return nothing('desk_area.inside.no_cases');
  const asked = shape.asked;
  const more = async () => {
    const page = await post('/desk/inside/cases', { ...asked, after: told.next });
    told.cases.push(...page.cases);
    told.next = page.next;
    return Boolean(told.next);
  };
  return longList(told.cases, caseLine, { more: told.next && more });
}

function caseLine(one) {
  const box = make('input', { type: 'checkbox', checked: state.picked.has(one.code), 'aria-label': t('desk_area.inside.tick', { title: one.title }) });
  box.addEventListener('change', () => {
    state.picked[box.checked ? 'add' : 'delete'](one.code);
    changed('picked');
  });
  const who = one.holder?.name ?? term('case_state', one.state);
  return make('li', { class: 'case-line' }, make('label', { class: 'tick' }, box),
    make('button', { type: 'button', class: 'row', onclick: () => openCase(one.code).catch(expected) },
      make('span', { class: 'grow' }, make('span', { class: 'title', text: one.title || one.class_name }), make('span', { class: 'under', text: [one.cell_name, who].filter(Boolean).join(' · ') })),
      clock({ share: one.overdue ? Math.max(1, one.share ?? 1) : one.share, due: one.due_at, late: one.overdue, paused: one.stands ?? false })));
}

function homes(told) {
  const { households, residents } = told.counts;
  return make('div', { class: 'stack' }, make('dl', { class: 'facts' },
    make('dt', { text: t('desk_area.inside.homes') }), make('dd', { class: 'num', text: about('households', households) }),
    make('dt', { text: t('desk_area.inside.residents_label') }), make('dd', { class: 'num', text: about('residents', residents) })), rounding(told, 'households'));
}

// Why a number is round, or not told at all.
function rounding({ rounded, hidden }, name) {
  const words = [rounded.includes(name) && t('desk_area.inside.rounded'), hidden.some((one) => one.startsWith(name)) && t('desk_area.inside.hidden')].filter(Boolean);
  return words.length ? make('p', { class: 'notice small', text: words.join(' ') }) : null;
}

export function bars(counts, say, tell, note = null) {
  const rows = Object.entries(counts).sort(([, a], [, b]) => (b ?? 0) - (a ?? 0));
  if (!rows.length) return nothing('desk_area.inside.none');
  const most = Math.max(1, ...rows.map(([, value]) => value ?? 0));
  return make('div', { class: 'stack' }, make('ul', { class: 'bars' }, rows.map(([key, value]) => make('li', {},
    make('span', { text: say(key) }), make('i', { 'aria-hidden': 'true', css: { width: `${Math.max(2, ((value ?? 0) / most) * 100)}%` } }), make('b', { class: 'num', text: tell(key, value) })))), note);
}

function responders({ responders: { workers, units, volunteers }, counts }) {
  const group = (name, people, line) => people.length ? make('section', {},
    make('h3', { class: 'small', text: t(`desk_area.inside.${name}`, { n: count(counts.responders[name]) }) }), longList(people, line, { look: 'rows people' })) : null;
  const groups = [
    group('workers', workers, (one) => person(one.name, one.roles.map((role) => term('post_role', role)).join(' · '), one.phone)),
    group('units', units, (one) => person(one.name, term('unit_kind', one.kind), one.phone)),
    group('volunteers', volunteers, (one) => person(one.name_mask, [one.unit, (one.skills ?? []).join(' ')].filter(Boolean).join(' · '), null)),
  ].filter(Boolean);
  return groups.length ? make('div', { class: 'stack' }, groups) : nothing('desk_area.inside.nobody');
}

function person(name, under, phone) {
  return make('li', { class: 'row' }, make('span', { class: 'grow' }, make('span', { class: 'title', text: name }), make('span', { class: 'under', text: under })),
    phone ? make('a', { class: 'btn bare square', href: `tel:${phone.replace(/[^+\d]/g, '')}`, 'aria-label': `${t('page.do.call')} ${name} ${phone}` }, sign('phone')) : null);
}

function cells({ cells: some }) {
  if (!some.length) return nothing('desk_area.inside.none');
  return longList(some, ({ code, name, whole }) => make('li', { class: 'row' },
    make('span', { class: 'grow' }, make('span', { class: 'title', text: name }), make('span', { class: 'under num', text: code })), make('span', { class: 'badge', text: t(whole ? 'desk_area.inside.all_of' : 'desk_area.inside.part_of') })));
}
