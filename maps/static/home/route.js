// The addresses inside the page: `#guides/12` is the view `guides` of `12`; nothing is the start.
// Each view has a heading, which takes the focus; going back finds the start as it was left.

import { make, sign } from '../page/build.js';
import { t } from '../page/words.js';

const start = document.getElementById('start');
const place = document.getElementById('view');
const title = document.title;
const views = new Map();
let now = { leave() {} };
let came = ''; // the address on show
let left = 0; // how far down the start was when it was left

// `open(rest)` gives { title, body, back?, leave? }: `back` is the address of where one goes up to.
export function view(name, open) {
  views.set(name, open);
}

export const address = () => decoded(window.location.hash.slice(1));
export const go = (to) => { window.location.hash = to; };

// The same view under another address: a search that goes on has one line in the history.
export function rename(to) {
  came = to;
  window.history.replaceState(window.history.state, '', to ? `#${encodeURI(to)}` : window.location.pathname);
}

// `elsewhere(hash)` says whether an address is another page's, and goes there.
export function begin(elsewhere) {
  const arrive = () => elsewhere(window.location.hash) || turn();
  window.addEventListener('hashchange', arrive);
  document.querySelector('.skip').addEventListener('click', (event) => {
    event.preventDefault(); // its address would be that of a view
    (came ? place.querySelector('h1') : document.getElementById('hello')).focus();
  });
  arrive();
}

function turn() {
  const to = address();
  if (to === came) return;
  if (!came) left = window.scrollY;
  const from = came;
  came = to;
  if (to) show(to);
  else home(from);
}

function show(to) {
  const [name, ...rest] = to.split('/');
  const open = views.get(name);
  if (!open) return go('');
  now.leave?.();
  const shown = open(rest.join('/'));
  now = shown;
  start.hidden = true;
  place.hidden = false;
  document.body.classList.add('inside');
  document.body.dataset.at = to;
  const heading = make('h1', { tabindex: '-1', text: shown.title });
  place.className = `view of-${name}`;
  place.replaceChildren(
    make('p', { class: 'up' }, make('a', { href: `#${shown.back?.to ?? ''}` }, sign('back'), shown.back?.text ?? t('home.start'))),
    make('header', { class: 'head' }, heading, shown.lead ? make('p', { class: 'lead', text: shown.lead }) : null),
    ...shown.body,
  );
  document.title = `${shown.title} · ${title}`;
  shown.shown?.();
  window.scrollTo(0, 0);
  if (!shown.keepsFocus) heading.focus({ preventScroll: true });
}

// A view learns its title late: a guide is called what the server calls it.
export function entitle(words) {
  place.querySelector('h1').textContent = words;
  document.title = `${words} · ${title}`;
}

function home(from) {
  now.leave?.();
  now = {};
  place.hidden = true;
  place.replaceChildren();
  start.hidden = false;
  document.body.classList.remove('inside');
  document.body.dataset.at = '';
  document.title = title;
  window.scrollTo(0, left);
  const link = start.querySelector(`a[href="#${CSS.escape(from.split('/')[0])}"]`);
  (link ?? document.getElementById('hello')).focus({ preventScroll: true });
}

// A link cut or mangled on its way still shows the page.
function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return '';
  }
}
