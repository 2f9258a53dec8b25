// The list of a kind: found as one types, the newest first.

import { Lost, Refused, get } from '../page/ask.js';
import { make, sign } from '../page/build.js';
import { toast } from '../page/tell.js';
import { ago } from '../page/time.js';
import { count, t } from '../page/words.js';
import { ASKED, badges } from './asked.js';
import { drafted } from './drafts.js';
import { KINDS, renamed, titleOf } from './kinds.js';
import { mayPublish } from './place.js';
import { restored } from './undo.js';

const folded = (row) => JSON.stringify(Object.values(row)).toLowerCase();
const asked = new Map(); // what was looked for, by kind

// `saved(kind, id)` hears of what came back.
export function list(kind, rows, current, saved) {
  const isAsked = kind in ASKED;
  const found = make('ul', { class: 'rows', id: 'rows' });
  const none = make('p', { class: 'empty', hidden: true });
  const told = make('p', { class: 'unseen', role: 'status' });
  const search = make('input', { type: 'search', class: 'input', id: 'search', placeholder: t('community.search'), autocomplete: 'off', maxlength: 80, value: asked.get(kind) ?? '', oninput: show });

  function show() {
    const q = search.value.trim().toLowerCase();
    asked.set(kind, search.value);
    const hits = rows.filter((row) => q.split(/\s+/).every((word) => folded(row).includes(word)));
    found.replaceChildren(...hits.map((row) => make('li', {}, line(kind, row, isAsked, current))));
    none.hidden = hits.length > 0;
    none.textContent = t(q ? 'community.none_found' : `community.none.${kind}`, { q: search.value.trim() });
    told.textContent = q ? t('community.found', { n: hits.length }) : '';
  }

  show();
  return [
    make('header', { class: 'head' }, make('div', { class: 'headline' }, make('h1', { tabindex: '-1', text: t(`community.kind.${kind}`) }),
      isAsked || !mayPublish() ? null : make('a', { class: 'btn main', href: `#${kind}/new` }, sign('plus'), t(`community.new.${kind}`))),
    make('div', { class: 'search-line' }, make('label', { class: 'unseen', for: 'search', text: t('community.search') }), sign('search'), search), told),
    make('div', { class: 'paper' }, found, none),
    isAsked || !mayPublish() ? null : gone(kind, saved),
  ].filter(Boolean);
}

// What was taken back, when somebody looks for it, the last first; with meetings also decisions.
function gone(kind, saved) {
  const kinds = kind === 'meetings' ? ['meetings', 'decisions'] : [kind];
  const [box, many] = [make('div', {}), make('span', { class: 'many num' })];
  const read = async () => {
    box.replaceChildren(make('p', { class: 'soft small inside', text: t('page.state.loading') }));
    try {
      const rows = await Promise.all(kinds.map((one) => get(`/community/pages/${one}?taken_back=true`)));
      const all = kinds.flatMap((one, at) => rows[at].map((row) => ({ kind: one, row: renamed(row) })))
        .sort((a, b) => Date.parse(b.row.taken_back_at) - Date.parse(a.row.taken_back_at));
      many.textContent = all.length ? count(all.length) : '';
      box.replaceChildren(all.length ? make('ul', { class: 'rows' }, all.map((one) => back(one, kind, saved))) : make('p', { class: 'soft small inside', text: t('community.gone.none') }));
    } catch (error) {
      if (!(error instanceof Lost || error instanceof Refused)) throw error;
      box.replaceChildren(make('p', { class: 'fault inside', role: 'alert', text: t('home.unread') }));
    }
  };
  return make('details', { class: 'paper gone', ontoggle: ({ currentTarget: { open } }) => open && read() }, make('summary', {}, sign('next'), t('community.gone.title'), many), box);
}

function back({ kind, row }, among, saved) {
  const restore = make('button', { type: 'button', class: 'btn bare', 'aria-label': t('community.gone.restore_of', { title: titleOf(kind, row) }), onclick: async () => {
    restore.disabled = true;
    try {
      await restored({ kind, row, saved: (id) => saved(kind, id) });
    } catch (error) {
      if (!(error instanceof Lost || error instanceof Refused)) throw error;
      restore.disabled = false;
      toast(t(error instanceof Lost ? 'community.undo_lost' : 'community.undo_late'));
    }
  } }, sign('undo'), t('community.gone.restore'));
  const under = [kind === among ? null : t(`community.kind.${kind}`), ...KINDS[kind].under(row)].filter(Boolean).join(' · ');
  return make('li', { class: 'row' }, make('span', { class: 'grow' }, make('span', { class: 'title', text: titleOf(kind, row) }),
    under ? make('span', { class: 'under', text: under }) : null, make('span', { class: 'under', text: t('community.gone.at', { ago: ago(row.taken_back_at) }) })), restore);
}

export function line(kind, row, isAsked, current) {
  const under = (isAsked ? ASKED : KINDS)[kind].under(row).filter(Boolean).join(' · ');
  const side = isAsked ? [badges(row)] : KINDS[kind].badges(row).filter(Boolean);
  return make('a', { class: 'row', href: `#${kind}/${row.id}`, 'aria-current': row.id === current && 'true' },
    make('span', { class: 'grow' }, make('span', { class: 'title', text: isAsked ? ASKED[kind].title(row) : titleOf(kind, row) }), make('span', { class: 'under', text: under })),
    drafted(`${kind}/${row.id}`) ? make('span', { class: 'badge warn', text: t('community.draft.badge') }) : null, ...side);
}
