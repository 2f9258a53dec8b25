// Opening hours in words: `Mo-Fr 08:30-12:00; PH off` → Monday to Friday 08:30-12:00; what is not
// written so is said as it is.

import { t } from '../page/words.js';

const DAY = 'Mo|Tu|We|Th|Fr|Sa|Su|PH';
const RULE = new RegExp(`^((?:${DAY})(?:[-,](?:${DAY}))*)?\\s*(off|closed|[\\d:,\\s-]+)$`);

const HYPHEN = '\u2011'; // no line ends within a time

export const hoursInWords = (hours) => rulesInWords(hours).join(t('home.hours.then'));

// Each rule by itself, to stand in a line of its own.
export function rulesInWords(hours) {
  if (hours.trim() === '24/7') return [t('home.hours.always')];
  const rules = hours.trim().replace(/;$/, '').split(';').map((rule) => RULE.exec(rule.trim()));
  if (!rules.every(Boolean)) return [hours];
  return rules.map(([, days, times]) => t(/\d/.test(times) ? 'home.hours.at' : 'home.hours.off', { days: days ? spoken(days) : t('home.hours.daily'), times: times.replaceAll(/\s/g, '').replaceAll('-', HYPHEN).replaceAll(',', t('home.hours.and')) }));
}

function spoken(days) {
  return days.split(',').map((part) => part.split('-').map((day) => t(`home.hours.${day}`)).join(t('home.hours.to'))).join(t('home.hours.and'));
}
