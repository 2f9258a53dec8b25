// What editors write: its fields, what a row says of it, and how a resident reads it.

import { make } from '../page/build.js';
import { day, today, when } from '../page/time.js';
import { t, term } from '../page/words.js';
import { hoursInWords } from '../home/hours.js';
import { hoursLine, paragraphs } from '../home/parts.js';
import { pin } from './pin.js';
import * as place from './place.js';

const words = (kind, values) => values.map((value) => ({ value, label: term(kind, value) }));
const says = (key) => t(`community.field.${key}`);
const hints = (key) => t(`community.hint.${key}`);
const badge = (look, text) => make('span', { class: `badge ${look}`, text });
const shown = { time: (value) => (value ? when(value) : ''), list: (value) => (value ?? []).join(t('home.and')) };

const title = () => ({ name: 'title', label: says('title'), needed: true, most: 100 });
const body = (needed = true) => ({ name: 'body', kind: 'area', label: says('body'), hint: hints('body'), needed, most: 8000, rows: 8 });
const division = () => ({ name: 'division', kind: 'choice', label: says('division'), needed: false, isSure: true, options: place.options(), show: (value) => place.divisionName(value) });
const time = (name, needed = false, more = {}) => ({ name, kind: 'time', label: says(name), needed, show: shown.time, ...more });
const after = (name, key) => (value, values) => (value && values[name] && value <= values[name] ? t(`community.fault.${key}`) : null);

const notices = {
  fields: () => [
    title(), body(),
    { name: 'audience', kind: 'choice', label: says('audience'), isSure: true, options: words('audience', ['public', 'staff']), show: (value) => term('audience', value) },
    division(),
    { name: 'cells', label: says('cells'), hint: hints('cells'), make: place.cells, show: shown.list },
    time('from_at', false, { hint: hints('from_at') }), time('until_at', false, { hint: hints('until_at'), check: until }),
  ],
  blank: () => ({ audience: 'public' }),
  badges: (row) => [phase(row.from_at, row.until_at), row.audience === 'staff' ? badge('accent', term('audience', 'staff')) : null],
  under: (row) => [place.divisionName(row.division), row.cells?.length ? t('page.count.cells', { n: row.cells.length }) : null, span(row.from_at, row.until_at)],
  seen: (row) => [byline(place.divisionName(row.division), day(row.from_at ?? new Date())), ...paragraphs(row.body), row.until_at ? make('p', { class: 'soft', text: t('home.notices.until', { day: day(row.until_at) }) }) : null],
};

const until = (value, values) => after('from_at', 'ends_first')(value, values) ?? (value && value <= new Date().toISOString() && !values.from_at ? t('community.fault.past') : null);

const HOURS = ['Mo-Fr 08:30-12:00,14:00-17:30; PH off', 'Mo-Su 09:00-21:00', '24/7'];

const guides = {
  fields: (row) => [
    title(),
    { name: 'kind', kind: 'choice', label: says('guide_kind'), isSure: true, options: words('guide_kind', ['service', 'convenience']), show: (value) => term('guide_kind', value) },
    { ...body(), hint: hints('guide_body') },
    { name: 'materials', kind: 'lines', label: says('materials'), hint: hints('materials'), most: 200, show: shown.list },
    { name: 'place', label: says('place'), most: 200 },
    hours(row),
    { name: 'phone', kind: 'phone', label: says('phone'), hint: hints('phone'), most: 60 },
    division(),
  ],
  blank: () => ({ kind: 'service' }),
  badges: (row) => [row.kind === 'convenience' ? badge('calm', term('guide_kind', row.kind)) : null],
  under: (row) => [place.divisionName(row.division), row.place, row.phone],
  seen: (row) => [...paragraphs(row.body), row.materials?.length ? make('section', {}, make('h3', { text: t('home.guides.materials') }), make('ul', { class: 'dots' }, row.materials.map((one) => make('li', { text: one })))) : null,
    facts([['place', row.place], ['hours', hoursLine(row)], ['phone', row.phone]].map(([key, value]) => [t(`home.guides.${key}`), value]))],
};

const isRead = (value) => value === '24/7' || hoursInWords(value) !== value;

