// 应急: who lives in a stretch of the city and must be called, for one purpose and until a day. The
// collection deletes itself then; every telephone that is shown goes into the journal.

import { get, post } from '../page/ask.js';
import { make, sign } from '../page/build.js';
import { now, span, today } from '../page/time.js';
import { count, t, term } from '../page/words.js';
import { daysAfter, instant } from '../page/zone.js';
import { told as refused } from './areas.js';
import { bench, clear, put as putPen } from './draw.js';
import { show as showPicked } from './draw-pick.js';
import { described, shape } from './draw-shape.js';
import { hideCollection, showCollection } from './emergency-list.js';
import { about, onFound } from './inside.js';
import { side } from './side.js';
import { may } from './state.js';

const LOOKS = ['M10 2.8 18 17H2z', 'M10 8v4.2', 'M10 14.6h.01'];
const KINDS = ['flood', 'lockdown', 'outage', 'evacuation', 'other'];
const MOST_DAYS = 90;
const LEAST_WORDS = 8;
const ends = (days) => daysAfter(today(), days);

export function install() {
  if (may('emergency')) side.tool('emergency', t('desk_area.emergency.tool'), LOOKS, openEmergency);
}

function put() {
  putPen();
  hideCollection();
  onFound(() => {});
}

const panel = (body) => side.show('emergency', body, { title: t('desk_area.emergency.title'), leave: put });

// All collections, each with its end.
export function openEmergency() {
  put();
  const list = make('ul', { class: 'rows' }, make('li', { class: 'soft', text: t('page.state.loading') }));
  panel(make('div', { class: 'stack' },
    make('p', { class: 'notice small', text: t('desk_area.emergency.what') }),
    make('div', { class: 'acts' }, make('button', { type: 'button', class: 'btn main', onclick: begin }, sign('plus'), t('desk_area.emergency.new'))),
    make('h3', { text: t('desk_area.emergency.going') }), list));
  fill(list).catch(refused);
}

async function fill(list) {
  const { collections } = await get('/collections');
  list.replaceChildren(...(collections.length ? collections.map(line) : [make('li', { class: 'empty small', text: t('desk_area.emergency.none') })]));
}

function line({ number, kind, purpose, ends_at: end, entries, called }) {
  return make('li', {}, make('button', { type: 'button', class: 'row', onclick: () => open(number).catch(refused) },
    make('span', { class: 'grow' }, make('span', { class: 'title', text: `${term('collection_kind', kind)} · ${purpose}` }),
      make('span', { class: 'under', text: [t('desk_area.emergency.called', { n: count(called), all: count(entries) }), t('desk_area.emergency.deletes_in', { span: span(new Date(end) - now()) })].join(' · ') })), sign('next')));
}

async function open(number) {
  putPen();
  const told = await whole(number);
  const body = make('div', { class: 'collection stack on-map' });
  panel(body);
  showCollection(body, told, { back: openEmergency });
}

// A long call list comes in pages.
async function whole(number) {
  const told = await get(`/collections/${number}`);
  for (let { next } = told; next;) {
    const page = await get(`/collections/${number}?after=${next}`);
    told.call_list.push(...page.call_list);
    ({ next } = page);
  }
  return told;
}

// A new one: what for, until when, where.

// That it would be for what was drawn last, unless one draws anew.
function taken(of) {
  if (!of) return null;
  return { of, element: make('div', { class: 'notice small taken' }, make('span', { class: 'grow', text: t('desk_area.emergency.taken', { what: described(of) }) }),
    make('button', { type: 'button', class: 'btn', text: t('desk_area.draw.anew'), onclick: clear })) };
}

function begin() {
  const kinds = make('select', { id: 'collection-kind' }, KINDS.map((value) => make('option', { value, text: term('collection_kind', value) })));
  const purpose = make('textarea', { id: 'collection-purpose', required: true, minlength: LEAST_WORDS, maxlength: 300, placeholder: t('desk_area.emergency.purpose_like') });
  const until = make('input', { id: 'collection-until', type: 'date', required: true, min: ends(0), max: ends(MOST_DAYS - 1), value: ends(7) });
  const near = make('input', { id: 'collection-near', type: 'number', min: 0, max: 5000, step: 100, value: 500 });
  const before = taken(shape.asked);
  const sum = make('p', { class: 'small num', role: 'status' });
  const send = make('button', { class: 'btn main wide', text: t('desk_area.emergency.collect') });
  const field = (input, key, hint = null) => make('div', { class: 'field' }, make('label', { for: input.id, text: t(`desk_area.emergency.${key}`) }), input, hint && make('p', { class: 'hint', text: hint }));
  const tell = (found) => {
    sum.textContent = found ? t('desk_area.emergency.inside', { cells: count(found.cells.length), households: about('households', found.counts.households) }) : t('desk_area.emergency.draw_first');
    send.disabled = !found;
    if (before && shape.asked !== before.of) before.element.remove();
    if (found && shape.asked?.divisions) showPicked(found.cells);
  };
  const form = make('form', { class: 'stack', onsubmit: (event) => { event.preventDefault(); collect().catch(refused); } },
    field(kinds, 'kind'), field(purpose, 'purpose', t('desk_area.emergency.purpose_hint')), field(until, 'until', t('desk_area.emergency.until_hint', { n: MOST_DAYS })), field(near, 'near'));
  send.addEventListener('click', () => form.requestSubmit());
  const collect = async () => {
    if (!shape.asked) return;
    send.setAttribute('aria-busy', 'true');
    const asked = { ...shape.asked, kind: kinds.value, purpose: purpose.value, ends_at: instant(`${until.value}T23:59:59`).toISOString(), near_m: Number(near.value) };
    try {
      const made = await post('/collections', asked);
      await open(made.number);
    } finally {
      send.removeAttribute('aria-busy');
    }
  };
  onFound(tell);
  tell(null);
  panel(make('div', { class: 'collection-new stack on-map' },
    make('div', {}, make('button', { type: 'button', class: 'btn bare', onclick: openEmergency }, sign('back'), t('desk_area.emergency.all'))),
    make('h3', { text: t('desk_area.emergency.where') }), before?.element, bench(), make('h3', { text: t('desk_area.emergency.why') }), form, make('div', { class: 'acts panel-acts' }, sum, send)));
  if (before) shape.put(before.of, { moving: true });
}

