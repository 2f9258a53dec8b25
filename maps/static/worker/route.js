// Which view is shown: the part of the address after `#/`. The way back is the browser's own.

import { expected } from '../page/ask.js';
import { changed, state } from './state.js';

export const WIDE = '(min-width: 1000px)'; // list, map and card beside each other
const LISTS = ['today', 'homes', 'queue'];
const VIEWS = {
  today: () => import('./today.js'),
  homes: () => import('./homes.js'),
  queue: () => import('./pending.js'),
  map: () => import('./ground.js'),
  report: () => import('./report.js'),
  case: () => import('./case.js'),
  move: () => import('./move.js'),
  whistle: () => import('./whistle.js'),
  visit: () => import('./visit.js'),
  home: () => import('./home.js'),
};
const NEEDED_LATER = ['case', 'report', 'visit', 'homes', 'queue', 'move', 'whistle', 'home'];

const list = document.getElementById('list');
const card = document.getElementById('card');
const thumb = document.getElementById('thumb');
let drawn = {}; // what each pane shows: { path, update }
let steps = 0;

export const here = () => decodeURI(window.location.hash.slice(2) || 'today').split('/');

export function go(...path) {
  window.location.hash = `/${path.map(encodeURIComponent).join('/')}`;
}

export const to = (...path) => `#/${path.map(encodeURIComponent).join('/')}`;

export function back(otherwise = 'today') {
  if (steps > 1) window.history.back();
  else go(otherwise);
}

export function follow() {
  window.addEventListener('hashchange', () => show().catch(expected));
  return show();
}

// Draws again what hangs on `what`.
export function update(what) {
  for (const { update: again } of Object.values(drawn)) again?.(what);
}

// The other views, once nobody waits for anything: without network they must be there.
export function fetchRest() {
  const later = window.requestIdleCallback ?? ((run) => setTimeout(run, 300));
  later(() => Promise.all(NEEDED_LATER.map((name) => VIEWS[name]())).catch(() => {}));
}

export async function show() {
  if (!state.day) return;
  steps += 1;
  const [asked, ...args] = here();
  const name = VIEWS[asked] ? asked : 'today';
  const isList = LISTS.includes(name);
  document.body.dataset.view = name;
  document.body.dataset.pane = isList ? 'list' : name === 'map' ? 'ground' : 'card';
  mark(name);
  if (isList || !drawn.list) await draw('list', list, isList ? name : 'today', isList ? args : []);
  if (name === 'map') await draw('ground', document.getElementById('over'), name, args);
  card.hidden = isList || name === 'map';
  if (card.hidden) clear('card', card);
  else await draw('card', card, name, args);
  changed('view');
}

async function draw(pane, root, name, args) {
  const path = [name, ...args].join('/');
  if (drawn[pane]?.path === path) return;
  const view = await VIEWS[name]();
  if (!state.day) return;
  if (pane !== 'list' && here().join('/') !== path) return; // one has gone on meanwhile
  if (drawn[pane]) root.scrollTop = 0;
  clear(pane, root);
  drawn[pane] = { path, ...view.open(root, ...args.map(decodeURIComponent)) };
  if (pane === 'card') root.focus({ preventScroll: true });
}

// Of the day nothing stays to be seen, in no pane and no dialog.
export function leave() {
  clear('list', list);
  clear('ground', document.getElementById('over'));
  clear('card', card);
  for (const dialog of document.querySelectorAll('dialog[open]')) dialog.close('');
}

function clear(pane, root) {
  drawn[pane]?.close?.();
  delete drawn[pane];
  root.replaceChildren();
}

function mark(name) {
  for (const tab of thumb.querySelectorAll('[data-tab]')) {
    if (tab.dataset.tab === name) tab.setAttribute('aria-current', 'page');
    else tab.removeAttribute('aria-current');
  }
}
