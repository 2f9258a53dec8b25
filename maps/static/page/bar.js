// The bar at the top: who is signed in, and where he may go. Asked once; without an answer the bar
// stays as it is.

import { expected, get } from './ask.js';
import { make } from './build.js';
import './view.js';
import { t, term } from './words.js';

const PAGES = [['worker', '/worker', 'handle'], ['desk', '/desk', 'dispatch'], ['plan', '/plan', 'plan'], ['register', '/register', 'persons'], ['community', '/editors', 'community']];

let asked;
export function me() {
  asked ??= get('/me').catch((error) => {
    asked = null;
    throw error;
  });
  return asked;
}

// A choice that is open closes when one does something else.
for (const kind of ['click', 'focusin', 'keydown']) document.addEventListener(kind, (event) => {
  const open = document.querySelector('.look[open]');
  if (open && (event.key === 'Escape' || !open.contains(event.target))) open.open = false;
});

// On a phone the bar is narrower than the pages it names: the current one is in sight.
function inSight(nav) {
  const here = nav.querySelector('[aria-current]');
  if (here) nav.scrollLeft += here.getBoundingClientRect().left - nav.getBoundingClientRect().left - (nav.clientWidth - here.offsetWidth) / 2;
}

export async function bar() {
  const who = await me().catch((error) => expected(error));
  if (!who?.login) return who ?? null;
  const nav = document.getElementById('nav');
  for (const [name, path, right] of PAGES) {
    if (!who.rights.includes(right)) continue;
    nav.append(make('a', { href: path, 'data-page': name, 'aria-current': window.location.pathname === path && 'page', text: t(`page.nav.${name}`) }));
  }
  new ResizeObserver(() => inSight(nav)).observe(nav);
  document.getElementById('me').replaceChildren(make('form', { method: 'post', action: '/sign-out' },
    make('span', { class: 'who soft', text: t('page.sign.in_as', { name: who.name, role: term('role', who.role) }) }),
    make('button', { class: 'btn bare', text: t('page.sign.out') })));
  return who;
}
