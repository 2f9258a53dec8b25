// Names over the picture: streets' and communities' names far out, cells' names where they fit; and
// the signs that names have to keep off. Drawn over the whole view at once, so that no name is cut by
// a tile's edge or said twice.

import { EXTENT } from './decode.js';
import { FONT, crowd, crowdRadius, sign, signSize } from './glyphs.js';
import { grouped, reachAt } from './groups.js';
import { Nearby } from './nearby.js';
import { streetNames } from './street-names.js';

const EARTH_M = 40075016.68;
const SIDE = 512;
const SLACK = 22; // pixels a name may stand off its place where crowds of cases stand on it
const LINE = 1.3; // the height of a line, by the size of its letters
const WIDTHS = 20_000;
const widths = new Map(); // by size and text, in pixels
const CROWDED_FROM = 8.5; // the size of a sign that stands alone where signs are grouped

// Draws on `pen` what the view shows of the tiles `present`, each { tile, x, y, z, perUnit } with the
// pixel of its corner; returns the groups of cases.
export function overlay(pen, present, view, look) {
  const groups = look.grouped && look.parts.has('cases') ? crowds(present, view, look) : [];
  const size = look.grouped ? CROWDED_FROM : signSize(view.zoom);
  const single = signSize(view.zoom) >= 3 ? signsIn(present, view, look) : [];
  const signs = [...single, ...groups];
  if (look.parts.has('names')) {
    const taken = write(pen, gather(present, view, look), { ...view, signs, size, look });
    if (look.parts.has('ground')) writeStreets(pen, streetsOf(present, view), { taken, look });
    over(pen, single, { taken, size: signSize(view.zoom), look });
  }
  for (const group of groups) stand(pen, group, look); // the open case comes last, on top
  return groups;
}

function stand(pen, { x, y, n, word, late }, look) {
  const how = { x, y, rim: look.ground.halo, late: late ? look.ground.vacant : null };
  if (n > 1 || !word) crowd(pen, { ...how, n, colour: look.ground.crowd });
  else sign(pen, { ...how, kind: 'cases', of: look.signs.cases[word] ?? look.signs.strange, size: CROWDED_FROM, unit: 1 });
}

const within = ({ x, y }) => x >= 0 && y >= 0 && x < EXTENT && y < EXTENT;

// Every case once; far out the counts of the cells.
function crowds(present, { wide, high, zoom }, look) {
  const now = Date.now() / 60_000;
  const points = present.flatMap((spot) => {
    const at = ({ x, y }) => ({ x: spot.x + x * spot.perUnit, y: spot.y + y * spot.perUnit });
    const single = (spot.tile.cases ?? []).filter((one) => within(one) && look.shown.cases.has(one.values.state))
      .map((one) => ({ ...at(one), n: 1, word: one.values.state, values: one.values, late: one.values.due < now }));
    return [...single, ...(spot.tile.cases_by_cell ?? []).filter(within).map((one) => ({ ...at(one), n: one.values.n, word: null, values: {} }))];
  });
  const seen = points.filter(({ x, y }) => x > -30 && y > -30 && x < wide + 30 && y < high + 30);
  const open = seen.filter(({ values }) => look.file && values.code === look.file);
  return [...grouped(seen.filter((point) => !open.includes(point)), reachAt(zoom)), ...open];
}

function gather(present, { zoom }, look) {
  const pixel = EARTH_M / (256 * 2 ** zoom);
  const found = new Map();
  for (const spot of present) {
    for (const [layer, style] of looks(zoom, spot.z, look)) {
      for (const feature of spot.tile[layer] ?? []) {
        const name = style(feature.values, pixel, feature);
        if (!name || found.has(layer + feature.id)) continue;
        const place = feature.span ? middleOf(feature.span) : feature;
        if (within(place)) found.set(layer + feature.id, { ...name, at: { x: spot.x + place.x * spot.perUnit, y: spot.y + place.y * spot.perUnit } });
      }
    }
  }
  return [...found.values()].sort((a, b) => b.first - a.first);
}

