// A long list shows its beginning, or both its ends, and how much more there is; once unfolded it
// stays so.

import { make } from './build.js';

const unfolded = new Set();

// A list of `tag` with `attributes`; `key` names what is listed. Where there are more than `most`
// rows, those before the last `tail` wait behind a button; `words` of their number are what it says.
export function folded(tag, attributes, rows, { key, most, tail = 0, words }) {
  if (rows.length <= most || unfolded.has(key)) return make(tag, attributes, ...rows);
  const [from, to] = [most - tail, rows.length - tail];
  const waiting = rows.slice(from, to);
  const more = make('li', { class: 'unfold' }, make('button', {
    type: 'button', text: words(waiting.length), onclick() {
      unfolded.add(key);
      more.replaceWith(...waiting);
      const next = waiting[0].querySelector('a, button') ?? waiting[0];
      if (next === waiting[0]) next.tabIndex = -1;
      next.focus({ preventScroll: true });
    },
  }));
  return make(tag, attributes, ...rows.slice(0, from), more, ...rows.slice(to));
}
