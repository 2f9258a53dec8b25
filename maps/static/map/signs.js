// The signs: a disc for a facility, a diamond for a case, one character in each.

import { settings } from './state.js';

export const FONT = '"PingFang SC","Microsoft YaHei","Noto Sans CJK SC","WenQuanYi Micro Hei",sans-serif';

const table = {};
for (const kind of ['facilities', 'cases']) {
  table[kind] = Object.fromEntries(settings.styles[kind].map((entry) => [entry.key, entry]));
}
const strange = { glyph: '?', colour: '#495057', label: '' };

export function lookOf(kind, word) {
  return table[kind][word] ?? { ...strange, label: word };
}

function outline(pen, kind, x, y, size) {
  pen.beginPath();
  if (kind === 'facilities') pen.arc(x, y, size, 0, 2 * Math.PI);
  else {
    const reach = size * 1.25;
    pen.moveTo(x, y - reach);
    pen.lineTo(x + reach, y);
    pen.lineTo(x, y + reach);
    pen.lineTo(x - reach, y);
    pen.closePath();
  }
}

// How big a sign is at a zoom, in CSS pixels (the radius of a disc).
export function signSize(zoom) {
  const steps = [[18, 10], [16.75, 8], [15.75, 5], [14.75, 3.6], [14, 2.6]];
  return steps.find(([from]) => zoom >= from)?.[1] ?? 1.7;
}

export const LEGIBLE = 7;

// `size` in CSS pixels; from 7 up the character is written.
export function sign(pen, { kind, word, x, y, size, unit }) {
  const { glyph, colour } = lookOf(kind, word);
  pen.lineJoin = 'round';
  outline(pen, kind, x, y, size * unit);
  pen.lineWidth = (size > 4 ? 2.5 : 1.2) * unit;
  pen.strokeStyle = '#ffffff';
  pen.stroke();
  pen.fillStyle = colour;
  pen.fill();
  if (size < LEGIBLE) return;
  pen.fillStyle = '#ffffff';
  pen.font = `600 ${size * (kind === 'cases' ? 1.15 : 1.2) * unit}px ${FONT}`;
  pen.textAlign = 'center';
  pen.textBaseline = 'middle';
  pen.fillText(glyph, x, y + 0.06 * size * unit);
}

// The same sign as a small picture for the legend, the card and the popup.
export function picture(kind, word) {
  const canvas = document.createElement('canvas');
  const ratio = Math.min(window.devicePixelRatio || 1, 3);
  canvas.width = canvas.height = 24 * ratio;
  canvas.className = 'sign';
  canvas.setAttribute('aria-hidden', 'true');
  const pen = canvas.getContext('2d');
  pen.scale(ratio, ratio);
  sign(pen, { kind, word, x: 12, y: 12, size: kind === 'cases' ? 8 : 9, unit: 1 });
  return canvas;
}
