// Time in words: a moment by the town's clock, a span, and how a case stands with its time.

import { t } from '../page/words.js';
import { localDay, telling } from '../page/zone.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

// How far the clock of this machine is behind the server's; set by whoever hears the server's time.
let behind = 0;

export function setClock(serverTime) {
  behind = Date.parse(serverTime) - Date.now();
}

export function now() {
  return Date.now() + behind;
}

const clock = telling({ hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
const date = telling({ month: 'long', day: 'numeric' });
const dateOfYear = telling({ year: 'numeric', month: 'long', day: 'numeric' });
const NEAR = { '-1': t('page.time.yesterday'), 0: t('page.time.today'), 1: t('page.time.tomorrow') };

export function moment(at) {
  const [day, today] = [localDay(at), localDay(now())];
  const away = (Date.parse(day) - Date.parse(today)) / DAY;
  return `${NEAR[away] ?? (day.slice(0, 4) === today.slice(0, 4) ? date : dateOfYear)(at)} ${clock(at)}`;
}

// The two largest units of a span.
export function span(ms) {
  const [days, hours, minutes] = [Math.floor(ms / DAY), Math.floor((ms % DAY) / HOUR), Math.floor((ms % HOUR) / MINUTE)];
  if (ms < MINUTE) return t('map.time.moment');
  const parts = days ? [[days, 'days'], [hours, 'hours']] : [[hours, 'hours'], [minutes, 'minutes']];
  const told = parts.filter(([n], at) => n && !(at && days >= 10));
  return told.map(([n, unit]) => t(`map.time.${unit}`, { n })).join(' ');
}

// What waits in each state, whose deadline that is, and since when it runs.
const STAGES = {
  reported: { name: 'accept', since: 'reported_at' },
  verified: { name: 'accept', since: 'reported_at' },
  filed: { name: 'dispatch', since: 'filed_at' },
  dispatched: { name: 'handle', since: 'dispatched_at' },
  handling: { name: 'handle', since: 'dispatched_at' },
  feedback: { name: 'inspect', since: 'handled_at' },
};
const AT_WORK = ['dispatched', 'handling'];
const ENDED = ['closed', 'evaluated', 'void'];
export const hasEnded = (state) => ENDED.includes(state);
const SOON = 0.8;

// The clock of a case, of its card or of a list: { look, words, stage, due, share }. `look` is one
// of late, soon, runs, stands, ended; `share` is how much of the time has run.
export function clockOf(file) {
  if (hasEnded(file.state)) return { look: 'ended', words: t('map.time.ended') };
  if (file.state === 'suspended') return { look: 'stands', words: suspended(file) };
  if (file.joined_to) return { look: 'stands', words: t('map.time.joined') };
  const stage = STAGES[file.state];
  if (!stage) return { look: 'stands', words: t('map.time.stands') };
  const due = AT_WORK.includes(file.state) ? file.due_at : file.stage_due_at ?? file.due_at;
  if (!due) return { look: 'stands', words: t('map.time.none') };
  return running(Date.parse(due), Date.parse(file[stage.since] ?? file.reported_at), { stage, due });
}

function suspended({ until }) {
  return until ? t('map.time.suspended_until', { when: moment(until) }) : t('map.time.suspended');
}

function running(due, since, facts) {
  const left = due - now();
  const words = span(Math.abs(left));
  if (left < 0 && left > -MINUTE) return { ...facts, look: 'late', words: t('map.time.just_late'), share: 1 };
  if (left < 0) return { ...facts, look: 'late', words: t('map.time.late', { span: words }), share: 1 };
  const share = due > since ? Math.min(Math.max((now() - since) / (due - since), 0), 1) : 1;
  return { ...facts, look: share >= SOON ? 'soon' : 'runs', words: t('map.time.left', { span: words }), share };
}
