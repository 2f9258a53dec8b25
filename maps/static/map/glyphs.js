// The signs, as they are drawn: a disc for a facility, a diamond for a case, one character in each.
// Nothing here knows the page: it is drawn so on a tile, in the legend and beside the page.

export const FONT = '"PingFang SC","Microsoft YaHei","Noto Sans CJK SC","WenQuanYi Micro Hei",sans-serif';
export const LEGIBLE = 7;

// A drawing surface, beside the page or on it.
export function surface(wide, high) {
  if (typeof OffscreenCanvas === 'function') return new OffscreenCanvas(wide, high);
  const canvas = document.createElement('canvas');
  canvas.width = wide;
  canvas.height = high;
  return canvas;
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

// `size` in CSS pixels; from 7 up the character is written. `of` is { glyph, colour }; `late` is the
// colour of the mark of what is late.
export function sign(pen, { kind, of, x, y, size, unit, rim = '#ffffff', late = null }) {
  pen.lineJoin = 'round';
  outline(pen, kind, x, y, size * unit);
  pen.lineWidth = (size > 4 ? 2.5 : 1.2) * unit;
  pen.strokeStyle = rim;
  pen.stroke();
  pen.fillStyle = of.colour;
  pen.fill();
  if (size < LEGIBLE) return;
  pen.fillStyle = '#ffffff';
  pen.font = `600 ${size * (kind === 'cases' ? 1.15 : 1.2) * unit}px ${FONT}`;
  pen.textAlign = 'center';
  pen.textBaseline = 'middle';
  pen.fillText(of.glyph, x, y + 0.06 * size * unit);
  if (late) mark(pen, { x: x + 0.85 * size * unit, y: y - 0.85 * size * unit, unit, colour: late, rim });
}

// What is late is told by its form: an exclamation mark at the upper right.
function mark(pen, { x, y, unit, colour, rim }) {
  pen.beginPath();
  pen.arc(x, y, 4.5 * unit, 0, 2 * Math.PI);
  pen.lineWidth = 2 * unit;
  pen.strokeStyle = rim;
  pen.stroke();
  pen.fillStyle = colour;
  pen.fill();
  pen.fillStyle = rim;
  pen.fillRect(x - 0.8 * unit, y - 3 * unit, 1.6 * unit, 3.6 * unit);
  pen.fillRect(x - 0.8 * unit, y + 1.5 * unit, 1.6 * unit, 1.6 * unit);
}

// Several cases that would lie on each other: a disc with their number, marked if one is late.
export function crowd(pen, { x, y, n, colour, rim = '#ffffff', late = null }) {
  const radius = crowdRadius(n);
  pen.beginPath();
  pen.arc(x, y, radius, 0, 2 * Math.PI);
  pen.lineWidth = 2;
  pen.strokeStyle = rim;
  pen.stroke();
  pen.fillStyle = colour;
  pen.fill();
  pen.fillStyle = '#ffffff';
  pen.font = `700 ${n < 1000 ? 11 : 9.5}px ${FONT}`;
  pen.textAlign = 'center';
  pen.textBaseline = 'middle';
  pen.fillText(n < 10000 ? `${n}` : `${Math.round(n / 1000)}k`, x, y + 0.5);
  if (late) mark(pen, { x: x + 0.75 * radius, y: y - 0.75 * radius, unit: 1, colour: late, rim });
}

export const crowdRadius = (n) => Math.min(8 + 0.8 * Math.log2(n), 16);
