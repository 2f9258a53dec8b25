// A list however long: a hundred lines at a time, more of them as one comes to its end.

import { expected } from '../page/ask.js';
import { make } from '../page/build.js';
import { t } from '../page/words.js';

const AT_ONCE = 100;

// `line(one)` draws one of `some`; `more()`, if there are more than are here yet, adds them to `some`
// and tells whether there are still more.
export function longList(some, line, { more = null, look = 'rows' } = {}) {
  let shown = 0;
  let further = more;
  let busy = false;
  const list = make('ul', { class: look });
  const next = make('button', { type: 'button', class: 'btn wide', text: t('page.do.more'), onclick: () => grow().catch(expected) });
  const draw = () => {
    list.append(...some.slice(shown, shown + AT_ONCE).map(line));
    shown = Math.min(some.length, shown + AT_ONCE);
    next.hidden = shown === some.length && !further;
  };
  const grow = async () => {
    if (busy) return;
    busy = true;
    try {
      if (shown === some.length && further && !(await further())) further = null;
      draw();
    } finally {
      busy = false;
    }
  };
  draw();
  new IntersectionObserver(([{ isIntersecting: seen }]) => seen && grow().catch(expected)).observe(next);
  return make('div', { class: 'long-list' }, list, next);
}
