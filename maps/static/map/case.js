// The card of a case: what it is, how its time stands, who answers and why, what happened so far.

import { Lost, Refused, askJson } from './ask.js';
import { both, icon, make } from './build.js';
import { folded } from './fold.js';
import { clockOf, hasEnded, moment, setClock } from './hours.js';
import { may, me, signIn } from './me.js';
import { askAnew, fill, heading, inPlace, opens, panel, reason, section, telephone, turnTo } from './panel.js';
import { photos, story } from './case-story.js';
import { lookOf, picture } from './signs.js';
import { settings, state } from './state.js';
import { whistleList } from './whistles.js';

const MOST_M = 10000; // what /locate allows
const TITLE = '案卷 Case';
const NONE = ['您负责的范围里没有这件案卷。', 'No such case is in your charge.'];
const { words } = settings;
const TICK_MS = 20_000;

let shown = null; // the case as it was last read
const told = make('p', { class: 'unseen', role: 'status' });
document.body.append(told);

export async function showCase(code, cell = state.selected) {
  const signal = turnTo({ cell, file: code });
  try {
    if (!(await may('cases'))) return await closed(code);
    const read = await readCase(code, signal);
    turnTo({ cell: read.file.cell?.code ?? null, file: code });
    draw(read);
    return read.file;
  } catch (error) {
    if (error.name !== 'AbortError') refuse(code, error);
    throw error;
  }
}

// Asked for again, in place; who hears the page is told when the state is another.
export async function freshCase() {
  if (!(await may('cases'))) return;
  const [code, before] = [state.case, shown];
  try {
    const read = await readCase(code, askAnew());
    inPlace(() => draw(read));
    if (before?.code !== code || before.state === read.file.state) return;
    panel.querySelector('.state').classList.add('new');
    told.textContent = `案卷 ${read.file.title} 现在${read.file.label}`;
  } catch (error) {
    if (error.status === 404) refuse(code, error);
    throw error;
  }
}

async function readCase(code, signal) {
  const path = `/cases/${encodeURIComponent(code)}`;
  const [file, why] = await Promise.all([askJson(path, signal), orNone(askJson(`${path}/why`, signal))]);
  if (why) setClock(why.at);
  const blown = file.timeline.some(({ move }) => move === 'whistle');
  const [whistles, around] = await Promise.all([
    blown ? orNone(askJson(`${path}/whistles`, signal)) : null,
    file.candidates.length ? orNone(askJson(whereabouts(file), signal)) : null,
  ]);
  return { file, why, whistles, around: around ? [around.cell, ...around.candidates].filter(Boolean) : [] };
}

// The cells that a rough place may mean, by name.
function whereabouts({ lon, lat, accuracy_m: accuracy }) {
  const reach = Math.min(Math.max(Math.round(accuracy ?? 1), 1), MOST_M);
  return `/locate?lon=${lon.toFixed(6)}&lat=${lat.toFixed(6)}&accuracy_m=${reach}`;
}

// What stands beside the case does not keep it from being shown.
async function orNone(asked) {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof Lost || error instanceof Refused) return null;
    throw error;
  }
}

function refuse(code, error) {
  shown = null;
  fill(TITLE, head({ code }), reason(error, ['这件案卷', 'This case'], NONE));
}

// A link to a case, opened by somebody who may not see cases: nothing of it is told.
async function closed(code) {
  const { login } = await me();
  fill(TITLE, head({ code }), make('p', { class: 'none' }, ...both(...(login
    ? ['您的角色看不到案卷。', 'Your role does not see cases.']
    : ['这件案卷登录后才能看。', 'Sign in to see this case.']))),
  login ? null : make('p', { class: 'acts' }, make('button', { type: 'button', class: 'main', onclick: signIn }, ...both('登录', 'Sign in'))));
  return null;
}

function draw({ file, why, whistles, around }) {
  shown = file;
  fill(TITLE, head(file), time(file), holder(file), unsure(file, around), whose(file, why), report(file),
    photos(file), whistles?.length ? section('吹哨', 'Whistles', whistleList(whistles)) : null, story(file));
}

// Head

function head(file) {
  return make('header', { class: 'head of-case' }, wayBack(file), heading(file.title || file.code),
    file.state ? standing(file) : null,
    file.state ? filed(file) : null);
}

function filed({ class: kind, code }) {
  const of = [kind.code, kind.name].filter(Boolean).join(' ');
  return make('p', { class: 'code' }, kind.kind ? make('span', { class: 'kind', text: words.kind[kind.kind] }) : null,
    of ? make('span', { text: of }) : null, make('span', { text: code }));
}

function wayBack({ cell }) {
  if (!cell) return make('p', { class: 'where back', text: TITLE });
  return make('button', { type: 'button', class: 'back', onclick: () => opens.cell(cell.code), 'aria-label': `回到 ${cell.name} Back to the cell` },
    icon('m12 5-5 5 5 5'), make('span', { text: cell.name }));
}

function standing(file) {
  const { english } = lookOf('cases', file.state);
  return make('p', { class: 'state' }, picture('cases', file.state), make('b', {}, ...both(file.label, english)),
    ...marks(file).map((text) => make('span', { class: 'mark', text })));
}

