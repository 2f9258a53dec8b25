// What is to be done at once, like asking for all tiles that come into view, is begun one after the
// other, so that a frame can be drawn between two.

let last = Promise.resolve();

export function turn() {
  last = last.then(() => new Promise((done) => { setTimeout(done); }));
  return last;
}
