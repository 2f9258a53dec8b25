// Asking our own server. A refusal carries its facts, so that a page can show them at their fields.

export class Refused extends Error {
  constructor(status, problem) {
    super(problem.detail ?? `${status}`);
    this.status = status;
    this.facts = problem;
  }

  get faults() {
    return this.facts.faults ?? this.facts.errors ?? [];
  }
}

// Nobody answered, not in time, or with a mistake of its own (`status` is 500 or more): whether it was
// done is not known.
export class Lost extends Error {
  constructor(message, status = null) {
    super(message);
    this.status = status;
  }
}

// To be said to a promise: being refused, out of reach or asked anew is told elsewhere; all else is
// a mistake of ours and goes to the console.
export function expected(error) {
  if (!(error instanceof Lost || error instanceof Refused || error.name === 'AbortError')) throw error;
}

export async function send(method, url, { body, signal, headers = {} } = {}) {
  const plain = body !== undefined && !(body instanceof FormData);
  let answer;
  try {
    answer = await fetch(url, {
      method, signal, credentials: 'same-origin',
      headers: { ...(plain && { 'Content-Type': 'application/json' }), ...headers },
      body: plain ? JSON.stringify(body) : body,
    });
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    throw new Lost(error.message);
  }
  if (answer.ok || answer.status === 304) return answer;
  const problem = await answer.json().catch(() => ({}));
  if (answer.status >= 500) throw new Lost(problem.detail ?? `${answer.status}`, answer.status);
  throw new Refused(answer.status, problem);
}

const read = async (answer) => (answer.status === 204 || answer.status === 304 ? null : answer.json());

export const ask = (url, how) => send('GET', url, how);
export const get = async (url, signal) => read(await send('GET', url, { signal }));
export const post = async (url, body, signal) => read(await send('POST', url, { body, signal }));
export const put = async (url, body) => read(await send('PUT', url, { body }));
export const patch = async (url, body) => read(await send('PATCH', url, { body }));
export const remove = async (url) => read(await send('DELETE', url));

// One act, one id: sending it again never does it twice.
export function newId() {
  if (crypto.randomUUID) return crypto.randomUUID(); // only where the page is served safely
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

export function signIn() {
  const here = window.location.pathname + window.location.search + window.location.hash;
  window.location.assign(`/sign-in?next=${encodeURIComponent(here)}`);
}
