// The line at the top: whose cells these are, whether the server answers, and the menu.

import { make } from '../page/build.js';
import { ago } from '../page/time.js';
import { t } from '../page/words.js';
import { may, onChange, state, unsent } from './state.js';

const where = document.getElementById('where');
const line = document.getElementById('line');
const menu = document.getElementById('menu');
const button = document.getElementById('menu-open');

export function top() {
  onChange((what) => what === 'day' && tabs());
  onChange((what) => ['day', 'line', 'items', 'minute'].includes(what) && draw());
  button.addEventListener('click', () => show(menu.hidden));
  document.addEventListener('click', (event) => !menu.hidden && !event.target.closest('#menu, #menu-open') && show(false));
  menu.addEventListener('keydown', (event) => event.key === 'Escape' && (show(false), button.focus()));
}

function show(on) {
  menu.hidden = !on;
  button.setAttribute('aria-expanded', String(on));
  if (on) menu.querySelector('a, button').focus();
}

function draw() {
  const cells = state.day?.cells ?? [];
  where.textContent = cells.length === 1 ? cells[0].name : cells.length ? t('worker.cells', { name: cells[0].name, n: cells.length }) : state.day?.me.unit ?? t('worker.title');
  const words = state.lost ? t('worker.line.offline', { ago: state.day ? ago(state.day.at) : '' }) : '';
  line.replaceChildren(...(words ? [make('span', { class: 'badge warn', text: words })] : [make('span', { text: division(cells) })]));
  badge();
}

// Who sees no persons has no homes.
function tabs() {
  document.querySelector('[data-tab="homes"]').hidden = !may('persons');
}

const division = (cells) => [...new Set(cells.map((cell) => cell.division?.name).filter(Boolean))].join(' · ');

// How many acts wait under the thumb.
function badge() {
  const tab = document.querySelector('[data-tab="queue"]');
  const all = unsent();
  const stuck = all.some((item) => item.state === 'conflict' || item.state === 'refused');
  tab.querySelector('.many')?.remove();
  tab.classList.toggle('stuck', stuck);
  if (all.length) tab.append(make('b', { class: 'many', text: all.length, 'aria-label': t('worker.queue.count', { n: all.length }) }));
}
