// Who is signed in, asked once.

import { Lost, Refused, askJson } from './ask.js';

let asked = null;

export function me() {
  asked ??= askJson('/me').catch((error) => {
    asked = null;
    throw error;
  });
  return asked;
}

// Whether the viewer's role has a right; while nobody can say, it has not.
export async function may(right) {
  try {
    return (await me()).rights.includes(right);
  } catch (error) {
    if (error instanceof Lost || error instanceof Refused) return false;
    throw error;
  }
}

export function signIn() {
  const here = window.location.pathname + window.location.hash;
  window.location.assign(`/sign-in?next=${encodeURIComponent(here)}`);
}
