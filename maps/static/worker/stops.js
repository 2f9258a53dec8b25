// The stops of the day in order: first where a whistle calls my unit, then by urgency, and among equals along a short way, which begins where
// one stands or, when that is not known, at one's first cell. A visit or case without a place comes
// last of its urgency.

import { callOf } from './calls.js';
import { metres } from './geo.js';
import { holds, state } from './state.js';

const LATER = 2;
const HANDED_IN = new Set(['feedback', 'inspected']); // somebody else confirms it
const ENDS = new Set(['feedback', 'return']);

export function stops() {
  const { day, here } = state;
  const called = day.cases.map((one) => ({ kind: 'case', id: one.code, one, call: callOf(one) })).filter(({ call }) => call);
  const mine = day.cases.filter((one) => isMine(one) && !callOf(one)).map((one) => ({ kind: 'case', id: one.code, one }));
  const visits = day.visits.map((one) => ({ kind: 'visit', id: String(one.care), one }));
  const left = [...mine, ...visits].filter(({ id }) => !isDone(id));
  return [...called.sort((a, b) => Date.parse(a.call.due) - Date.parse(b.call.due)), ...along(left, here ?? day.cells[0] ?? null)];
}

export const isDue = ({ one, call }) => Boolean(call) || one.urgency < LATER;
export const isLate = ({ one, call }) => (call ? call.late : one.urgency === 0);

// Whether it is mine to do something about it.
export const isMine = (one) => one.mine && !HANDED_IN.has(one.state);

// Done here, and not yet in what the server told.
export function isDone(id) {
  return state.items.some((item) => item.about?.code === id && holds(item) && (item.kind === 'visit' || ENDS.has(item.about.move)));
}

export function along(all, start) {
  const ranks = [...new Set(all.map(({ one }) => one.urgency))].sort((a, b) => a - b);
  let here = start;
  return ranks.flatMap((rank) => {
    const found = nearestNext(all.filter(({ one }) => one.urgency === rank), here);
    here = found.findLast(({ one }) => one.lon !== null)?.one ?? here;
    return found;
  });
}

function nearestNext(stopsOfClass, start) {
  if (!start) return stopsOfClass;
  const left = stopsOfClass.filter(({ one }) => one.lon !== null);
  const way = [];
  let here = start;
  while (left.length) {
    let best = 0;
    for (let at = 1; at < left.length; at += 1) if (metres(here, left[at].one) < metres(here, left[best].one)) best = at;
    const [next] = left.splice(best, 1);
    way.push(next);
    here = next.one;
  }
  return [...way, ...stopsOfClass.filter(({ one }) => one.lon === null)];
}
