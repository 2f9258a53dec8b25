// Register cards: the households of my cells, masked, found by address as it is typed.

import { make, sign } from '../page/build.js';
import { count, t, term } from '../page/words.js';
import { joined, nothing } from './parts.js';
import { to } from './route.js';
import { may, state } from './state.js';

const MOST = 60;
let text = '';

export function open(root) {
  const list = make('div', { class: 'found' });
  const input = make('input', { id: 'home', type: 'search', class: 'input', autocomplete: 'off', value: text, placeholder: t('worker.home.find'), 'aria-label': t('worker.home.find'), oninput: () => { text = input.value; draw(); } });
  const draw = () => list.replaceChildren(...shown());
  root.replaceChildren(make('header', { class: 'summary' }, make('h2', { text: t('worker.home.title') }),
    make('p', { class: 'soft small', text: t('worker.home.lead', { n: count(state.day.homes.length) }) }), input), list);
  draw();
  return { update: (what) => what === 'day' && draw() };
}

// Every word, in whatever order: 「12 301」 finds building 12, room 301.
function matching(all) {
  const words = text.trim().toLowerCase().split(/\s+/).filter(Boolean);
  return all.filter(({ address }) => words.every((word) => address.toLowerCase().includes(word)));
}

function shown() {
  if (!may('persons')) return [nothing(t('worker.home.no_right'), 'home')];
  const all = matching(state.day.homes);
  if (!all.length) return [nothing(t(state.day.homes.length ? 'worker.home.none' : 'worker.home.empty'), 'search')];
  const more = all.length - MOST;
  return [
    make('ul', { class: 'rows paper' }, all.slice(0, MOST).map((home) => make('li', {}, row(home)))),
    more > 0 && make('p', { class: 'soft small center', text: t('worker.home.more', { n: count(more) }) }),
  ].filter(Boolean);
}

function row({ household, address, residents }) {
  const cared = [...new Set(residents.flatMap(({ categories }) => categories))];
  return make('a', { class: 'row', href: to('home', String(household)), 'data-key': household },
    make('span', { class: 'grow' }, make('span', { class: 'title', text: address }),
      make('span', { class: 'under', text: joined(t('page.count.people', { n: residents.length }), residents.slice(0, 3).map(({ name_mask: name }) => name).join(' ')) })),
    cared.length > 0 && make('span', { class: 'badge calm', text: cared.length > 1 ? t('worker.home.cared', { what: term('care_category', cared[0]), n: cared.length }) : term('care_category', cared[0]) }),
    sign('next'));
}
