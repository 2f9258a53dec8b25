// A line or an outline drawn point by point, on corners and borders where they are near. `closed`
// for an outline; `changed(points)` hears of every point that is set or taken back.

import { Overlay } from '../map/overlay.js';
import { onTheme } from '../page/theme.js';
import { map, pixel } from './place.js';
import { colour } from './sheet.js';
import { snapped } from './snap.js';

let overlay = null; // one for all pens: one is in hand at a time
let inHand = null;

export function install() {
  overlay = new Overlay((pen, at) => inHand?.paint(pen, at)).addTo(map);
  onTheme(() => overlay.redraw());
}

export class Pen {
  constructor({ closed = false, changed }) {
    Object.assign(this, { closed, changed, points: [], tip: null });
  }

  take() {
    inHand = this;
    this.clear();
    map.getContainer().classList.add('draws');
  }

  lay() {
    inHand = null;
    map.getContainer().classList.remove('draws');
    this.clear();
  }

  clear() {
    this.put([]);
  }

  put(points) {
    this.points = points;
    this.tip = null;
    overlay.redraw();
  }

  hover(at) {
    this.tip = at && snapped(at);
    overlay.redraw();
  }

  click(at) {
    const { place } = snapped(at);
    const last = this.points.at(-1);
    if (last && Math.hypot(...[0, 1].map((axis) => pixel(last)[axis] - pixel(place)[axis])) < 3) return; // a double click
    this.points.push(place);
    overlay.redraw();
    this.changed(this.points);
  }

  back() {
    if (!this.points.length) return false;
    this.points.pop();
    overlay.redraw();
    this.changed(this.points);
    return true;
  }

  paint(pen, at) {
    Object.assign(pen, { lineJoin: 'round', lineCap: 'round' });
    if (this.tip && this.points.length) stroke(pen, at, [this.points.at(-1), this.tip.place, ...(this.closed ? [this.points[0]] : [])], { wide: 2.25, dash: [6, 6] });
    stroke(pen, at, this.closed && !this.tip ? [...this.points, ...this.points.slice(0, 1)] : this.points, { wide: 3 });
    for (const place of this.points) knob(pen, at(...place), 5);
    if (this.tip?.on) knob(pen, at(...this.tip.place), this.tip.on === 'corner' ? 7 : 5, 'warn');
  }
}

// What is set is a line; what the next point would add is dashed.
function stroke(pen, at, places, { wide, dash = [] }) {
  pen.beginPath();
  places.forEach((place, n) => pen[n ? 'lineTo' : 'moveTo'](...at(...place)));
  for (const [around, name] of [[3, 'paper'], [0, 'accent']]) {
    pen.setLineDash(around ? [] : dash);
    Object.assign(pen, { lineWidth: wide + around, strokeStyle: colour(name), globalAlpha: around ? 0.6 : 1 });
    pen.stroke();
  }
  pen.setLineDash([]);
  pen.globalAlpha = 1;
}

export function knob(pen, [x, y], radius, name = 'accent', filled = 'paper') {
  pen.beginPath();
  pen.arc(x, y, radius, 0, 2 * Math.PI);
  Object.assign(pen, { fillStyle: colour(filled), strokeStyle: colour(name), lineWidth: 2.5 });
  pen.fill();
  pen.stroke();
}
