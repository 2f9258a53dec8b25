// Which class a thing is of: those one reports most and those open close by come first; found by
// Chinese, by code, by whole pinyin or its initials.

import { metres } from './geo.js';
import { state } from './state.js';

const MOST = 9;
const NEAR_M = 200;

export function suggested(spot) {
  const near = new Map();
  for (const one of state.day.cases) {
    if (spot && one.lon !== null && metres(spot, one) <= NEAR_M) near.set(`${one.kind} ${one.class_code}`, 1);
  }
  const weight = (one) => one.recent + (near.get(`${one.kind} ${one.code}`) ?? 0) * 2;
  return [...state.day.classes].sort((a, b) => weight(b) - weight(a)).slice(0, MOST);
}

export function found(text) {
  const asked = text.toLowerCase().replaceAll(' ', '');
  const ranked = state.day.classes.map((one) => ({ one, rank: rank(one, asked) })).filter(({ rank: at }) => at >= 0);
  return ranked.sort((a, b) => a.rank - b.rank || b.one.recent - a.one.recent).slice(0, MOST).map(({ one }) => one);
}

// The lower the better; -1 is none.
function rank({ name, code, pinyin = '', pinyin_full: full = '', major_name: major = '' }, asked) {
  const plain = full.replaceAll(' ', '');
  const ways = [
    name === asked || code === asked || pinyin === asked, name.startsWith(asked), pinyin.startsWith(asked), plain.startsWith(asked),
    name.toLowerCase().includes(asked), code.startsWith(asked), pinyin.includes(asked), major.includes(asked),
  ];
  return ways.findIndex(Boolean);
}
