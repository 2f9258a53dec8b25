// What the page says: the words of its language, which stand in the page. `t('page.time.left', { span })`.

const told = JSON.parse(document.getElementById('words')?.textContent ?? '{}');
export const language = document.documentElement.lang.startsWith('en') ? 'en' : 'zh';

export function t(key, facts = {}) {
  const text = (facts.n === 1 && told[`${key}_one`]) || told[key];
  if (text === undefined) throw new Error(`no words for ${key}`);
  return text.replace(/\{(\w+)\}/g, (_, name) => facts[name] ?? '');
}

export const worded = (key) => key in told;

// A word of the trade: `term('case_state', 'filed')`. One that a newer server says is said as it is.
export const term = (kind, value) => told[`terms.${kind}.${value}`] ?? value;

// Who moved a case: an account as it is, time and residents in words.
export const actor = (name) => told[`page.actor.${name}`] ?? name;

const numbers = new Intl.NumberFormat(language === 'en' ? 'en' : 'zh-CN');
export const count = (value) => (value === null || value === undefined ? '—' : numbers.format(value));
