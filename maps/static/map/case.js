// The card of a case: what it is, how its time stands, who answers and why, what happened so far.

import { language, t, term } from '../page/words.js';
import { Lost, Refused, askJson } from './ask.js';
import { icon, make } from './build.js';
import { folded } from './fold.js';
import { clockOf, hasEnded, moment, setClock } from './hours.js';
import { may, me, signIn } from './me.js';
import { askAnew, fill, heading, inPlace, opens, panel, reason, section, telephone, turnTo } from './panel.js';
import { photos, story } from './case-story.js';
import { picture } from './signs.js';
import { state } from './state.js';
import { whistleList } from './whistles.js';

const MOST_M = 10000; // what /locate allows
const TITLE = t('map.case.title');
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
    told.textContent = t('map.case.now', { title: read.file.title, state: term('case_state', read.file.state) });
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
  fill(TITLE, head({ code }), reason(error, t('map.case.this'), t('map.case.none')));
}

// A link to a case, opened by somebody who may not see cases: nothing of it is told.
async function closed(code) {
  const { login } = await me();
  fill(TITLE, head({ code }), make('p', { class: 'none', text: t(login ? 'map.case.not_yours' : 'map.case.sign_in') }),
  login ? null : make('p', { class: 'acts' }, make('button', { type: 'button', class: 'main', onclick: signIn, text: t('page.sign.in') })));
  return null;
}

function draw({ file, why, whistles, around }) {
  shown = file;
  fill(TITLE, head(file), time(file), holder(file), unsure(file, around), whose(file, why), report(file),
    photos(file), whistles?.length ? section(t('map.whistle.title'), whistleList(whistles)) : null, story(file));
}

// Head

function head(file) {
  return make('header', { class: 'head of-case' }, wayBack(file), heading(file.title || file.code),
    file.state ? standing(file) : null,
    file.state ? filed(file) : null);
}

function filed({ class: kind, code }) {
  const of = [kind.code, kind.name].filter(Boolean).join(' ');
  return make('p', { class: 'code' }, kind.kind ? make('span', { class: 'kind', text: term('class_kind', kind.kind) }) : null,
    of ? make('span', { text: of }) : null, make('span', { text: code }));
}

function wayBack({ cell }) {
  if (!cell) return make('p', { class: 'where back', text: TITLE });
  return make('button', { type: 'button', class: 'back', onclick: () => opens.cell(cell.code), 'aria-label': t('map.case.back', { name: cell.name }) },
    icon('m12 5-5 5 5 5'), make('span', { text: cell.name }));
}

function standing(file) {
  return make('p', { class: 'state' }, picture('cases', file.state), make('b', { text: term('case_state', file.state) }),
    ...marks(file).map((text) => make('span', { class: 'mark', text })));
}

function marks(file) {
  return [
    file.supervised && t('map.mark.supervised'),
    file.overdue_at && !hasEnded(file.state) && clockOf(file).look !== 'late' && t('map.mark.overdue'),
    file.level && t('map.mark.level', { level: term('division_level', file.level) }),
    file.extension_asked && t('map.mark.extension_asked'),
    file.extensions > 0 && t('map.mark.extensions', { n: file.extensions }),
    file.returns > 0 && t('map.mark.returns', { n: file.returns }),
    file.reworks > 0 && t('map.mark.reworks', { n: file.reworks }),
    file.appeal && t(`map.mark.appeal.${file.appeal}`),
    file.exempt && t('map.mark.exempt'),
  ].filter(Boolean);
}

// Time

function time(file) {
  const clock = clockOf(file);
  const bar = clock.share === undefined ? null : make('div', { class: 'gauge', 'aria-hidden': 'true' }, make('i'));
  if (bar) bar.firstChild.style.width = `${Math.round(clock.share * 1000) / 10}%`;
  return make('section', { class: `time ${clock.look}` },
    make('h3', { text: t(`map.time.${clock.stage?.name ?? 'title'}`) }),
    make('p', { class: 'left', text: clock.words }), bar, make('p', { class: 'soft', text: due(file, clock) }));
}

