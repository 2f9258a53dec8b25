// The dispatcher's desk, put together. The page's own script calls `openMap` and, last, `start`.

import { expected, signIn } from '../page/ask.js';
import { bar } from '../page/bar.js';
import { make, sign } from '../page/build.js';
import { showKeys } from '../page/keys.js';
import { t } from '../page/words.js';
import { freshCalled } from './called.js';
import { freshCase, openCase } from './case.js';
import * as draw from './draw.js';
import * as emergency from './emergency.js';
import { byArea, focusSearch, opensBy } from './filters.js';
import * as heat from './heat.js';
import { listenTo } from './keys.js';
import { live } from './live.js';
import { many } from './many.js';
import { begin, map, openMap } from './place.js';
import * as proposal from './proposal.js';
import { drawQueue, focusQueue, renew } from './queue.js';
import { side } from './side.js';
import { changed, state } from './state.js';
import * as statistics from './statistics.js';

export { openMap };

const TOOLS = [draw, proposal, emergency, heat, statistics];
const CASE = /^(?:[\w.-]|%[0-9a-f]{2})+$/i; // the address names the open case
const frame = document.getElementById('main');
const open = (code) => openCase(code).catch(expected);
const KEYS = [
  { key: '/', name: t('desk.keys.search'), run: () => { see('queue'); focusSearch(); } },
  { key: 'q', name: t('desk.keys.queue'), run: () => { see('queue'); focusQueue(); } },
  { key: 'm', name: t('desk.keys.map'), run: () => { see('map'); map.getContainer().focus({ preventScroll: true }); } },
  { key: '↑↓', name: t('desk.keys.lines') }, { key: 'Enter', name: t('desk.keys.open') }, { key: 'x', shown: t('desk.keys.space'), name: t('desk.keys.pick') },
  { key: 'Escape', shown: 'Esc', name: t('desk.keys.close'), run: () => side.close() },
  { key: '?', name: t('desk.keys.title'), run: told },
];

function told() {
  showKeys(t('desk.keys.title'), KEYS).catch(expected);
}

async function begun() {
  state.me = await bar();
  if (!state.me?.login) return signIn();
  changed('me');
  many();
  opensBy(open);
  const queue = drawQueue(open);
  freshCalled(open);
  await Promise.all([queue, begin({ case: open, cell: byArea }).then(tools)]);
  const asked = window.location.hash.slice(1);
  if (CASE.test(asked)) open(decodeURIComponent(asked));
  return live(open);
}

// The tools need the map as it stands.
function tools() {
  for (const { install } of TOOLS) install();
}

// On the telephone the queue and the map are two views.
function views() {
  const names = [['queue', 'list'], ['map', 'map']];
  document.getElementById('views').append(...names.map(([name, icon]) => make('button', { type: 'button', class: 'view', 'data-view': name, 'aria-pressed': String(name === 'queue'), onclick: () => see(name) }, sign(icon), t(`desk.view.${name}`))));
}

function see(name) {
  frame.dataset.view = name;
  for (const button of document.getElementById('views').children) button.setAttribute('aria-pressed', String(button.dataset.view === name));
}

// Back from where there was no network: what was missed is read at once.
function online() {
  renew([], { all: true }).catch(expected);
  freshCase().catch(expected);
}

export function start() {
  views();
  listenTo(KEYS);
  document.addEventListener('click', (event) => event.target.closest('[data-keys]') && told());
  window.addEventListener('online', online);
  begun().catch(expected);
}