function marks(file) {
  const appeal = { asked: '申诉中', upheld: '申诉成立', rejected: '申诉驳回' }[file.appeal];
  return [
    file.supervised && '督办',
    file.overdue_at && !hasEnded(file.state) && clockOf(file).look !== 'late' && '处置已超期',
    file.level && `已上报${words.level[file.level] ?? file.level}`,
    file.extension_asked && '申请延期中',
    file.extensions > 0 && `延期 ${file.extensions} 次`,
    file.returns > 0 && `回退 ${file.returns} 次`,
    file.reworks > 0 && `返工 ${file.reworks} 次`,
    appeal,
    file.exempt && '免责',
  ].filter(Boolean);
}

// Time

function time(file) {
  const clock = clockOf(file);
  const bar = clock.share === undefined ? null : make('div', { class: 'gauge', 'aria-hidden': 'true' }, make('i'));
  if (bar) bar.firstChild.style.width = `${Math.round(clock.share * 1000) / 10}%`;
  return make('section', { class: `time ${clock.look}` },
    make('h3', {}, ...both(clock.stage ? `${clock.stage[0]}时限` : '时限', clock.stage ? `${clock.stage[1]} by` : 'Time')),
    make('p', { class: 'left' }, ...both(clock.zh, clock.en)), bar, make('p', { class: 'soft', text: due(file, clock) }));
}

function due(file, clock) {
  const { condition } = file;
  const limit = condition && ['dispatched', 'handling'].includes(file.state) ? `限 ${condition.amount} ${words.clock[condition.clock]}` : '';
  const ended = file.closed_at ? `${file.label}于 ${moment(file.closed_at)}` : '';
  return [clock.due ? `${moment(clock.due)} 到期` : ended, limit].filter(Boolean).join(' · ');
}

// Time passes while one reads.
setInterval(() => {
  const old = panel.querySelector('.time');
  if (state.case && shown?.code === state.case && old && !panel.hidden) old.replaceWith(time(shown));
}, TICK_MS);

// Who

function holder({ unit, worker, state: at }) {
  const rows = [[unit, unit && words.unit[unit.kind]], [worker, '经办人']].filter(([who]) => who);
  const none = hasEnded(at) ? ['没有登记经办', 'Nobody is noted'] : ['还没有派给谁', 'With nobody yet'];
  return section('在谁手上', 'With whom', rows.length
    ? make('ul', { class: 'posts' }, ...rows.map(([who, role]) => make('li', {},
      make('span', { class: 'role', text: role }), make('span', { class: 'name', text: who.name }), telephone(who.name, who.phone))))
    : make('p', { class: 'none' }, ...both(...none)));
}

function unsure({ desk, candidates }, around) {
  if (!desk) return null;
  const nameOf = (code) => around.find((cell) => cell.code === code)?.name ?? code;
  const cells = candidates.map((code) => make('li', {}, make('button', { type: 'button', class: 'chip', text: nameOf(code), onclick: () => opens.cell(code) })));
  return section('网格未定', 'Cell not sure',
    make('p', { class: 'plain', text: desk.code ? `由${desk.name ?? desk.code}值班台定格` : '由总值班台定格' }),
    cells.length ? make('p', { class: 'soft', text: '可能在这些网格 May lie in' }) : null,
    cells.length ? make('ul', { class: 'chips' }, ...cells) : null);
}

function whose(file, why) {
  if (hasEnded(file.state) || !why) return null;
  const held = file.unit || file.worker;
  const list = folded('ol', { class: 'why' }, why.steps.map(step), {
    key: `why ${file.code}`, most: 5, tail: 2, words: (rest) => [`中间还有 ${rest} 步`, `${rest} steps between`],
  });
  return section('谁来负责，为什么', 'Who answers, and why',
    held ? make('p', { class: 'soft' }, ...both('已经派出。若现在再派：', 'It is dispatched; if it were now:')) : null, list,
    why.chosen ? null : nobody(held));
}

function step({ outcome, zh, en }, at) {
  return make('li', { class: outcome },
    make('span', { class: 'sign-of' }, outcome === 'chosen' ? icon('m4.5 10.5 4 4 7-8.5') : `${at + 1}`),
    make('p', { text: zh }), make('p', { class: 'soft', lang: 'en', text: en }));
}

function nobody(held) {
  const words = held ? ['无人可派', 'Nobody'] : ['无人可派，留在值班台', 'Nobody can take it: it stays at its desk'];
  return make('p', { class: held ? 'soft' : 'nobody' }, ...both(...words));
}

// What was reported

function report(file) {
  const { condition } = file;
  const rows = [
    ['地点', file.address],
    ['上报', [moment(file.reported_at), words.channel[file.channel] ?? file.channel].filter(Boolean).join(' · ')],
    ['来电', file.contact],
    ['立案条件', condition?.filing],
    ['结案标准', condition?.closing],
    ['并入', file.joined_to && link(file.joined_to)],
    ['并案', file.joined?.length ? file.joined.map(link) : null],
  ].filter(([, value]) => value);
  return section('案情', 'What was reported', file.description ? make('p', { class: 'plain', text: file.description }) : null,
    make('dl', { class: 'told' }, ...rows.flatMap(([name, value]) => [make('dt', { text: name }), make('dd', {}, ...[value].flat())])));
}

function link(code) {
  return make('button', { type: 'button', class: 'chip', text: code, onclick: () => opens.case(code) });
}
