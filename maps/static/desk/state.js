// What the desk knows and shows right now: one object, changed in place. Whoever changes it calls
// `changed(what)`, whoever draws by it listens. How the map looks is in ../map/state.js.

export const state = {
  me: null, // GET /me
  case: null, // the code of the case that is open beside the map
  picked: new Set(), // the codes of the cases whose box is ticked
  filter: { area: null, states: new Set(), kind: null, class: null, overdue: false },
  tool: null, // what the side panel shows
};

const listeners = [];

export function onChange(listener) {
  listeners.push(listener);
}

export function changed(what) {
  for (const listener of listeners) listener(what);
}

// Whether the role of who is signed in has a right.
export const may = (right) => Boolean(state.me?.rights.includes(right));