function due(file, clock) {
  const { condition } = file;
  const limit = condition && ['dispatched', 'handling'].includes(file.state) ? t('map.time.limit', { amount: condition.amount, clock: term('clock', condition.clock) }) : '';
  const ended = file.closed_at ? t('map.time.ended_at', { state: term('case_state', file.state), when: moment(file.closed_at) }) : '';
  return [clock.due ? t('map.time.due', { when: moment(clock.due) }) : ended, limit].filter(Boolean).join(' · ');
}

// Time passes while one reads.
setInterval(() => {
  const old = panel.querySelector('.time');
  if (state.case && shown?.code === state.case && old && !panel.hidden) old.replaceWith(time(shown));
}, TICK_MS);

// Who

function holder({ unit, worker, state: at }) {
  const rows = [[unit, unit && term('unit_kind', unit.kind)], [worker, t('map.case.handler')]].filter(([who]) => who);
  const none = t(hasEnded(at) ? 'map.case.nobody_noted' : 'map.case.nobody_yet');
  return section(t('map.case.holder'), rows.length
    ? make('ul', { class: 'posts' }, ...rows.map(([who, role]) => make('li', {},
      make('span', { class: 'role', text: role }), make('span', { class: 'name', text: who.name }), telephone(who.name, who.phone))))
    : make('p', { class: 'none', text: none }));
}

function unsure({ desk, candidates }, around) {
  if (!desk) return null;
  const nameOf = (code) => around.find((cell) => cell.code === code)?.name ?? code;
  const cells = candidates.map((code) => make('li', {}, make('button', { type: 'button', class: 'chip', text: nameOf(code), onclick: () => opens.cell(code) })));
  return section(t('map.case.unsure'),
    make('p', { class: 'plain', text: desk.code ? t('map.case.desk', { name: desk.name ?? desk.code }) : t('map.case.main_desk') }),
    cells.length ? make('p', { class: 'soft', text: t('map.case.maybe') }) : null,
    cells.length ? make('ul', { class: 'chips' }, ...cells) : null);
}

function whose(file, why) {
  if (hasEnded(file.state) || !why) return null;
  const held = file.unit || file.worker;
  const list = folded('ol', { class: 'why' }, why.steps.map(step), {
    key: `why ${file.code}`, most: 5, tail: 2, words: (rest) => t('map.case.steps', { n: rest }),
  });
  return section(t('map.case.why'),
    held ? make('p', { class: 'soft', text: t('map.case.if_now') }) : null, list,
    why.chosen ? null : nobody(held));
}

function step({ outcome, ...told }, at) {
  return make('li', { class: outcome },
    make('span', { class: 'sign-of' }, outcome === 'chosen' ? icon('m4.5 10.5 4 4 7-8.5') : `${at + 1}`),
    make('p', { text: told[language] }));
}

function nobody(held) {
  return make('p', { class: held ? 'soft' : 'nobody', text: t(held ? 'map.case.nobody' : 'map.case.stays') });
}

// What was reported

function report(file) {
  const { condition } = file;
  const rows = [
    ['address', file.address],
    ['reported', [moment(file.reported_at), term('channel', file.channel)].filter(Boolean).join(' · ')],
    ['contact', file.contact],
    ['filing', condition?.filing],
    ['closing', condition?.closing],
    ['joined_to', file.joined_to && link(file.joined_to)],
    ['joined', file.joined?.length ? file.joined.map(link) : null],
  ].filter(([, value]) => value);
  return section(t('map.case.told'), file.description ? make('p', { class: 'plain', text: file.description }) : null,
    make('dl', { class: 'told' }, ...rows.flatMap(([name, value]) => [make('dt', { text: t(`map.told.${name}`) }), make('dd', {}, ...[value].flat())])));
}

function link(code) {
  return make('button', { type: 'button', class: 'chip', text: code, onclick: () => opens.case(code) });
}
