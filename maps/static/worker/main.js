// The phone's page, put together. The page's own script (written by folium) tells `onGround` how the
// map is made; it is made when it is first looked at.

import { expected } from '../page/ask.js';
import { bar } from '../page/bar.js';
import { icon, make, sign } from '../page/build.js';
import { toast } from '../page/tell.js';
import { setClock } from '../page/time.js';
import { t } from '../page/words.js';
import { fromPhone, keepDay, keepFresh, refresh, refreshSoon } from './day.js';
import { watchIfAllowed } from './here.js';
import * as kept from './kept.js';
import { WIDE, fetchRest, follow, leave, update } from './route.js';
import { changed, may, onChange, state } from './state.js';
import { top } from './top.js';

const MENU = ['M3 5.5h14', 'M3 10h14', 'M3 14.5h14'];
export { onGround } from './making.js';

export function start() {
  for (const place of document.querySelectorAll('[data-icon]')) {
    place.replaceWith(place.dataset.icon === 'menu' ? icon(...MENU) : sign(place.dataset.icon));
  }
  top();
  onChange(update);
  open().catch(expected);
}

// What the phone keeps is shown at once; whether the sign-in still holds, and what is new, the server
// is asked meanwhile. The first time there is nothing kept to show: then who it is comes first.
async function open() {
  kept.onShut(nobody);
  let asked = bar();
  asked.catch(expected);
  kept.onOpen(() => {
    setClock(kept.now());
    if (shown && !state.day) return window.location.reload(); // what had ended goes on: from the start
    asked = asked.then((who) => who ?? bar()); // without network nobody said who it is
    return asked.then(fromPhone).then(show).catch(expected);
  });
  if ((await kept.reopen()).open) {
    setClock(kept.now());
    await fromPhone().then(show);
  } else if (!(await mayBegin(asked))) return;
  const [{ open: isOpen, why }] = await Promise.all([kept.open(), refresh().catch(expected)]);
  if (!isOpen) nobody(why);
  else if (state.day) await Promise.all([show(), keepDay()]);
  else if (state.lost) told(t('worker.nobody.offline'), t('worker.nobody.offline_lead'), again());
}

async function mayBegin(asked) {
  const who = await asked.catch(() => null);
  if (who?.login === null) nobody('none');
  else if (who && !who.rights.includes('cases')) told(t('worker.nobody.right'), t('worker.nobody.right_lead'), make('a', { class: 'btn', href: '/', text: t('page.nav.home') }));
  else return true;
  return false;
}

let shown = false;
async function show() {
  if (shown || !state.day) return;
  shown = true;
  await follow();
  requestAnimationFrame(() => setTimeout(() => performance.mark('usable'))); // once it has been painted
  if (!kept.state().keeps) toast(t('offline.insecure'), { stays: 20_000 });
  await startQueue();
  watchIfAllowed().catch(() => {});
  keepFresh();
  fetchRest();
  if (window.matchMedia(WIDE).matches) import('./ground.js').then(({ ready }) => ready(), () => {});
  import('./installed.js').then(({ install }) => install({ onNew: newer }), () => {});
  import('./leaving.js').then(({ atSignOut }) => atSignOut(), () => {});
  if (may('cases')) import('./live.js').then(({ listen }) => listen(), () => {});
}

function newer() {
  toast(t('offline.new.words'), { act: { label: t('offline.new.act'), run: () => window.location.reload() } });
}

// What waits is sent, and told under the thumb.
async function startQueue() {
  const queue = await import('./queue.js');
  const hear = async () => {
    const before = done();
    state.items = await queue.all();
    changed('items');
    if (done() !== before) refreshSoon();
  };
  queue.onChange(hear);
  await hear();
  queue.start();
}

const done = () => state.items.filter(({ state: at }) => at === 'done').length;

// Instead of the day

function told(words, more, act) {
  document.body.dataset.view = 'nobody';
  document.body.dataset.pane = 'list';
  document.getElementById('list').replaceChildren(make('div', { class: 'empty nobody' },
    make('img', { src: '/static/worker/icon-192.png', width: 64, height: 64, alt: '' }), make('h2', { text: words }), make('p', { text: more }), act));
}

const again = () => make('button', { type: 'button', class: 'btn main big', text: t('page.do.again'), onclick: () => window.location.reload() });
const signInAct = () => make('a', { class: 'btn main big', href: '/sign-in?next=/worker', text: t('page.sign.in') });

function nobody(why) {
  state.day = null;
  leave();
  if (why === 'other') return window.location.reload(); // somebody else is signed in here: his day, from the start
  if (why === 'none' && !navigator.onLine) return told(t('worker.nobody.offline'), t('worker.nobody.offline_lead'), again());
  told(t('worker.nobody.title'), t(why === 'ended' ? 'worker.nobody.ended' : 'worker.nobody.lead'), signInAct());
  return asleep().catch(expected);
}

// What somebody told here that has not arrived waits for his account to sign in again.
async function asleep() {
  const n = await (await import('./waiting.js')).asleep();
  if (n) document.querySelector('.nobody p')?.after(make('p', { class: 'notice warn', text: t('offline.left.waiting', { n }) }));
}