// The signs in the view: names keep off them, and where they cannot, the sign lies on top.
function signsIn(present, { wide, high }, look) {
  const kinds = [['facilities', 'category'], ['cases', 'state']].filter(([kind]) => look.parts.has(kind) && !(kind === 'cases' && look.grouped));
  return present.flatMap((spot) => kinds.flatMap(([kind, word]) =>
    (spot.tile[kind] ?? []).filter(({ values }) => look.shown[kind].has(values[word])).map(({ x, y, values }) =>
      ({ kind, word: values[word], x: spot.x + x * spot.perUnit, y: spot.y + y * spot.perUnit }))))
    .filter(({ x, y }) => x > -20 && y > -20 && x < wide + 20 && y < high + 20);
}

function streetsOf(present, { zoom }) {
  return present.flatMap((spot) => streetNames(spot.tile.base ?? [], zoom, 1 / spot.perUnit)
    .map((name) => ({ ...name, at: { x: spot.x + name.x * spot.perUnit, y: spot.y + name.y * spot.perUnit } })));
}

// Far out the tiles carry no places for cells' names: a cell that lies whole in its tile is named
// in its middle. `span` is its box in tile units.
function middleOf([west, north, east, south]) {
  return { x: (west + east) / 2, y: (north + south) / 2 };
}

function spanned([west, north, east, south], z) {
  if (west < 0 || north < 0 || east > EXTENT || south > EXTENT) return { width: 0, height: 0 };
  const metres = (EARTH_M * SIDE) / (256 * 2 ** z * EXTENT);
  return { width: (east - west) * metres, height: (south - north) * metres };
}

// Which names a zoom shows, and how: text, size, colour, the room there is for it.
function looks(zoom, z, { ground, selected }) {
  const division = (level, size, first) => (values) =>
    values.level === level && { lines: [values.name], size, first, colour: ground.division, weight: 700 };
  const cell = ({ name, code, width, height }, pixel) => {
    const room = [(width / pixel) * 0.86, (height / pixel) * 0.8];
    const colour = code === selected ? ground.selected_ink : ground.ink;
    const size = zoom >= 17 ? 14 : zoom >= 14.5 ? 12.5 : 12;
    if (room[0] < size || room[1] < size * LINE) return null; // far out, nearly all
    return { lines: [name], size, first: width * height * 1e-9, colour, weight: 600, room };
  };
  const far = (values, pixel, { span }) => span && cell({ ...values, ...spanned(span, z) }, pixel);
  if (zoom < 13) return [['division_names', division('township', 14, 3)], ['cells', far]];
  if (zoom < 15) return [['division_names', division('village', 13, 2)], ['cell_names', cell]];
  return [['cell_names', cell]];
}

// A name too big for its cell is set in two lines, parted after its community's name where it
// has one; else without that; else left out.
function fit(pen, name, line) {
  if (!name.room) return name.lines;
  const [text] = name.lines;
  const [, community, rest] = /^(.+?(?:社区|村))(.+)$/.exec(text) ?? [];
  const half = Math.ceil(text.length / 2);
  const words = rest ? [community, rest] : [text.slice(0, half), text.slice(half)];
  const two = /\p{Script=Han}/u.test(text) ? words : [text]; // a code is never broken
  const fits = (lines) => lines.length * line <= name.room[1]
    && lines.every((words) => widthOf(pen, name.size, words) <= name.room[0]);
  return [[text], two, ...(rest ? [[rest]] : [])].find(fits) ?? null;
}

