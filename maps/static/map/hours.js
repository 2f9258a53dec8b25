// Time in words: a moment by the reader's own clock, a span, and how a case stands with its time.

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

const clock = new Intl.DateTimeFormat('zh-CN', { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
const date = new Intl.DateTimeFormat('zh-CN', { month: 'long', day: 'numeric' });
const dateOfYear = new Intl.DateTimeFormat('zh-CN', { year: 'numeric', month: 'long', day: 'numeric' });
const NEAR = { '-1': '昨天', 0: '今天', 1: '明天' };

export function moment(iso) {
  const at = new Date(iso);
  const today = new Date(now());
  const midnight = (day) => new Date(day.getFullYear(), day.getMonth(), day.getDate());
  const away = Math.round((midnight(at) - midnight(today)) / DAY);
  const day = NEAR[away] ?? (at.getFullYear() === today.getFullYear() ? date : dateOfYear).format(at);
  return `${day} ${clock.format(at)}`;
}

// The two largest units of a span: [Chinese, English].
export function span(ms) {
  const [days, hours, minutes] = [Math.floor(ms / DAY), Math.floor((ms % DAY) / HOUR), Math.floor((ms % HOUR) / MINUTE)];
  if (ms < MINUTE) return ['不到 1 分', 'under 1 min'];
  const parts = days ? [[days, '天', 'd'], [hours, '小时', 'h']] : [[hours, '小时', 'h'], [minutes, '分', 'min']];
  const told = parts.filter(([n], at) => n && !(at && days >= 10));
  return [told.map(([n, word]) => `${n} ${word}`).join(' '), told.map(([n, , word]) => `${n} ${word}`).join(' ')];
}

// What waits in each state, whose deadline that is, and since when it runs.
const STAGES = {
  reported: ['受理', 'Accept', 'reported_at'],
  verified: ['受理', 'Accept', 'reported_at'],
  filed: ['派遣', 'Dispatch', 'filed_at'],
  dispatched: ['处置', 'Handle', 'dispatched_at'],
  handling: ['处置', 'Handle', 'dispatched_at'],
  feedback: ['核查', 'Inspect', 'handled_at'],
};
const AT_WORK = ['dispatched', 'handling'];
const ENDED = ['closed', 'evaluated', 'void'];
export const hasEnded = (state) => ENDED.includes(state);
const SOON = 0.8;

// The clock of a case, of its card or of a list: {look, zh, en, stage, due, share}. `look` is one
// of late, soon, runs, stands, ended; `share` is how much of the time has run.
export function clockOf(file) {
  if (hasEnded(file.state)) return { look: 'ended', zh: '已办结', en: 'Ended' };
  if (file.state === 'suspended') return { look: 'stands', ...suspended(file) };
  if (file.joined_to) return { look: 'stands', zh: '随主案计时', en: 'Runs with the case it is joined to' };
  const stage = STAGES[file.state];
  if (!stage) return { look: 'stands', zh: '暂停', en: 'The clock stands' };
  const due = AT_WORK.includes(file.state) ? file.due_at : file.stage_due_at ?? file.due_at;
  if (!due) return { look: 'stands', zh: '没有时限', en: 'No limit' };
  return running(Date.parse(due), Date.parse(file[stage[2]] ?? file.reported_at), { stage, due });
}

function suspended({ until }) {
  if (!until) return { zh: '已挂账', en: 'Suspended' };
  return { zh: `挂账至 ${moment(until)}`, en: 'Suspended until then' };
}

function running(due, since, facts) {
  const left = due - now();
  const [zh, en] = span(Math.abs(left));
  if (left < 0 && left > -MINUTE) return { ...facts, look: 'late', zh: '刚刚超期', en: 'Just overdue', share: 1 };
  if (left < 0) return { ...facts, look: 'late', zh: `已超 ${zh}`, en: `${en} overdue`, share: 1 };
  const share = due > since ? Math.min(Math.max((now() - since) / (due - since), 0), 1) : 1;
  return { ...facts, look: share >= SOON ? 'soon' : 'runs', zh: `剩 ${zh}`, en: `${en} left`, share };
}
