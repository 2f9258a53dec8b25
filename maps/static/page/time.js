// Time in words: what is left, how long ago, and the bar of a clock.

import { make } from './build.js';
import { language, t } from './words.js';
import { localDay, telling } from './zone.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

// How far this device's clock is ahead of the server's; set by whoever hears the server's time.
let ahead = 0;
export const setClock = (at) => { ahead = Date.now() - new Date(at); };
export const now = () => Date.now() - ahead;

// The two largest units at most: 2天3小时, 3小时10分钟, 12分钟.
export function span(milliseconds) {
  const ms = Math.abs(milliseconds);
  const [days, hours, minutes] = [Math.floor(ms / DAY), Math.floor((ms % DAY) / HOUR), Math.floor((ms % HOUR) / MINUTE)];
  const parts = days >= 7 ? [[days, 'days']] : days ? [[days, 'days'], [hours, 'hours']] : hours ? [[hours, 'hours'], [minutes, 'minutes']] : [[Math.max(1, minutes), 'minutes']];
  return parts.filter(([n]) => n).map(([n, unit]) => t(`page.time.${unit}`, { n })).join(language === 'en' ? ' ' : '');
}

export function remaining(due) {
  if (!due) return t('page.time.no_limit');
  const left = new Date(due) - now();
  return t(left < 0 ? 'page.time.late' : 'page.time.left', { span: span(left) });
}

export function ago(at) {
  const gone = now() - new Date(at);
  return gone < MINUTE ? t('page.time.now') : t('page.time.ago', { span: span(gone) });
}

const clockTime = telling({ hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
const dayTime = telling({ month: 'numeric', day: 'numeric', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });

export const day = telling({ year: 'numeric', month: 'long', day: 'numeric' });
export const when = (at) => (localDay(now()) === localDay(at) ? clockTime : dayTime)(at);
export const today = () => localDay(now());

// `share` of the limit is gone (1 and more: it is late); `warned` is when it becomes urgent.
export function clock({ share, due, late = share >= 1, warned = share >= 0.8, paused = false }) {
  const look = paused ? 'paused' : late ? 'late' : warned ? 'warn' : '';
  const words = paused ? t('page.time.paused') : remaining(due);
  return make('div', { class: `clock ${look}` }, make('span', { text: words }),
    share === null || share === undefined ? null : make('div', { class: 'gone', 'aria-hidden': 'true' }, make('i', { css: { width: `${Math.min(1, Math.max(0, share)) * 100}%` } })));
}
