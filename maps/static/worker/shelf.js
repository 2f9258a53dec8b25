// The browser's store: what is kept of one sign-in, and what waits to be sent. All of it sealed.
//
//   kept    the sign-in with its keys, the sealed day; ends with the sign-in
//   halves  this browser's half of the key of each account's queue; worth nothing without the server's
//   queue   what waits, in the order in which it was told, each item its account's
//   photos  photographs of items

const NAME = 'wangge-worker';
const VERSION = 1;

let opened;
function database() {
  opened ??= new Promise((done, fail) => {
    const ask = indexedDB.open(NAME, VERSION);
    ask.onupgradeneeded = () => {
      ask.result.createObjectStore('kept');
      ask.result.createObjectStore('halves');
      ask.result.createObjectStore('queue', { keyPath: 'number', autoIncrement: true });
      ask.result.createObjectStore('photos', { keyPath: ['id', 'place'] });
    };
    ask.onsuccess = () => {
      ask.result.onversionchange = () => ask.result.close();
      done(ask.result);
    };
    ask.onerror = () => fail(ask.error);
  });
  return opened;
}

export const answered = (request) => new Promise((done, fail) => {
  request.onsuccess = () => done(request.result);
  request.onerror = () => fail(request.error);
});

// Read from some stores: `work(store, …)` makes requests, all in one transaction.
export async function read(names, work) {
  const inside = (await database()).transaction(names, 'readonly');
  return work(...[names].flat().map((name) => inside.objectStore(name)));
}

// Change some stores, all or nothing; done when it lies on the disk. Rejects with what went wrong,
// QuotaExceededError when the phone is full.
export async function write(names, work) {
  const inside = (await database()).transaction(names, 'readwrite', { durability: 'strict' });
  const over = new Promise((done, fail) => {
    inside.oncomplete = done;
    inside.onabort = () => fail(inside.error ?? new DOMException('not kept', 'AbortError'));
  });
  try {
    work(...[names].flat().map((name) => inside.objectStore(name)));
  } catch (error) {
    over.catch(() => {}); // told by the error itself
    inside.abort();
    throw error;
  }
  await over;
}
