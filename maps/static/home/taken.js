// What was sent is taken: its follow code, the day of the answer, and how to go on.

import { make, sign } from '../page/build.js';
import { when } from '../page/time.js';
import { t } from '../page/words.js';
import { codeLine } from './parts.js';
import { followed } from './follow.js';

export function taken(box, what, { follow, due_at: due, code }, ...more) {
  const title = make('h2', { tabindex: '-1', text: t(`home.${what}.taken`) });
  box.replaceChildren(make('div', { class: 'thanks' }, sign('check'), title,
    due ? make('p', { text: t('home.taken.due', { when: when(due) }) }) : null,
    make('div', { class: 'paper codes' }, code ? codeLine(t('home.taken.case'), code) : null, follow ? codeLine(t('home.taken.follow'), follow) : null),
    follow ? make('p', { class: 'soft', text: t('home.taken.keep') }) : null,
    ...more,
    make('p', { class: 'acts' }, follow ? make('a', { class: 'btn main', href: '#follow', onclick: () => followed(follow) }, t('home.taken.look')) : null, make('a', { class: 'btn', href: '#', text: t('home.start') }))));
  title.focus({ preventScroll: true });
  box.scrollIntoView({ block: 'nearest' });
}
