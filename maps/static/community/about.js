// What belongs to a page but is no field of it: the decisions of a meeting, the result of a poll.

import { expected, get } from '../page/ask.js';
import { make, sign } from '../page/build.js';
import { count, t } from '../page/words.js';
import { KINDS, pollState } from './kinds.js';

export function decided({ id }, decisions) {
  const own = decisions.filter(({ meeting }) => meeting === id);
  return make('section', { class: 'paper decided', 'aria-labelledby': 'decided' },
    make('header', {}, make('h3', { id: 'decided', text: t('home.meetings.decided') }), make('a', { class: 'btn', href: `#decisions/new/${id}` }, sign('plus'), t('community.new.decisions'))),
    own.length ? make('ul', { class: 'rows' }, own.map((one) => make('li', {}, make('a', { class: 'row', href: `#decisions/${one.id}` },
      make('span', { class: 'grow' }, make('span', { class: 'title', text: one.words }), make('span', { class: 'under', text: KINDS.decisions.under(one).filter(Boolean).join(' · ') }), one.outcome ? make('span', { class: 'under', text: t('home.meetings.outcome', { words: one.outcome }) }) : null),
      ...KINDS.decisions.badges(one)))))
      : make('p', { class: 'soft inside', text: t('community.none.decisions') }));
}

export function resulted(poll) {
  if (pollState(poll) !== 'closed') return null;
  const box = make('section', { class: 'letter', 'aria-labelledby': 'result' }, make('h3', { id: 'result', text: t('home.polls.result') }), make('p', { class: 'soft', text: t('page.state.loading') }));
  get(`/community/polls?${new URLSearchParams({ limit: 100, ...(poll.division && { division: poll.division }) })}`)
    .then((polls) => tell(box, polls.find(({ id }) => id === poll.id)?.result)).catch((error) => { tell(box, null); expected(error); });
  return box;
}

function tell(box, result) {
  const say = (words) => make('p', { text: words });
  const told = !result ? [say(t('home.unread'))] : result.hidden ? [say(t('home.polls.few'))]
    : [say(t('home.polls.votes', { n: count(result.votes) })), make('dl', { class: 'facts' }, result.options.flatMap(({ words, votes }) => [make('dt', { text: words }), make('dd', { class: 'num', text: count(votes) })]))];
  box.replaceChildren(box.firstElementChild, ...told);
}
