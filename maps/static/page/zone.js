// The town's clock. Pages tell times and ask for them by it, wherever the reader's own machine is.

import { language } from './words.js';

const timeZone = document.documentElement.dataset.zone;
const locale = language === 'en' ? 'en-GB' : 'zh-CN';
const HAS_OFFSET = /T.*(Z|[+-]\d\d(:?\d\d)?)$/;

// Tells moments in the page's language: `telling(options)(at)`.
export function telling(options) {
  const format = new Intl.DateTimeFormat(locale, { ...options, timeZone });
  return (at) => format.format(instant(at));
}

const written = new Intl.DateTimeFormat('sv-SE', { dateStyle: 'short', timeStyle: 'medium', timeZone });

// A moment as inputs write it, 2026-11-23T09:30, and its day.
export const local = (at) => written.format(instant(at)).replace(' ', 'T').slice(0, 16);
export const localDay = (at) => local(at).slice(0, 10);

// What the server writes, a moment; what an input writes, by the town's clock; a day, its noon.
export function instant(at) {
  if (typeof at !== 'string' || HAS_OFFSET.test(at)) return new Date(at);
  const told = Date.parse(`${at.length === 10 ? `${at}T12:00` : at}Z`);
  const ahead = (moment) => Date.parse(`${written.format(moment).replace(' ', 'T')}Z`) - moment;
  return new Date(told - ahead(told - ahead(told))); // asked twice: the clock may have been set between
}

// So many days after a day, as days are written.
export const daysAfter = (day, n) => new Date(Date.parse(day) + n * 86_400_000).toISOString().slice(0, 10);
