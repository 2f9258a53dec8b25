// Asking our own server. Tells the page when the server is out of reach, and when it is back.

import { Lost, Refused } from '../page/ask.js';

export { Lost, Refused, expected } from '../page/ask.js';

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
  throw new Refused(answer.status, problem);
}

export async function askJson(url, signal) {
  return (await ask(url, signal)).json();
}

export async function askBytes(url, signal) {
  return (await ask(url, signal)).arrayBuffer();
}
