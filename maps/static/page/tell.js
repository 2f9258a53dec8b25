// Telling: a passing word with a way back, and a question before something is lost.

import { make } from './build.js';
import { t } from './words.js';

const STAYS_MS = 6000;
let place;

// `act` is { label, run }: an undo, for instance.
export function toast(words, { act, stays = STAYS_MS } = {}) {
  if (!place) document.body.append(place = make('div', { class: 'toasts', role: 'status', 'aria-live': 'polite' }));
  const line = make('div', { class: 'toast' }, make('span', { text: words }));
  const gone = () => line.remove();
  if (act) line.append(make('button', { type: 'button', class: 'btn', text: act.label, onclick: () => { gone(); act.run(); } }));
  place.append(line);
  setTimeout(gone, act ? stays * 2 : stays);
  return gone;
}

// A dialog around `content`; resolves with the value of the button that closed it, '' for none.
export function dialog(label, content, buttons) {
  const form = make('form', { method: 'dialog' }, make('h2', { text: label }), content,
    make('div', { class: 'acts' }, buttons.map(({ value, text, look = '' }) => make('button', { class: `btn ${look}`, value, text, formnovalidate: value === '' }))));
  const element = make('dialog', { class: 'dialog', 'aria-label': label }, form);
  document.body.append(element);
  element.showModal();
  return new Promise((done) => {
    element.addEventListener('click', (event) => event.target === element && element.close(''));
    element.addEventListener('close', () => { done(element.returnValue); element.remove(); });
  });
}

export async function sure(label, words, yes, { danger = false } = {}) {
  const answer = await dialog(label, make('p', { text: words }), [
    { value: '', text: t('page.do.cancel') }, { value: 'yes', text: yes, look: danger ? 'danger' : 'main' },
  ]);
  return answer === 'yes';
}
