// The classes of the catalogue, events first: asked for once, found by name, major or code.

import { get } from './ask.js';

const ORDER = ['event', 'service', 'component'];

let classes = null;

export async function catalogue() {
  if (classes) return classes;
  const all = await get('/catalogue');
  classes = all.sort((a, b) => ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind) || (a.code < b.code ? -1 : 1));
  return classes;
}

// Those that hold every word, in name, major or code; the very name comes first, then what begins with it.
export function matching(all, text) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const hits = all.filter((one) => words.every((word) => `${one.name} ${one.major_name} ${one.code}`.toLowerCase().includes(word)));
  const rank = (one) => [one.code === text || one.name === text, one.name.startsWith(text), one.name.includes(text), true].indexOf(true);
  return text ? hits.sort((a, b) => rank(a) - rank(b)) : hits;
}
