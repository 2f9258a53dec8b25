// The editors' page: what waits, a list for each kind, and one thing beside it. Addresses are
// `#notices`, `#notices/12`, `#notices/new`, `#decisions/new/3`; nothing is what waits.

import { bar } from '../page/bar.js';
import { Lost, Refused, expected, get, signIn } from '../page/ask.js';
import { make, sign } from '../page/build.js';
import { t } from '../page/words.js';
import { nothing, waiting } from '../home/parts.js';
import { ASKED, answering } from './asked.js';
import * as drafts from './drafts.js';
import { editor, standing } from './editor.js';
import { facilities, facility, found } from './facilities.js';
import { KINDS, renamed, titleOf } from './kinds.js';
import { list } from './list.js';
import * as place from './place.js';
import { decided, resulted } from './about.js';
import * as work from './work.js';

const NAV = ['work', 'questions', 'applications', 'notices', 'guides', 'facilities', 'polls', 'meetings'];
const ICONS_OF = { work: 'bell', questions: 'edit', applications: 'people', notices: 'send', guides: 'list', facilities: 'pin', polls: 'check', meetings: 'clock' };
const room = { list: document.getElementById('list'), beside: document.getElementById('beside') };
const title = document.title;
let asking = new AbortController();
let before = '';

const address = () => window.location.hash.slice(1);
const go = (to) => { if (address() === to) show().catch(expected); else window.location.hash = to; };

