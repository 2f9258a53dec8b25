// What the page knows, in memory alone. Whoever changes it says `changed(what)`; whoever draws by
// it listens.

export const state = {
  day: null, // the last known answer of /worker/day
  fresh: false, // whether the server said so since the page was opened
  lost: false, // whether the server did not answer
  here: null, // { lon, lat, accuracy_m, at }: never leaves the page but with a report
  items: [], // what waits to be sent, as queue.js tells it
};

const listeners = [];

export function onChange(listener) {
  listeners.push(listener);
}

export function changed(what) {
  for (const listener of listeners) listener(what);
}

export const may = (right) => Boolean(state.day?.me.rights.includes(right));
export const isMe = (worker) => state.day?.me.worker === worker;
export const caseOf = (code) => state.day?.cases.find((one) => one.code === code);
export const visitOf = (care) => state.day?.visits.find((one) => String(one.care) === String(care));
export const cellOf = (code) => state.day?.cells.find((one) => one.code === code);

// What of mine about a case or a visit has not arrived yet.
export const waitingFor = (code) => state.items.filter((item) => item.about?.code === String(code) && item.state !== 'done');
// Whether what is told here holds, though the day that the server told does not know of it yet.
export const holds = (item) => !['conflict', 'refused'].includes(item.state) && !(Date.parse(item.done_at) < state.day.asked_at);
export const unsent = () => state.items.filter((item) => item.state !== 'done');
