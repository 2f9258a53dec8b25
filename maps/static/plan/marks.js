// What a check found, on the map: the ground of each finding, and its number.

import { Overlay } from '../map/overlay.js';
import { FONT } from '../map/glyphs.js';
import { onTheme } from '../page/theme.js';
import { map } from './place.js';
import { colour } from './sheet.js';

let findings = [];
let pointed = null;
let overlay = null;

export function install() {
  overlay = new Overlay(paint, { pane: 'marks', level: 356 }).addTo(map);
  onTheme(() => overlay.redraw());
}

export function show(found) {
  findings = found;
  pointed = null;
  overlay.redraw();
}

// The finding at this place of the list stands out; null for none.
export function pointAt(index) {
  pointed = index;
  overlay.redraw();
}

function paint(pen, at) {
  const order = findings.map((_, n) => n).sort((a, b) => (a === pointed) - (b === pointed));
  for (const n of order) {
    ground(pen, at, findings[n].ground, n === pointed);
    numbered(pen, at(findings[n].lon, findings[n].lat), `${n + 1}`, n === pointed);
  }
}

function ground(pen, at, { type, coordinates, geometries = [] }, stands) {
  for (const one of geometries) ground(pen, at, one, stands);
  const lines = { LineString: [coordinates], MultiLineString: coordinates, Polygon: coordinates, MultiPolygon: coordinates?.flat() }[type] ?? [];
  pen.beginPath();
  for (const line of lines) line.forEach(([lon, lat], n) => pen[n ? 'lineTo' : 'moveTo'](...at(lon, lat)));
  Object.assign(pen, { fillStyle: colour('late'), strokeStyle: colour('late'), lineWidth: stands ? 4 : 2.5, globalAlpha: stands ? 0.4 : 0.22, lineJoin: 'round' });
  if (type?.endsWith('Polygon')) pen.fill('evenodd');
  pen.globalAlpha = 1;
  pen.stroke();
}

function numbered(pen, [x, y], text, stands) {
  pen.beginPath();
  pen.arc(x, y, stands ? 15 : 11, 0, 2 * Math.PI);
  Object.assign(pen, { fillStyle: colour('late'), strokeStyle: colour('paper'), lineWidth: 2.5 });
  pen.fill();
  pen.stroke();
  Object.assign(pen, { fillStyle: colour('paper'), font: `700 ${stands ? 14 : 11}px ${FONT}`, textAlign: 'center', textBaseline: 'middle' });
  pen.fillText(text, x, y + 0.5);
}