// Opening hours. Those that a sheet brought may stay unreadable; nobody writes new ones.
const hours = (row) => ({
  name: 'hours', label: says('hours'), most: 200, help: hoursHelp(),
  check: (value) => (value && value !== row?.hours && !isRead(value) ? t('community.fault.hours') : null),
});

// Opening hours as they will be read, and some to begin with.
function hoursHelp() {
  const told = make('span', { class: 'small soft', 'aria-live': 'polite' });
  const chips = HOURS.map((value) => make('button', { type: 'button', class: 'chip', text: hoursInWords(value), 'data-hours': value }));
  return {
    element: make('div', { class: 'hours-help' }, make('div', { class: 'chips' }, chips), told),
    on: (field) => chips.forEach((chip) => chip.addEventListener('click', () => {
      field.take(chip.dataset.hours);
      field.element.dispatchEvent(new Event('input', { bubbles: true }));
      field.focus();
    })),
    tell(value) {
      told.textContent = !value ? t('community.hint.hours') : isRead(value) ? t('community.hint.hours_read', { hours: hoursInWords(value) }) : t('community.hint.hours_as_is');
    },
  };
}

const CATEGORIES = ['community', 'medical', 'elder_care', 'education', 'culture_sport', 'commerce', 'transport', 'sanitation', 'safety', 'other'];
export const categories = () => words('facility_category', CATEGORIES);

const facilities = {
  isKept: true, // its place and code stay
  begins: true,
  blank: () => ({ category: 'community' }),
  sends: ({ place: { lon, lat }, ...told }) => ({ ...told, lon, lat }),
  fields: (row) => [
    ...(row ? [] : [{ name: 'place', label: says('place'), hint: hints('facility_place'), needed: true, make: pin }]),
    { name: 'name', label: says('name'), needed: true, most: 50 },
    { name: 'category', kind: 'choice', label: says('category'), isSure: true, options: categories(), show: (value) => term('facility_category', value) },
    hours(row),
    { name: 'phone', kind: 'phone', label: says('phone'), hint: hints('facility_phone'), most: 60 },
    { name: 'address', label: says('address'), most: 200 },
    ...(row ? [{ name: 'closed_on', kind: 'date', label: says('closed_on'), hint: hints('closed_on') }] : []),
  ],
  rows: ({ id }) => `/community/pages/facilities?number=${id}`,
  title: (row) => row.name,
  badges: (row) => [isClosed(row) ? badge('calm', t('community.facility.closed')) : null, !row.hours ? badge('warn', t('community.facility.no_hours')) : null, row.hours && !row.phone ? badge('warn', t('community.facility.no_phone')) : null],
  under: (row) => [term('facility_category', row.category), row.cell_name, row.address],
  seen: (row) => [make('h3', { text: row.name }), facts([[says('category'), term('facility_category', row.category)], [says('address'), row.address], [t('home.guides.hours'), hoursLine(row)], [t('home.guides.phone'), row.phone], [says('closed_on'), row.closed_on && day(row.closed_on)]])],
};

const isClosed = ({ closed_on: on }) => on && on <= today();

const polls = {
  fields: () => [
    title(), body(false),
    { name: 'options', kind: 'lines', label: says('options'), hint: hints('options'), needed: true, most: 100, show: shown.list, check: twoAtLeast },
    { name: 'poll_of', kind: 'choice', label: says('poll_of'), hint: hints('poll_of'), isSure: true, options: words('poll_of', ['household', 'resident']), show: (value) => term('poll_of', value) },
    time('opens_at', false, { hint: hints('opens_at') }), time('closes_at', true, { check: closes }), division(),
  ],
  blank: () => ({ poll_of: 'household' }),
  fixed: (row) => pollState(row) !== 'coming' && t('community.poll.fixed'),
  warns: (values) => (!values.opens_at || new Date(values.opens_at) <= new Date() ? t('community.poll.opens_now') : null),
  badges: (row) => [{ coming: badge('', t('home.polls.coming')), open: badge('accent', t('home.polls.open')), closed: badge('calm', t('home.polls.closed')) }[pollState(row)]],
  under: (row) => [place.divisionName(row.division), term('poll_of', row.poll_of), span(row.opens_at, row.closes_at)],
  seen: (row) => [byline(term('poll_of', row.poll_of), place.divisionName(row.division), span(row.opens_at, row.closes_at)), ...paragraphs(row.body), make('ol', { class: 'dots' }, (row.options ?? []).map((one) => make('li', { text: one })))],
};

