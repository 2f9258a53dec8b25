// What is written on cells, and where: code and households inside of each, the name of a community
// where it covers the least of them. Nothing is written over anything else.

import { FONT } from '../map/glyphs.js';
import { count, t } from '../page/words.js';
import { UNIT_ZOOM, map, viewBox } from './place.js';
import { standing } from './range-bar.js';
import { boxOf, inside, meets } from './shapes.js';
import { COLOURS, SIGNS, colour, short } from './sheet.js';

const FROM_ZOOM = 11;
const LEGIBLE_PX = 18; // nothing is written on less
const LINE_PX = 16;
const COMMUNITY = `700 14px ${FONT}`;
const STEPS = [0.5, 0.42, 0.58, 0.34, 0.66, 0.26, 0.74]; // of a community's box, from its middle outwards

// Writes on cells of sheets, the `bold` ones first, and the names of `communities` ({ name, box, cells });
// answers whether anything is written.
export function write(pen, at, cells, { bold = new Set(), communities = [] } = {}) {
  if (map.getZoom() < FROM_ZOOM) return false;
  Object.assign(pen, { textAlign: 'center', textBaseline: 'middle', lineJoin: 'round' });
  const labels = labelled(pen, at, cells, bold);
  const taken = [];
  const called = placed(pen, at, labels, taken, communities);
  for (const { lines, boxes } of labels) {
    const rows = boxes.findLastIndex((box) => !taken.some((one) => meets(one, box))) + 1;
    if (!rows) continue;
    const [west, south, east, north] = boxes[rows - 1];
    taken.push(boxes[rows - 1]);
    lines.slice(0, rows).forEach((line, n) => letters(pen, line, (west + east) / 2, (south + north) / 2 + (n - (rows - 1) / 2) * LINE_PX));
  }
  for (const { line, x, y } of called) letters(pen, line, x, y);
  return taken.length > 0;
}

function labelled(pen, at, cells, bold) {
  const scale = map.getZoomScale(map.getZoom(), UNIT_ZOOM);
  const first = ({ about: { code } }) => (bold.has(code) ? 0 : 1);
  return cells.filter(({ wide }) => wide * scale >= LEGIBLE_PX).sort((a, b) => first(a) - first(b))
    .map((cell) => labelOf(pen, at(...cell.at), cell.about, { room: cell.wide * scale, isBold: bold.has(cell.about.code) })).filter(Boolean);
}

// The communities of all cells of a sheet.
export function communitiesOf(sheet) {
  const some = new Map();
  for (const cell of sheet.cells.values()) {
    const { division_code: code, division_name: name } = cell.about;
    if (!some.has(code)) some.set(code, { name, cells: [] });
    some.get(code).cells.push(cell);
  }
  const corners = ({ box: [west, south, east, north] }) => [[west, south], [east, north]];
  return [...some.values()].filter(({ name }) => name).map((one) => ({ ...one, box: boxOf(one.cells.flatMap(corners)) }));
}

// The lines of a cell, and the box of its first line and of both; null where the code has no room.
function labelOf(pen, [x, y], about, { room, isBold }) {
  const stand = standing(about).at;
  const many = about.households === null ? '' : `${SIGNS[stand]}${t('plan.map.households', { n: count(about.households) })}`;
  const code = { text: short(about.code), font: `700 ${isBold ? 15 : 13}px ${FONT}`, name: 'ink' };
  const households = { text: many, font: `600 12px ${FONT}`, name: stand === 'within' || stand === 'free' ? 'ink' : COLOURS[stand] };
  const [wide, wider] = [code, households].map((line) => measured(pen, line));
  if (wide > room * 0.95) return null;
  const lines = many && wider <= room * 1.05 ? [code, households] : [code];
  return { lines, boxes: lines.map((_, n) => around([x, y], n ? Math.max(wide, wider) : wide, n + 1)) };
}

function measured(pen, { text, font }) {
  pen.font = font;
  return pen.measureText(text).width;
}

const around = ([x, y], wide, rows) => [x - wide / 2, y - (rows * LINE_PX) / 2, x + wide / 2, y + (rows * LINE_PX) / 2];

// Communities in view by name, each where it hides the fewest labels; their boxes are taken.
function placed(pen, at, labels, taken, communities) {
  const view = viewBox(0);
  const some = [];
  for (const { name, box, cells } of communities.filter((one) => meets(one.box, view))) {
    const line = { text: name, font: COMMUNITY, name: 'accent' };
    const wide = measured(pen, line);
    const [west, east] = [at(box[0], box[1])[0] + wide / 2, at(box[2], box[1])[0] - wide / 2];
    if (west > east) continue;
    const spots = STEPS.flatMap((up) => STEPS.map((right) => [box[0] + right * (box[2] - box[0]), box[1] + up * (box[3] - box[1])]))
      .filter((spot) => meets([...spot, ...spot], view) && cells.some(({ feature, box: own }) => meets([...spot, ...spot], own) && inside(spot, feature.geometry)));
    const best = cheapest(spots.map((spot) => at(...spot)).filter(([x]) => x >= west && x <= east), (spot) => hidden(around(spot, wide, 1), labels, taken));
    if (!best) continue;
    taken.push(around(best, wide, 1));
    some.push({ line, x: best[0], y: best[1] });
  }
  return some;
}

const hidden = (box, labels, taken) => (taken.some((one) => meets(one, box)) ? Infinity : labels.reduce((sum, { boxes }) => sum + (meets(boxes.at(-1), box) ? 1 : 0) + (meets(boxes[0], box) ? 3 : 0), 0));

function cheapest(spots, cost) {
  let best = null;
  let least = Infinity;
  for (const spot of spots) {
    const mine = cost(spot);
    if (mine < least) [best, least] = [spot, mine];
    if (!least) break;
  }
  return best;
}

function letters(pen, { text, font, name }, x, y) {
  Object.assign(pen, { font, lineWidth: 3.5, strokeStyle: colour('paper'), fillStyle: colour(name), globalAlpha: 0.92 });
  pen.strokeText(text, x, y);
  pen.globalAlpha = 1;
  pen.fillText(text, x, y);
}
