// Small parts that every room of the register uses.

import { Lost, Refused, signIn } from '../page/ask.js';
import { make } from '../page/build.js';
import { dialog } from '../page/tell.js';
import { t } from '../page/words.js';
import { why } from './words.js';

// Why something did not work, in a line that stays.
export function reason(error) {
  if (error instanceof Lost) return line('warn', t('register.lost'));
  if (!(error instanceof Refused)) throw error;
  if (error.status === 401) signIn();
  return line('warn', error.status === 403 ? t('register.forbidden') : t('register.refused', { why: why(error.message) }));
}

export function line(look, words) {
  return make('p', { class: `notice ${look}`, role: look === 'warn' ? 'alert' : 'status', text: words });
}

export const empty = (words) => make('p', { class: 'empty', text: words });

export function button(words, act, look = '') {
  return make('button', { type: 'button', class: `btn ${look}`, text: words, onclick: act });
}

// Show what a promise brings, and why when it brings nothing.
export async function fill(place, promise, draw) {
  place.replaceChildren(make('p', { class: 'empty', role: 'status', text: t('page.state.loading') }));
  place.setAttribute('aria-busy', 'true');
  try {
    place.replaceChildren(...[draw(await promise)].flat());
  } catch (error) {
    if (error.name !== 'AbortError') place.replaceChildren(reason(error));
  } finally {
    place.removeAttribute('aria-busy');
  }
}

// Do something for whoever pressed a button; why it did not work stands in `place`.
export async function attempt(place, act) {
  try {
    await act();
  } catch (error) {
    place.replaceChildren(reason(error));
  }
}

// Ask for a reason of some letters before something is revealed; answers it, or null.
export async function askWhy({ title, words, label, yes, least }) {
  const input = make('textarea', { id: 'why', rows: 2, maxlength: 200, required: true });
  const content = make('div', { class: 'field' }, make('p', { class: 'soft', text: words }), make('label', { for: 'why', text: label }), input);
  const answer = dialog(title, content, [{ value: '', text: t('page.do.cancel') }, { value: 'yes', text: yes, look: 'main' }]);
  const main = input.form.querySelector('.main');
  const allow = () => { main.disabled = input.value.trim().length < least; };
  input.addEventListener('input', allow);
  allow();
  return (await answer) === 'yes' ? input.value.trim() : null;
}