export const pollState = ({ opens_at: opens, closes_at: closes }) => (new Date(opens) > Date.now() ? 'coming' : new Date(closes) > Date.now() ? 'open' : 'closed');
const closes = (value, values) => after('opens_at', 'closes_first')(value, values) ?? (value && value <= new Date().toISOString() ? t('community.fault.past') : null);

function twoAtLeast(options) {
  if (options.length < 2 || options.length > 20) return t('community.fault.options', { n: options.length });
  const twice = options.find((one, at) => options.indexOf(one) < at);
  return twice ? t('community.fault.twice', { words: twice }) : null;
}

const meetings = {
  fields: () => [
    title(),
    { name: 'kind', kind: 'choice', label: says('council_kind'), isSure: true, options: words('council_kind', ['hearing', 'coordination', 'review', 'joint']), show: (value) => term('council_kind', value) },
    { ...body(), hint: hints('meeting_body') }, time('at', true), { name: 'place', label: says('place'), most: 200 }, division(),
  ],
  blank: () => ({ kind: 'coordination' }),
  badges: (row) => [new Date(row.at) > Date.now() ? badge('accent', t('community.phase.coming')) : null],
  under: (row) => [place.divisionName(row.division), term('council_kind', row.kind), row.at && when(row.at)],
  seen: (row) => [byline(term('council_kind', row.kind), row.at && when(row.at), row.place), ...paragraphs(row.body)],
};

const decisions = {
  fields: () => [
    { name: 'words', kind: 'area', label: says('words'), hint: hints('words'), needed: true, most: 2000, rows: 3 },
    { name: 'who', label: says('who'), hint: hints('who'), most: 100 }, { name: 'due_on', kind: 'date', label: says('due_on') },
    { name: 'state', kind: 'choice', label: says('state'), isSure: true, options: words('decision_state', ['open', 'done', 'dropped']), show: (value) => term('decision_state', value) },
    { name: 'outcome', kind: 'area', label: says('outcome'), hint: hints('outcome'), most: 1000, rows: 3, check: told },
  ],
  blank: () => ({ state: 'open' }),
  title: (row) => row.words,
  badges: (row) => [badge({ done: 'good', dropped: 'warn' }[row.state] ?? 'accent', term('decision_state', row.state))],
  under: (row) => [row.who, row.due_on && t('home.meetings.due', { day: day(row.due_on) })],
  seen: (row) => [...paragraphs(row.words), facts([[says('who'), row.who], [says('due_on'), row.due_on && day(row.due_on)], [says('state'), term('decision_state', row.state)], [says('outcome'), row.outcome]])],
};

const told = (value, values) => (values.state === 'dropped' && !value ? t('community.fault.outcome') : null);

const byline = (...parts) => make('p', { class: 'soft', text: parts.filter(Boolean).join(' · ') });
const facts = (pairs) => make('dl', { class: 'facts' }, pairs.filter(([, value]) => value).flatMap(([name, value]) => [make('dt', { text: name }), make('dd', {}, value)]));
const span = (from, to) => [from && when(from), to && when(to)].filter(Boolean).join(' – ');

function phase(from, to) {
  if (from && new Date(from) > Date.now()) return badge('accent', t('community.phase.coming'));
  return to && new Date(to) < Date.now() ? badge('calm', t('community.phase.over')) : null;
}

export const KINDS = { notices, guides, facilities, polls, meetings, decisions };
export const titleOf = (kind, row) => (KINDS[kind].title ?? ((one) => one.title))(row);

// A row of the server in the names its acts take.
const CALLED = { division_code: 'division', council_id: 'meeting' };
export const renamed = (row) => Object.fromEntries(Object.entries(row).map(([name, value]) => [CALLED[name] ?? name, value]));
