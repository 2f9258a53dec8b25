// Small parts that every room of the register uses.

import { both, icon, make } from '/static/map/build.js';
import { Lost, Refused } from './send.js';

export { both, icon, make };

const said = document.getElementById('said');
let hiding;

// A passing sentence, with a button that takes the act back where that is possible.
export function say(chinese, english, undo) {
  const words = make('span', {}, ...both(chinese, english));
  const back = undo && make('button', { type: 'button', class: 'undo', onclick: () => { hush(); undo(); } }, ...both('撤销', 'Undo'));
  const close = make('button', { type: 'button', class: 'close', 'aria-label': '知道了 Dismiss', onclick: hush }, icon('m5 5 10 10', 'm15 5-10 10'));
  said.replaceChildren(words, ...[back, close].filter(Boolean));
  said.hidden = false;
  clearTimeout(hiding);
  hiding = setTimeout(hush, undo ? 15000 : 8000);
}

function hush() {
  said.hidden = true;
}

// Why something did not work, in a line that stays.
export function reason(error) {
  if (error instanceof Lost) return line('warning', '连接不上服务器，没有改动任何内容。', 'The server does not answer; nothing was changed.');
  if (error instanceof Refused && error.status === 403) return line('warning', '你的角色或职责范围不允许。', error.message);
  if (error instanceof Refused) return line('warning', '没有接受。', error.message);
  throw error;
}

export function line(kind, chinese, english) {
  return make('p', { class: `line ${kind}`, role: kind === 'warning' ? 'alert' : 'status' }, ...both(chinese, english));
}

export function empty(chinese, english) {
  return make('p', { class: 'empty' }, ...both(chinese, english));
}

export function waiting() {
  return make('p', { class: 'empty', role: 'status' }, ...both('正在读取…', 'Loading'));
}

export function button(chinese, english, act, kind = '') {
  return make('button', { type: 'button', class: `act ${kind}`, onclick: act }, ...both(chinese, english));
}

// Show what a promise brings, and why when it brings nothing.
export async function fill(place, promise, draw) {
  place.replaceChildren(waiting());
  place.setAttribute('aria-busy', 'true');
  try {
    place.replaceChildren(...[draw(await promise)].flat());
  } catch (error) {
    if (error.name !== 'AbortError') place.replaceChildren(reason(error));
  } finally {
    place.removeAttribute('aria-busy');
  }
}

// Ask before something is lost or revealed; answers what was typed, or null.
export function ask({ title, words, label, confirm, needs = 0 }) {
  const input = label && make('textarea', { rows: 2, maxlength: 200, required: true, id: 'why' });
  const yes = make('button', { class: 'act main', value: 'yes' }, ...both(...confirm));
  const box = make('dialog', { class: 'ask', 'aria-labelledby': 'ask-title' },
    make('form', { method: 'dialog' },
      make('h2', { id: 'ask-title' }, ...both(...title)),
      words && make('p', { text: words }),
      label && make('label', { for: 'why' }, ...both(...label)),
      input,
      make('menu', {}, make('button', { class: 'act', value: 'no', formnovalidate: true }, ...both('取消', 'Cancel')), yes)));
  if (input) {
    yes.disabled = true;
    input.addEventListener('input', () => { yes.disabled = input.value.trim().length < needs; });
  }
  document.body.append(box);
  box.showModal();
  return new Promise((resolve) => {
    box.addEventListener('close', () => {
      box.remove();
      resolve(box.returnValue === 'yes' ? (input ? input.value.trim() : true) : null);
    });
  });
}
