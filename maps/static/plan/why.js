// What speaks against an act, in the words of the page. The server says it in English sentences, and
// beside them as `reasons` with keys; what has none, or stands inside of another sentence, is told by the
// sentence where it is known, else as it is.

import { Lost, Refused } from '../page/ask.js';
import { make } from '../page/build.js';
import { when } from '../page/time.js';
import { count, t, term, worded } from '../page/words.js';
import { dayOf } from './panel-words.js';
import { short } from './sheet.js';

const BUSY = 503;
const KNOWN = [
  [/^the outline of (?<cell>\S+) would cross itself/, 'would_cross'],
  [/^cell (?<cell>\S+) would be in (?<n>\d+) pieces/, 'pieces'],
  [/^nothing would be left of cell (?<cell>\S+?)\.?$/, 'nothing_left'],
  [/^cell (?<cell>\S+) would keep none of its/, 'nothing_left'],
  [/^(?<size>[\d.]+) m² would belong to no cell/, 'no_cell'],
  [/^(?<size>[\d.]+) m² would be taken from outside/, 'outside'],
  [/^(?<size>[\d.]+) m² would belong to two cells at once/, 'twice'],
  [/^a border would come within a hair of another one/, 'hair'],
  [/^ground stays in its community: /, 'communities'],
  [/^(?<unit>\S+) lies in no cell/, 'homeless'],
  [/^this is for people who are signed in/, 'signed_out'],
  [/^this needs the right /, 'no_right'],
];

function inWords(sentence, reason) {
  if (reason && worded(`plan.why.${reason.key}`)) return t(`plan.why.${reason.key}`, toldOf(reason.values));
  for (const [pattern, key] of KNOWN) {
    const found = pattern.exec(sentence);
    if (found) return t(`plan.why.${key}`, toldOf(found.groups ?? {}));
  }
  return sentence;
}

const TOLD = {
  cell: short, one: short, other: short, size: count, most: count, day: dayOf,
  cells: (codes) => (Array.isArray(codes) ? codes.map(short).join(t('plan_panels.between')) : codes),
  units: (codes) => (Array.isArray(codes) ? codes.slice(0, 5).join(t('plan_panels.between')) : codes),
  kinds: (kinds) => kinds.map((kind) => term('cell_kind', kind)).join(t('plan_panels.between')),
};
const toldOf = (values) => Object.fromEntries(Object.entries(values).map(([name, value]) => [name, TOLD[name]?.(value) ?? value]));

// Without network, out of reach, with no hand free, or with a mistake of the server's own.
function unanswered({ status }) {
  if (status) return t(`plan.why.${status === BUSY ? 'busy' : 'broken'}`, { status });
  return t(`plan.why.${navigator.onLine ? 'lost' : 'offline'}`);
}

// The sentences that a caught error says, none of them twice.
export function why(error) {
  if (error instanceof Lost) return [unanswered(error), error.unkept && t('plan.why.unkept')].filter(Boolean);
  const { cell, actor, at } = error.facts;
  if (error.status === 409 && actor) return [t('plan.why.conflict', { cell: short(cell), actor, at: when(at) })];
  const sentences = error.faults.map((fault) => (typeof fault === 'string' ? fault : fault.message ?? fault.detail)).filter(Boolean);
  const reasons = new Map((error.facts.reasons ?? []).map((reason) => [reason.said, reason]));
  return [...new Set((sentences.length ? sentences : [error.message]).map((said) => inWords(said, reasons.get(said))))];
}

// The same as an element, to stand next to what caused it; what is no refusal is thrown on.
export function refusal(error) {
  if (!(error instanceof Refused || error instanceof Lost)) throw error;
  return make('div', { class: 'refusal', role: 'alert' }, why(error).map((text) => make('p', { class: 'fault', text })));
}
