// The panels at the right, one at a time, and the rail of buttons that open them. On the telephone a
// panel is a sheet over the lower part of the map.

import { ICONS, icon, make, sign } from '../page/build.js';
import { t } from '../page/words.js';
import { changed, state } from './state.js';

const panel = document.getElementById('side');
const rail = document.getElementById('rail');
const frame = document.getElementById('main');
const mounted = new Map();
let panels = [];

export function install(all) {
  panels = all;
  rail.append(...panels.map(({ name, title, icon: look }) =>
    make('button', { type: 'button', class: 'tool', 'data-panel': name, 'aria-pressed': 'false', onclick: () => (state.panel === name ? closePanel() : openPanel(name)) },
      icon(...(ICONS[look] ?? look)), make('span', { text: title }), make('span', { class: 'badge warn', hidden: true }))));
}

export function openPanel(name, { focus = true } = {}) {
  const one = panels.find((known) => known.name === name);
  if (!one) return;
  leave();
  if (!mounted.has(name)) {
    mounted.set(name, make('div', { class: 'side-body' }));
    one.mount(mounted.get(name));
  }
  const heading = make('h2', { text: one.title, tabindex: '-1' });
  panel.replaceChildren(make('header', { class: 'side-head' }, heading,
    make('button', { type: 'button', class: 'btn bare square', 'aria-label': t('page.do.close'), onclick: closePanel }, sign('close'))), mounted.get(name));
  panel.hidden = false;
  frame.classList.add('with-side');
  mark(name);
  one.shown?.();
  if (focus) heading.focus({ preventScroll: true });
}

export function closePanel() {
  const name = state.panel;
  if (!name) return;
  leave();
  const inside = panel.contains(document.activeElement);
  panel.hidden = true;
  panel.replaceChildren();
  frame.classList.remove('with-side');
  mark(null);
  if (inside) rail.querySelector(`[data-panel="${name}"]`).focus({ preventScroll: true });
}

// A few characters on the button of a panel: how many findings there are; '' for none.
export function badge(name, text) {
  const place = rail.querySelector(`[data-panel="${name}"] .badge`);
  if (!place) return;
  place.textContent = text;
  place.hidden = !text;
}

function leave() {
  panels.find(({ name }) => name === state.panel)?.hidden?.();
}

function mark(name) {
  state.panel = name;
  for (const button of rail.children) button.setAttribute('aria-pressed', String(button.dataset.panel === name));
  changed('panel');
}