function nav(at, counts = {}) {
  document.getElementById('kinds').replaceChildren(...NAV.map((kind) => make('a', { href: `#${kind === 'work' ? '' : kind}`, 'aria-current': kind === at && 'page' }, sign(ICONS_OF[kind]), make('span', { text: t(`community.kind.${kind}`) }),
    counts[kind] ? make('span', { class: 'many num' }, make('span', { 'aria-hidden': 'true', text: counts[kind] }), make('span', { class: 'unseen', text: t('community.waiting', { n: counts[kind] }) })) : null)));
  document.querySelector('#kinds [aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'center' }); // on a phone they are a line
}

const fetched = (kind, signal) => (kind === 'facilities' ? found(signal) : kind in ASKED ? get(`/community/asked/${kind}`, signal) : get(`/community/pages/${kind}`, signal).then((rows) => rows.map(renamed)));

async function show() {
  const [kind, which, about] = address().split('/');
  const from = before;
  before = address();
  asking.abort();
  asking = new AbortController();
  const { signal } = asking;
  const shown = kind === 'decisions' ? 'meetings' : kind;
  if (kind && !Object.hasOwn({ ...KINDS, ...ASKED }, kind)) return go('');
  document.body.dataset.at = !kind ? 'work' : which ? 'one' : 'list';
  nav(shown || 'work', counted);
  if (!from.startsWith(shown) || !shown) room.list.replaceChildren(waiting());
  try {
    if (!kind) await showWork(signal);
    else await showKind({ kind, shown, which, about, from, signal });
  } catch (error) {
    if (error.name === 'AbortError') return;
    expected(error);
    document.body.dataset.at = 'list'; // where a phone shows it
    room.beside.replaceChildren();
    room.list.replaceChildren(unread(error));
  }
  document.body.dataset.shown = before;
}

let counted = {};
async function waits(signal) {
  const told = await get('/community/work', signal);
  counted = { questions: told.questions.length, applications: told.applications.length };
  return told;
}

async function showWork(signal) {
  const told = await waits(signal);
  nav('work', counted);
  room.beside.replaceChildren();
  room.list.replaceChildren(...work.begin(told));
  entitle(t('community.kind.work'));
  room.list.querySelector('h1').focus({ preventScroll: true });
}

async function showKind({ kind, shown, which, about, from, signal }) {
  const [rows, decisions] = await Promise.all([fetched(shown, signal), shown === 'meetings' ? fetched('decisions', signal) : []]);
  let row = (kind === 'decisions' ? decisions : rows).find(({ id }) => `${id}` === which);
  if (kind === 'facilities' && !row && Number(which)) row = await facility(Number(which), signal);
  const meeting = kind === 'decisions' ? row?.meeting ?? Number(about) : null;
  room.list.replaceChildren(...(kind === 'facilities' ? facilities(rows, row?.id) : list(shown, rows, meeting ?? row?.id, (back, id) => go(`${back}/${id}`))));
  entitle(t(`community.kind.${shown}`));
  if (!which) {
    room.beside.replaceChildren(make('div', { class: 'empty' }, make('p', { text: t(kind in ASKED || KINDS[kind].isKept ? 'community.choose_only' : 'community.choose') })));
    const link = from.startsWith(`${shown}/`) && room.list.querySelector(`a[href="#${CSS.escape(from)}"]`);
    (link || room.list.querySelector('h1')).focus({ preventScroll: true });
    return;
  }
  const after = { saved: (id) => go(`${kind}/${id}`), gone: () => go(meeting ? `meetings/${meeting}` : shown), done: () => { waits().then(() => nav(shown, counted)).catch(expected); go(`${kind}/${which}`); } };
  beside({ kind, row, isNew: which === 'new', meeting, decisions, rows, after });
}

function beside({ kind, row, isNew, meeting, decisions, rows, after }) {
  const up = kind === 'decisions' ? { to: `meetings/${meeting}`, text: rows.find(({ id }) => id === meeting)?.title ?? t('community.kind.meetings') } : { to: kind, text: t(`community.kind.${kind}`) };
  const name = isNew ? t(`community.new.${kind}`) : row && (kind in ASKED ? ASKED[kind].title(row) : kind === 'decisions' ? t('community.kind.decisions') : titleOf(kind, row));
  const heading = make('h2', { tabindex: '-1', text: name ?? t('home.gone') });
  room.beside.replaceChildren(make('p', { class: `up ${kind === 'decisions' ? '' : 'narrow'}` }, make('a', { href: `#${up.to}` }, sign('back'), up.text)), heading, ...content({ kind, row, isNew, meeting, decisions, after }));
  entitle(heading.textContent);
  room.beside.scrollTo(0, 0);
  if (window.innerWidth <= 900) window.scrollTo(0, 0);
  heading.focus({ preventScroll: true });
}

function content({ kind, row, isNew, meeting, decisions, after }) {
  if (!row && (!isNew || (KINDS[kind]?.isKept && !KINDS[kind].begins))) return [];
  if (kind in ASKED) return [answering(kind, row, after)];
  if (!place.mayPublish() && !KINDS[kind].isKept) return [nothing(t('community.nowhere'))];
  const fixed = row && KINDS[kind].fixed?.(row);
  if (fixed) return [standing(kind, row, fixed, { ...after, more: [resulted(row)].filter(Boolean) })];
  const form = editor(kind, row ?? null, { ...after, fixed: meeting && isNew ? { meeting } : {} });
  return kind === 'meetings' && row ? [decided(row, decisions), form] : [form];
}

function unread(error) {
  if (error instanceof Refused && error.status === 401) return nothing(t('community.signed_out'), make('button', { type: 'button', class: 'btn main', text: t('page.sign.in'), onclick: signIn }));
  return nothing(t(error instanceof Lost && !navigator.onLine ? 'home.offline' : 'home.unread'), make('button', { type: 'button', class: 'btn', text: t('page.do.again'), onclick: () => show().catch(expected) }));
}

function entitle(words) {
  document.title = `${words} · ${title}`;
}

async function begin() {
  nav(address().split('/')[0] || 'work');
  room.list.replaceChildren(waiting());
  const who = await bar();
  if (who) drafts.begin(who.login);
  try {
    await Promise.all([place.load(), waits()]);
  } catch (error) {
    room.list.replaceChildren(make('div', {}, unread(error)));
    room.list.querySelector('button').onclick = () => begin().catch(expected);
    return expected(error);
  }
  window.addEventListener('hashchange', () => address() !== 'main' && show().catch(expected));
  const next = document.querySelector('form[action="/view"] [name="next"]');
  next.form.addEventListener('submit', () => { next.value = `/editors${window.location.hash}`; });
  await show();
}
begin().catch(expected);
