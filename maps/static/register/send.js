// Asking the register. A refusal carries its facts, so that a page can show both versions.

export class Refused extends Error {
  constructor(status, problem) {
    super(problem.detail ?? `${status}`);
    this.status = status;
    this.facts = problem;
  }
}

export class Lost extends Error {}

async function send(method, url, { body, signal } = {}) {
  const isForm = body instanceof FormData;
  const headers = body && !isForm ? { 'Content-Type': 'application/json' } : {};
  let answer;
  try {
    answer = await fetch(url, {
      method,
      signal,
      headers,
      credentials: 'same-origin',
      body: body && !isForm ? JSON.stringify(body) : body,
    });
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    throw new Lost(error.message);
  }
  if (answer.status === 401) window.location.assign(`/sign-in?next=${encodeURIComponent(window.location.pathname + window.location.hash)}`);
  if (!answer.ok) throw new Refused(answer.status, await answer.json().catch(() => ({})));
  return answer.status === 204 ? null : answer.json();
}

export const get = (url, signal) => send('GET', url, { signal });
export const post = (url, body, signal) => send('POST', url, { body, signal });
export const patch = (url, body) => send('PATCH', url, { body });
export const remove = (url) => send('DELETE', url);
