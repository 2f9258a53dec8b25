// The facilities of one's cells: looked for at the server, since a city has thousands of them.

import { expected, get } from '../page/ask.js';
import { make, sign } from '../page/build.js';
import { t } from '../page/words.js';
import { categories } from './kinds.js';
import { line } from './list.js';

const WAIT_MS = 250;
const MOST = 200; // the server tells no more at once
const asked = { q: '', category: '', missing: false };

export const found = (signal) => get(`/community/pages/facilities?${new URLSearchParams({ q: asked.q, missing: asked.missing, ...(asked.category && { category: asked.category }) })}`, signal);
export const facility = async (number, signal) => (await get(`/community/pages/facilities?number=${number}`, signal))[0];

export function facilities(rows, current) {
  const list = make('ul', { class: 'rows', id: 'rows' });
  const none = make('p', { class: 'empty', hidden: true });
  const told = make('p', { class: 'soft small', role: 'status' });
  const search = make('input', { type: 'search', class: 'input', id: 'search', placeholder: t('community.facility.search'), autocomplete: 'off', maxlength: 80, value: asked.q, oninput: later });
  const category = make('select', { class: 'input', id: 'search-category', onchange: () => change({ category: category.value }) },
    [{ value: '', label: t('home.places.all') }, ...categories()].map(({ value, label }) => make('option', { value, text: label, selected: value === asked.category })));
  const missing = make('button', { type: 'button', class: 'chip', 'aria-pressed': String(asked.missing), text: t('community.facility.missing'), onclick: () => change({ missing: !asked.missing }) });
  let asking = new AbortController();
  let timer;

  function later() {
    clearTimeout(timer);
    timer = setTimeout(() => change({ q: search.value.trim() }), WAIT_MS);
  }

  function change(more) {
    Object.assign(asked, more);
    missing.setAttribute('aria-pressed', String(asked.missing));
    asking.abort();
    asking = new AbortController();
    found(asking.signal).then(show).catch((error) => {
      if (error.name !== 'AbortError') told.textContent = t('home.unread');
      expected(error);
    });
  }

  function show(hits) {
    list.replaceChildren(...hits.map((row) => make('li', {}, line('facilities', row, false, current))));
    none.hidden = hits.length > 0;
    none.textContent = asked.q ? t('community.none_found', { q: asked.q }) : t(asked.missing || asked.category ? 'community.facility.none_such' : 'community.none.facilities');
    told.textContent = hits.length === MOST ? t('community.facility.more', { n: MOST }) : hits.length ? t('community.facility.found', { n: hits.length }) : '';
  }

  show(rows);
  return [
    make('header', { class: 'head' }, make('div', { class: 'headline' }, make('h1', { tabindex: '-1', text: t('community.kind.facilities') }),
      make('a', { class: 'btn main', href: '#facilities/new' }, sign('plus'), t('community.new.facilities'))),
      make('div', { class: 'search-line' }, make('label', { class: 'unseen', for: 'search', text: t('community.facility.search') }), sign('search'), search),
      make('div', { class: 'narrow-by' }, make('label', { class: 'unseen', for: 'search-category', text: t('community.field.category') }), category, missing), told),
    make('div', { class: 'paper' }, list, none),
  ];
}
