// 找地方: what is near me, the nearest first, as a list and on the map.

import { expected, get } from '../page/ask.js';
import { make, sign } from '../page/build.js';
import { t, term } from '../page/words.js';
import { call, hoursLine, metres, nothing, openNow, row, unread, waiting, wayButton } from './parts.js';
import { view } from './route.js';
import { town } from './town.js';
import { position, Unplaced, whereabouts } from './whereabouts.js';

export const KINDS = ['community', 'medical', 'elder_care', 'education', 'culture_sport', 'commerce', 'transport', 'sanitation', 'safety', 'other'];
const MOST = 30;
const IN_SIGHT = 12; // the nearest; the others one moves to
const WAIT_MS = 250;

export const placeRow = (place, { to }) => row({ to, title: place.name, under: [metres(place.distance_m), place.address].filter(Boolean).join(' · '), side: [openNow(place)].filter(Boolean) });

let kept = { category: '', open: false }; // what was chosen last stays when one comes back

view('places', (asked) => {
  const [, kind] = /^kind\/(\w+)$/.exec(asked) ?? [];
  if (kind) kept = { ...kept, category: kind };
  const q = kind ? '' : asked;
  const list = make('ol', { class: 'places' });
  const count = make('p', { class: 'soft', role: 'status' });
  const host = make('div', { class: 'town' }, make('p', { class: 'soft', text: t('page.state.loading') }));
  const input = make('input', { type: 'search', class: 'input', id: 'place-search', value: q, placeholder: t('home.places.search'), autocomplete: 'off', maxlength: 80, oninput: later });
  const chips = ['', ...KINDS].map((kind) => make('button', { type: 'button', class: 'chip', 'aria-pressed': String(kept.category === kind), onclick: () => choose({ category: kind }) }, kind ? term('facility_category', kind) : t('home.places.all')));
  const open = make('button', { type: 'button', class: 'chip open-now', 'aria-pressed': String(kept.open), onclick: () => choose({ open: !kept.open }) }, sign('clock'), t('home.places.only_open'));
  const here = make('button', { type: 'button', class: 'chip', onclick: () => stand().catch(expected) }, sign('pin'), t('home.places.here'));
  const told = make('p', { class: 'told', role: 'status' });
  let asking = new AbortController();
  let stood = null; // where I stand, as long as this view is open
  let drawing = null;
  let found = [];
  let chosen = null; // the code of the place pointed at: a list that comes anew keeps it
  const isChosen = ({ code }) => code === chosen;
  let timer;

  function later() {
    clearTimeout(timer);
    timer = setTimeout(() => look().catch(expected), WAIT_MS);
  }

  function choose(change) {
    kept = { ...kept, ...change };
    chips.forEach((chip, at) => chip.setAttribute('aria-pressed', String(['', ...KINDS][at] === kept.category)));
    open.setAttribute('aria-pressed', String(kept.open));
    look().catch(expected);
  }

  async function stand() {
    try {
      const { longitude, latitude } = await position(here);
      stood = { lon: longitude.toFixed(6), lat: latitude.toFixed(6) };
      told.textContent = t('home.places.from_here');
      await look();
    } catch (error) {
      if (!(error instanceof Unplaced)) throw error;
      told.textContent = error.words;
    }
  }

  async function look() {
    asking.abort();
    asking = new AbortController();
    const { signal } = asking;
    if (!list.childElementCount) list.replaceChildren(make('li', {}, waiting()));
    try {
      const where = stood ?? await whereabouts();
      const asked = { limit: MOST, ...(kept.category && { category: kept.category }), ...(input.value.trim() && { q: input.value.trim() }) };
      const answer = where ? await get(`/community/facilities?${new URLSearchParams({ ...where, ...asked })}`, signal) : [];
      if (signal.aborted) return;
      found = kept.open ? answer.filter(({ open_now: now }) => now) : answer;
      show();
    } catch (error) {
      if (error.name === 'AbortError') return;
      count.textContent = '';
      list.replaceChildren(make('li', {}, unread(error, look)));
      expected(error);
    }
  }

  function show() {
    count.textContent = found.length ? t('home.places.count', { n: found.length }) : '';
    list.replaceChildren(...(found.length ? found.map(line) : [make('li', {}, nothing(t(kept.open ? 'home.places.none_open' : 'home.places.none')))]));
    if (drawing) pins();
    mark();
  }

  function line(place, at) {
    const near = [term('facility_category', place.category), place.address].filter(Boolean).join(' · ');
    return make('li', { class: 'place', id: `place-${at}` },
      make('button', { type: 'button', class: 'number num', 'aria-label': t('home.places.on_map', { n: `${at + 1}`, name: place.name }), text: `${at + 1}`, onclick: () => point(at) }),
      make('div', { class: 'grow' }, make('h2', { class: 'title', text: place.name }), make('p', { class: 'under' }, make('b', { class: 'num', text: metres(place.distance_m) }), ` · ${near}`),
        make('div', { class: 'chips' }, openNow(place), hoursLine(place))),
      make('div', { class: 'acts' }, call(place.phone, place.name), wayButton(place)));
  }

  function pins() {
    const { map, marks, onMap } = drawing;
    marks.clearLayers();
    const spots = found.map(({ lon, lat }) => onMap(lon, lat));
    found.forEach((place, at) => L.marker(spots[at], { icon: numbered(at + 1), title: place.name, alt: place.name, keyboard: false, at })
      .on('click', () => point(at, { scroll: true })).addTo(marks));
    if (stood) L.circleMarker(onMap(Number(stood.lon), Number(stood.lat)), { radius: 8, color: '#fff', weight: 3, fillColor: '#1b5f85', fillOpacity: 1 }).addTo(marks);
    const there = found.find(isChosen);
    if (there) moveTo(there);
    else if (spots.length) map.fitBounds(L.latLngBounds(spots.slice(0, IN_SIGHT)), { padding: [34, 34], maxZoom: 17, animate: false });
  }

  // A place and its number on the map belong together: choosing one shows the other.
  function point(at, { scroll = false } = {}) {
    chosen = found[at].code;
    mark();
    if (scroll) list.children[at]?.scrollIntoView({ block: 'nearest' });
    if (!drawing) return;
    moveTo(found[at]);
    if (!scroll) host.scrollIntoView({ block: 'nearest' });
  }

  function mark() {
    const at = found.findIndex(isChosen);
    [...list.children].forEach((one, number) => (number === at ? one.setAttribute('aria-current', 'true') : one.removeAttribute('aria-current')));
    drawing?.marks.eachLayer((one) => one.getElement?.()?.classList.toggle('chosen', one.options.at === at));
  }

  function moveTo({ lon, lat }) {
    const { map, onMap } = drawing;
    map.setView(onMap(lon, lat), Math.max(map.getZoom(), 17), { animate: false });
  }

  async function openMap() {
    const opened = await town(host);
    if (!host.isConnected) return; // gone on meanwhile
    drawing = opened;
    host.firstElementChild.tagName === 'P' && host.firstElementChild.remove();
    if (found.length) pins();
    mark();
  }

  look().catch(expected);
  return { title: t('home.places.title'), lead: t('home.places.lead'), body: [
    make('div', { class: 'search-line' }, make('label', { class: 'unseen', for: 'place-search', text: t('home.places.search') }), sign('search'), input),
    make('div', { class: 'chips sweep', role: 'group', 'aria-label': t('home.places.kinds') }, here, open, ...chips), told,
    make('div', { class: 'beside' }, make('div', { class: 'listed' }, count, list), host)],
  shown: () => openMap().catch((error) => { host.replaceChildren(nothing(t('home.map.failed'))); if (!(error instanceof TypeError)) expected(error); }),
  leave() { asking.abort(); clearTimeout(timer); } };
});

function numbered(number) {
  return L.divIcon({ className: 'numbered', html: make('span', { text: `${number}` }), iconSize: [30, 30], iconAnchor: [15, 15] });
}
