// The way to the studio: beside the page, so that the page never waits for a picture, or on it where
// the browser cannot do that.

const GREETED_MS = 20_000; // a worker that has not come by then does not
const waiting = new Map();
let next = 0;

async function greeted(worker) {
  return new Promise((done) => {
    setTimeout(() => done(false), GREETED_MS);
    worker.addEventListener('error', () => done(false), { once: true });
    worker.addEventListener('message', () => done(true), { once: true });
    worker.postMessage({ id: -1, act: 'greet' });
  });
}

async function beside() {
  if (typeof Worker !== 'function' || typeof OffscreenCanvas !== 'function') return null;
  try {
    const worker = new Worker(new URL('./worker.js', import.meta.url), { type: 'module' });
    if (!(await greeted(worker))) {
      worker.terminate();
      return null;
    }
    worker.addEventListener('message', ({ data: { id, given, failed } }) => {
      const { done, fail } = waiting.get(id);
      waiting.delete(id);
      if (failed) fail(failed);
      else done(given);
    });
    const say = (act, told, handed) => new Promise((done, fail) => {
      next += 1;
      waiting.set(next, { done, fail });
      worker.postMessage({ id: next, act, told }, handed);
    });
    return { say, hand: (canvas) => canvas.transferControlToOffscreen() };
  } catch {
    return null; // no module workers, or no drawing in them
  }
}

async function here() {
  const { studio } = await import('./studio.js');
  return { say: async (act, told) => studio[act](told), hand: (canvas) => canvas };
}

const studio = beside().then((way) => way ?? here());

// Do an act of the studio, which may fail; `handed` are buffers that go over without being copied.
export async function ask(act, told, handed = []) {
  return (await studio).say(act, told, handed);
}

// Give the studio a canvas to paint on: beside the page it paints there with no work for the page.
export async function hang(canvas, key) {
  const { say, hand } = await studio;
  const sheet = hand(canvas);
  return say('hang', { key, sheet }, sheet === canvas ? [] : [sheet]);
}