function write(pen, names, { wide, high, signs, size, look }) {
  const [taken, stood] = [new Nearby(), new Nearby()];
  for (const one of signs) stood.put(around(one, size));
  pen.textAlign = 'center';
  pen.textBaseline = 'middle';
  pen.lineJoin = 'round';
  let set = null;
  const inside = (box) => box[2] > 0 && box[3] > 0 && box[0] < wide && box[1] < high;
  for (const name of names) {
    if (!inside(reach(name, look))) continue;
    const font = `${name.weight} ${name.size}px ${FONT}`;
    if (font !== set) pen.font = set = font; // setting it is slow
    const line = name.size * LINE;
    const lines = fit(pen, name, line);
    if (!lines) continue;
    const across = Math.max(...lines.map((text) => widthOf(pen, name.size, text))) / 2 + 4;
    const boxes = places(name, across, (lines.length * line) / 2, look.grouped ? SLACK : 0)
      .filter((box) => inside(box) && !taken.meets(box));
    const box = calmest(boxes, stood);
    if (!box) continue;
    taken.put(box);
    const middle = { ...name, at: { x: (box[0] + box[2]) / 2 } };
    lines.forEach((text, at) => halo(pen, text, middle, { y: box[1] + line * (at + 0.5), ground: look.ground }));
  }
  return taken;
}

// No place that a name may take lies outside of this.
function reach({ at, room, lines, size }, { grouped: crowded }) {
  const [x, y] = room ?? [lines[0].length * size + 8 + (crowded ? 2 * SLACK : 0), size * 3 + (crowded ? 2 * SLACK : 0)];
  return [at.x - x, at.y - y, at.x + x, at.y + y];
}

// Measuring text is slow, and names come again with every picture.
function widthOf(pen, size, text) {
  const key = `${size} ${text}`;
  if (widths.size > WIDTHS) widths.clear();
  if (!widths.has(key)) widths.set(key, pen.measureText(text).width);
  return widths.get(key);
}

const HALVES = [0, -0.5, 0.5, -1, 1];
const STEPS = HALVES.flatMap((down) => HALVES.map((right) => [right, down])).sort((a, b) => Math.hypot(...a) - Math.hypot(...b));

// Where a name may stand: in the middle of its cell, or as far off it as the cell allows.
function places({ at, room }, across, up, slack) {
  const [free, high] = room ? [Math.max(0, room[0] / 2 - across) * 0.6, Math.max(0, room[1] / 2 - up) * 0.6] : [0, slack];
  return (free || high ? STEPS : STEPS.slice(0, 1)).map(([right, down]) => {
    const [x, y] = [at.x + right * free, at.y + down * high];
    return [x - across, y - up, x + across, y + up];
  });
}

// Of the places the first that meets the fewest signs.
function calmest(boxes, stood) {
  let best = null;
  for (const box of boxes) {
    const met = stood.met(box);
    if (!best || met < best.met) best = { box, met };
    if (!met) break;
  }
  return best?.box;
}

function around({ x, y, n }, own) {
  const size = n > 1 ? crowdRadius(n) : own;
  return [x - size, y - size, x + size, y + size];
}

// Signs that a name came to lie on are drawn again, over it.
function over(pen, signs, { taken, size, look }) {
  for (const one of signs) {
    const of = look.signs[one.kind][one.word] ?? look.signs.strange;
    if (taken.meets(around(one, size))) sign(pen, { ...one, of, size, unit: 1, rim: look.ground.halo });
  }
}

// Streets come last and give way to all others.
function writeStreets(pen, streets, { taken, look }) {
  pen.fillStyle = look.ground.street_ink;
  pen.strokeStyle = look.ground.name_halo;
  pen.lineWidth = 3;
  for (const { at, lean, text, size, wide } of streets) {
    const [across, up] = [Math.abs(Math.cos(lean)) * wide / 2 + 6, Math.abs(Math.sin(lean)) * wide / 2 + 8];
    const box = [at.x - across, at.y - up, at.x + across, at.y + up];
    if (taken.meets(box)) continue;
    taken.put(box);
    pen.save();
    pen.translate(at.x, at.y);
    pen.rotate(lean);
    pen.font = `400 ${size}px ${FONT}`;
    pen.strokeText(text, 0, 0);
    pen.fillText(text, 0, 0);
    pen.restore();
  }
}

function halo(pen, text, name, { y, ground }) {
  pen.strokeStyle = ground.name_halo;
  pen.lineWidth = 3.5;
  pen.strokeText(text, name.at.x, y);
  pen.fillStyle = name.colour;
  pen.fillText(text, name.at.x, y);
}
