// Who is signed in: a small button at the lower right, and what it opens.

import { t, term } from '../page/words.js';
import { expected } from './ask.js';
import { icon, make } from './build.js';
import { me, signIn } from './me.js';

const PERSON = ['M10 3a3.6 3.6 0 1 1 0 7.2A3.6 3.6 0 0 1 10 3', 'M3.5 17.5c.6-3.6 3.2-5.4 6.5-5.4s5.9 1.8 6.5 5.4'];

async function signOut() {
  await fetch('/sign-out', {
    method: 'POST',
    credentials: 'same-origin',
    redirect: 'manual',
    headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
    body: '',
  });
  window.location.reload();
}

const WAYS = [['worker', '/worker', 'handle'], ['desk', '/desk', 'dispatch'], ['register', '/register', 'persons'], ['community', '/editors', 'community']];

function told(viewer) {
  const charge = viewer.charge.length ? viewer.charge.slice(0, 3).join('；') + (viewer.charge.length > 3 ? ' …' : '') : t('map.who.nowhere');
  return make('div', { class: 'who panel', id: 'who', role: 'dialog', 'aria-label': t('map.who.title'), hidden: true },
    make('p', { class: 'name', text: viewer.name }),
    make('p', { class: 'soft', text: `${term('role', viewer.role)} · ${charge}` }),
    make('p', { class: 'ways' },
      WAYS.filter(([, , right]) => viewer.rights.includes(right)).map(([name, path]) => make('a', { href: path, text: t(`page.nav.${name}`) })),
      make('a', { href: `/sign-in?next=${encodeURIComponent('/map')}` , text: t('map.who.account') }),
      make('button', { type: 'button', onclick: () => signOut().catch(expected), text: t('page.sign.out') })));
}

export async function whoButton(map) {
  const viewer = await me();
  const label = viewer.login ? `${viewer.name} · ${term('role', viewer.role)}` : t('page.sign.in');
  const button = make('button', { type: 'button', class: viewer.login ? 'me in' : 'me', title: label, 'aria-label': label }, icon(...PERSON));
  const Who = L.Control.extend({
    onAdd() {
      L.DomEvent.disableClickPropagation(button);
      return make('div', { class: 'leaflet-bar' }, button);
    },
  });
  new Who({ position: 'bottomright' }).addTo(map);
  if (!viewer.login) {
    button.addEventListener('click', signIn);
    return;
  }
  const card = told(viewer);
  button.setAttribute('aria-controls', 'who');
  document.body.append(card);
  const show = (open) => {
    card.hidden = !open;
    button.setAttribute('aria-expanded', String(open));
  };
  show(false);
  button.addEventListener('click', () => {
    const at = button.getBoundingClientRect();
    card.style.right = `${window.innerWidth - at.left + 10}px`;
    card.style.bottom = `${window.innerHeight - at.bottom}px`;
    show(card.hidden);
  });
  document.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape' || card.hidden) return;
    event.preventDefault();
    show(false);
    button.focus({ preventScroll: true });
  }, { capture: true });
  document.addEventListener('pointerdown', (event) => {
    if (!card.contains(event.target) && !button.contains(event.target)) show(false);
  });
}
