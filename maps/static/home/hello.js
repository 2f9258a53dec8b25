// The head of the page: my cell and who answers in it, or the way to find it.

import { make, sign } from '../page/build.js';
import { sure, toast } from '../page/tell.js';
import { t, term } from '../page/words.js';
import { call } from './parts.js';
import { forget, mine, onPlace, settle } from './place.js';
import { expected } from '../page/ask.js';

const box = document.getElementById('mine');
const title = document.getElementById('hello');
const over = document.getElementById('over');
const greeting = { title: title.textContent, over: over.textContent };

export function hello() {
  onPlace(draw);
  draw();
}

function draw() {
  const { community, duty, code } = mine;
  if (code && !duty) {
    box.replaceChildren(make('p', { class: 'soft', text: t(mine.failed ? 'home.unread' : 'page.state.loading') }));
    return;
  }
  title.textContent = code ? duty.name : greeting.title;
  over.textContent = code ? [t('home.cell.mine'), community.division?.name].filter(Boolean).join(' · ') : greeting.over;
  box.replaceChildren(...(code ? known(duty) : unknown()));
}

// The trade says B of who stands in; here he is called what he does.
const roleOf = (role) => (role === 'backup' ? t('home.cell.backup') : term('post_role', role));

function unknown() {
  return [
    make('p', { class: 'why', text: t('home.cell.why') }),
    make('p', { class: 'acts' }, make('a', { class: 'btn big choose', href: '#cell' }, sign('pin'), t('home.cell.find'))),
  ];
}

// Whoever is there right now is called; the grid worker, if that is somebody else, is named below.
function known({ posts }) {
  const worker = posts.find(({ role }) => role === 'grid_worker') ?? posts[0];
  const there = posts.find((one) => one === worker && one.on_duty) ?? posts.find(({ on_duty: on }) => on);
  return [
    worker ? contact(there ?? worker) : make('p', { class: 'why', text: t('home.cell.nobody') }),
    there && there !== worker ? make('div', { class: 'also' }, make('span', { text: t('home.cell.covered', { role: roleOf(worker.role), name: worker.name }) }), call(worker.phone, worker.name, 'quiet')) : null,
    make('p', { class: 'own' }, make('a', { href: '#cell', text: t('home.cell.change') }), make('button', { type: 'button', class: 'linkish', onclick: ask }, t('home.cell.forget')),
      make('span', { class: 'small', text: t('home.cell.kept') })),
  ].filter(Boolean);
}

function contact({ role, name, phone, on_duty: isHere }) {
  const now = isHere ? 'here_now' : 'away';
  return make('div', { class: 'contact' },
    make('div', { class: 'grow' }, make('span', { class: 'role', text: roleOf(role) }), make('strong', { class: 'name', text: name }),
      make('span', { class: `presence ${now}`, text: t(`home.cell.${now}`) })),
    call(phone, name, 'light big'));
}

async function ask() {
  const { code } = mine;
  if (!(await sure(t('home.cell.forget'), t('home.cell.forget_say'), t('home.cell.forget_yes')))) return;
  await forget();
  title.focus({ preventScroll: true });
  toast(t('home.cell.forgotten'), { act: { label: t('page.do.undo'), run: () => settle(code).catch(expected) } });
}
