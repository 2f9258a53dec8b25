// The signs by the words of the server: what each looks like, and as a small picture.

import { language } from '../page/words.js';
import { sign } from './glyphs.js';
import { settings } from './state.js';

export const table = {};
for (const kind of ['facilities', 'cases']) {
  table[kind] = Object.fromEntries(settings.styles[kind].map((entry) => [entry.key, entry]));
}
export const strange = { glyph: '?', colour: '#495057', label: '' };

export function lookOf(kind, word) {
  return table[kind][word] ?? { ...strange, label: word };
}

// What it is called.
export function nameOf(kind, word) {
  const { label, english } = lookOf(kind, word);
  return language === 'en' && english ? english : label;
}

// The same sign as a small picture for the queue, the legend, the card and the popup; drawn once. An
// image, not a canvas: the browser keeps a layer of its own for every canvas, and composes each anew
// with every frame in which the map moves.
// `late` is the colour of the mark of what is late.
const drawn = {};

export function picture(kind, word, late = null) {
  const ratio = Math.min(window.devicePixelRatio || 1, 3);
  const image = document.createElement('img');
  Object.assign(image, { className: 'sign', alt: '', width: 24, height: 24 });
  image.setAttribute('aria-hidden', 'true');
  image.src = (drawn[`${kind} ${word} ${ratio} ${late}`] ??= draw(kind, word, ratio, late));
  return image;
}

function draw(kind, word, ratio, late) {
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = 24 * ratio;
  const pen = canvas.getContext('2d');
  pen.scale(ratio, ratio);
  sign(pen, { kind, of: lookOf(kind, word), x: 12, y: 12, size: kind === 'cases' ? 8 : 9, unit: 1, late });
  return canvas.toDataURL();
}
