// One search over everything: what can be done here, guides, places, notices, services.

import { expected, get } from '../page/ask.js';
import { make } from '../page/build.js';
import { t, term } from '../page/words.js';
import { guideRow } from './guides.js';
import { noticeRow } from './notices.js';
import { nothing, row, unread, waiting } from './parts.js';
import { KINDS, placeRow } from './places.js';
import { ofMine } from './place.js';
import { go, rename, view } from './route.js';
import { whereabouts } from './whereabouts.js';

const WAIT_MS = 250;
const SOME = 5;
const ITEMS = ['report', 'follow', 'guides', 'places', 'notices', 'polls', 'volunteer', 'services', 'consult', 'meetings', 'cell'];

const input = document.getElementById('ask');
let timer;
let asking = new AbortController();

document.getElementById('ask-form').addEventListener('submit', (event) => {
  event.preventDefault();
  if (input.value.trim()) go(`find/${encodeURIComponent(input.value.trim())}`);
});

view('find', (q) => {
  const field = make('input', { type: 'search', class: 'input', id: 'find-field', value: q, maxlength: 80, autocomplete: 'off', oninput: () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      rename(`find/${field.value.trim()}`);
      look(field.value.trim(), found).catch(expected);
    }, WAIT_MS);
  } });
  const found = make('div', { class: 'found', 'aria-live': 'polite' });
  look(q, found).catch(expected);
  return { title: t('home.find.title'), body: [make('div', { class: 'search-line' }, make('label', { class: 'unseen', for: 'find-field', text: t('home.find.label') }), field), found],
    keepsFocus: true, shown: () => { field.focus({ preventScroll: true }); field.setSelectionRange(q.length, q.length); },
    leave() { asking.abort(); clearTimeout(timer); input.value = ''; } };
});

const folded = (text) => text.toLowerCase().replaceAll(/\s/g, '');
const holds = (key, q) => t(key).split(' ').some((word) => folded(word).startsWith(folded(q)) || folded(q).startsWith(folded(word)));
const items = (q) => ITEMS.filter((name) => holds(`home.items.${name}.find`, q));
const kinds = (q) => KINDS.filter((kind) => holds(`home.kinds.${kind}`, q));

async function look(q, box) {
  asking.abort();
  if (!q) return box.replaceChildren(nothing(t('home.find.empty')));
  asking = new AbortController();
  const { signal } = asking;
  if (!box.childElementCount) box.replaceChildren(waiting());
  try {
    const where = await whereabouts();
    const [guides, places, notices] = await Promise.all([
      get(`/community/guides${ofMine({ q })}`, signal),
      where ? get(`/community/facilities?${new URLSearchParams({ ...where, q, limit: SOME })}`, signal) : [],
      get(`/community/notices${ofMine({ limit: 100 })}`, signal),
    ]);
    show(q, box, { guides, places, notices: notices.filter(({ title, body }) => folded(title + body).includes(folded(q))) });
  } catch (error) {
    if (error.name !== 'AbortError') box.replaceChildren(unread(error, () => look(q, box)));
    expected(error);
  }
}

function show(q, box, { guides, places, notices }) {
  const groups = [
    ['items', items(q), (name) => row({ to: name, title: t(`home.items.${name}.title`), under: t(`home.items.${name}.say`) })],
    ['guides', guides.filter(({ kind }) => kind === 'service').slice(0, SOME), guideRow('guides')],
    ['services', guides.filter(({ kind }) => kind === 'convenience').slice(0, SOME), guideRow('services')],
    ['kinds', kinds(q), (kind) => row({ to: `places/kind/${kind}`, title: term('facility_category', kind), under: t('home.places.nearest') })],
    ['places', places, (place) => placeRow(place, { to: `places/${encodeURIComponent(q)}` })],
    ['notices', notices.slice(0, SOME), noticeRow],
  ].filter(([, list]) => list.length);
  if (!groups.length) return box.replaceChildren(nothing(t('home.find.none', { q }), make('a', { class: 'btn', href: '#consult', text: t('home.find.ask') })));
  box.replaceChildren(...groups.map(([name, list, line]) => make('section', { class: 'group' }, make('h2', { text: t(`home.find.${name}`) }), make('div', { class: 'paper' }, make('ul', { class: 'rows' }, list.map((one) => make('li', {}, line(one))))))));
}

