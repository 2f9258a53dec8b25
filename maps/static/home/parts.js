// What several views are put together from: rows that lead on, paragraphs, telephones, nothing.

import { Lost, Refused } from '../page/ask.js';
import { make, sign } from '../page/build.js';
import { ways } from '../page/way.js';
import { dialog } from '../page/tell.js';
import { t } from '../page/words.js';
import { rulesInWords } from './hours.js';

export const waiting = () => make('div', { class: 'waiting', role: 'status' }, make('span', { class: 'unseen', text: t('page.state.loading') }),
  ...[1, 2, 3].map((n) => make('span', { class: `wait w${n}`, 'aria-hidden': 'true' })));

export const nothing = (words, ...acts) => make('div', { class: 'empty' }, make('p', { text: words }), ...acts);

// Plain text, a blank line between its paragraphs.
export const paragraphs = (text) => (text ?? '').split(/\n\s*\n/).filter((one) => one.trim()).map((one) => make('p', { class: 'said', text: one.trim() }));

export function rows(list, row, none) {
  return list.length ? make('ul', { class: 'rows' }, list.map((one) => make('li', {}, row(one)))) : nothing(none);
}

export function row({ to, title, under, excerpt, side = [] }) {
  return make('a', { class: 'row', href: `#${to}` }, make('span', { class: 'grow' }, make('span', { class: 'title', text: title }),
    excerpt ? make('span', { class: 'under excerpt', text: excerpt }) : null, under ? make('span', { class: 'under', text: under }) : null), ...side, sign('next'));
}

// What is asked of the server, shown when it comes; asked again by who presses.
export function filled(ask, show) {
  const box = make('div', { class: 'filled' }, waiting());
  async function fill() {
    box.replaceChildren(waiting());
    try {
      const answer = await ask();
      box.replaceChildren(...[show(answer)].flat());
    } catch (error) {
      if (error.name === 'AbortError') return;
      if (!(error instanceof Lost || error instanceof Refused)) throw error;
      box.replaceChildren(unread(error, fill));
    }
  }
  fill();
  return box;
}

export function unread(error, again) {
  if (error instanceof Refused && error.status === 404) return nothing(t('home.gone'));
  return nothing(t(navigator.onLine ? 'home.unread' : 'home.offline'), make('button', { type: 'button', class: 'btn', onclick: again }, t('page.do.again')));
}

const digits = (phone) => phone.replace(/[^0-9+]/g, '');
export function call(phone, who, look = '') {
  if (!phone) return null;
  return make('a', { class: `btn call ${look}`, href: `tel:${digits(phone)}`, 'aria-label': t('home.call', { who, phone }) }, sign('phone'), make('span', { class: 'num', text: phone }));
}

// On a holiday, or a working day in place of another, nobody knows for sure.
export function openNow({ open_now: open, may_differ: differs }) {
  if (open === null || open === undefined) return null;
  const [look, words] = differs ? ['warn', 'maybe_'] : [open ? 'good' : '', ''];
  return make('span', { class: `badge ${look}`, text: t(`home.places.${words}${open ? 'open' : 'closed'}`) });
}

export const hoursLine = ({ hours, may_differ: differs }) => (hours ? make('p', { class: 'hours soft num' }, sign('clock'), make('span', { class: 'rules' },
  rulesInWords(hours).map((rule) => make('span', { text: rule })), differs ? make('span', { class: 'differs', text: t(`home.hours.differ_${differs}`) }) : null)) : null);

// Which map application shall lead the way.
export function wayButton(place, look = '') {
  return make('button', { type: 'button', class: `btn ${look}`, 'aria-label': t('home.way.do', { name: place.name }), onclick: () => lead(place) }, sign('way'), t('page.do.way'));
}

function lead(place) {
  const links = make('div', { class: 'ways' }, Object.entries(ways(place)).map(([key, href]) => make('a', { class: 'btn wide', href, text: t(`home.way.${key}`) })));
  dialog(t('home.way.to', { name: place.name }), links, [{ value: '', text: t('page.do.close') }]);
}

export const metres = (value) => (value >= 1000 ? `${(value / 1000).toFixed(1)} ${t('page.unit.km')}` : `${value} ${t('page.unit.m')}`);

// A code to be written down or copied.
export function codeLine(label, code) {
  const done = make('span', { class: 'copied small', role: 'status' });
  const copy = make('button', { type: 'button', class: 'btn', onclick: async () => {
    try {
      await navigator.clipboard.writeText(code);
      done.textContent = t('home.copied');
    } catch {
      window.getSelection().selectAllChildren(written); // to be copied by hand
      done.textContent = t('home.copy_by_hand');
    }
  } }, t('home.copy'));
  const written = make('strong', { class: 'code num', text: code });
  return make('div', { class: 'code-line' }, make('span', { class: 'soft', text: label }), written, copy, done);
}
