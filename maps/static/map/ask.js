// Asking our own server. Tells the page when the server is out of reach, and when it is back.

export class Refused extends Error {
  constructor(status, sentence) {
    super(sentence);
    this.status = status;
  }
}

export class Lost extends Error {}

// To be said to a promise: being refused, out of reach or asked anew is told elsewhere; all else
// is a mistake of ours and goes to the console.
export function expected(error) {
  if (!(error instanceof Lost || error instanceof Refused || error.name === 'AbortError')) throw error;
}

let onLost = () => {};

export function whenLost(listener) {
  onLost = listener;
}

async function ask(url, signal) {
  let answer;
  try {
    answer = await fetch(url, { signal, credentials: 'same-origin' });
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    onLost();
    throw new Lost(error.message);
  }
  if (answer.ok) return answer;
  if (answer.status >= 500) onLost();
  const problem = await answer.json().catch(() => ({}));
  throw new Refused(answer.status, problem.detail ?? `${answer.status}`);
}

export async function askJson(url, signal) {
  return (await ask(url, signal)).json();
}

export async function askBytes(url, signal) {
  return (await ask(url, signal)).arrayBuffer();
}
