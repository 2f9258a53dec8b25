// Drawing one tile, from the ground up: the cells' colour, water, green, streets and houses over
// it, so that a river stays a river; then the lines that part cells and divisions, then the signs. `unit` is how many tile
// units a CSS pixel is, so widths below are pixels.

import { classOf, isHidden } from './classes.js';
import { sign, signSize, surface } from './glyphs.js';

// `look` is what look.js tells.
export function paint(pen, tile, look, { zoom, unit }) {
  const { ground, grouped } = look;
  const on = (part) => look.parts.has(part);
  pen.lineJoin = 'round';
  pen.lineCap = 'round';
  if (on('cells')) fills(pen, tile.cells ?? [], look, unit);
  if (on('ground')) areas(pen, tile.base ?? [], ground);
  if (on('ground')) streets(pen, tile.base ?? [], ground, zoom, unit);
  if (on('buildings')) houses(pen, tile.buildings ?? [], ground, zoom, unit);
  if (on('cells')) outlines(pen, tile.cells ?? [], look, zoom, unit);
  if (on('divisions')) divisions(pen, tile.divisions ?? [], ground, zoom, unit);
  if (look.street) picked(pen, tile.base ?? [], look, zoom, unit);
  if (look.selected || look.chosen.size) selection(pen, tile.cells ?? [], look, unit);
  if (on('facilities')) signs(pen, tile.facilities ?? [], look, zoom, unit, 'facilities');
  if (on('facilities')) counts(pen, tile.facilities_by_cell ?? [], zoom, unit, ground.of_facilities);
  if (!on('cases') || grouped) return;
  signs(pen, tile.cases ?? [], look, zoom, unit, 'cases');
  counts(pen, tile.cases_by_cell ?? [], zoom, unit, ground.of_cases);
}

function areas(pen, features, ground) {
  for (const { path, area, values } of features) {
    if (!area || values.kind === 'road') continue;
    const water = values.kind === 'water';
    pen.fillStyle = water ? ground.water : ground.green;
    pen.globalAlpha = water ? 0.9 : 0.62;
    pen.fill(path, 'evenodd');
  }
  pen.globalAlpha = 1;
}

function fills(pen, cells, look, unit) {
  const { ground, measure, colours } = look;
  pen.globalAlpha = look.parts.has('ground') ? 1 : 0.55;
  for (const { path, values } of cells) {
    const value = values[measure];
    pen.fillStyle = colours ? colours.get(values.code) ?? ground.unknown : measure ? colourOf(value, look) : ground.cell;
    pen.fill(path, 'evenodd');
    if (colours?.get(values.code) === null) {
      pen.fillStyle = hatch(pen, look, unit);
      pen.fill(path, 'evenodd');
    }
    if (colours || !measure) continue;
    const hidden = isHidden(values, measure === 'load' ? 'households' : measure);
    if (value !== undefined || !(hidden || look.hatched)) continue;
    pen.fillStyle = hidden ? dotted(pen, ground, unit) : hatch(pen, look, unit);
    pen.fill(path, 'evenodd');
  }
  pen.globalAlpha = 1;
}

function colourOf(value, { ground, ramps, measure, breaks }) {
  const at = classOf(value, measure, breaks);
  if (at === -1) return ground.unknown;
  return at === null ? ground.none : ramps[measure][at];
}

// Diagonal lines over a cell without a value; strong where that calls for somebody to act.
const weaves = {};

function hatch(pen, { ground, measure }, unit) {
  const colour = measure === 'load' ? ground.vacant : ground.unknown_line;
  weaves[colour] ??= weave(colour);
  const pattern = pen.createPattern(weaves[colour], 'repeat');
  pattern.setTransform(new DOMMatrix().scale(unit / 2));
  return pattern;
}

// Dots over a cell whose number is not for everybody.
const dots = {};

function dotted(pen, { unknown_line: colour }, unit) {
  dots[colour] ??= sprinkle(colour);
  const pattern = pen.createPattern(dots[colour], 'repeat');
  pattern.setTransform(new DOMMatrix().scale(unit / 2));
  return pattern;
}

function sprinkle(colour) {
  const square = surface(16, 16);
  const pen = square.getContext('2d');
  pen.fillStyle = colour;
  for (const [x, y] of [[4, 4], [12, 12]]) {
    pen.beginPath();
    pen.arc(x, y, 1.8, 0, 2 * Math.PI);
    pen.fill();
  }
  return square;
}

function weave(colour) {
  const square = surface(16, 16); // 8 CSS pixels
  const pen = square.getContext('2d');
  pen.strokeStyle = colour;
  pen.lineWidth = 2.6;
  for (const at of [-16, 0, 16]) {
    pen.moveTo(at - 2, 18);
    pen.lineTo(at + 18, -2);
  }
  pen.stroke();
  return square;
}

// A street's width in pixels; rank 1 is the widest.
function width(rank, zoom) {
  const widest = 1.5 * 2 ** ((zoom - 13) * 0.62);
  return Math.max(0.6, widest / Math.max(1, rank) ** 0.8);
}

function streets(pen, features, ground, zoom, unit) {
  const roads = features.filter(({ values }) => values.kind === 'road' && (values.rank || 1) <= zoom - 10);
  roads.sort((a, b) => (b.values.rank || 1) - (a.values.rank || 1));
  for (const edge of zoom >= 14 ? [true, false] : [false]) {
    pen.strokeStyle = edge ? ground.road_edge : ground.road;
    pen.globalAlpha = edge ? 0.7 : 0.92;
    for (const { path, area, values } of roads) {
      pen.lineWidth = (width(values.rank || 1, zoom) + (edge ? 1.6 : 0)) * unit;
      if (area && !edge) {
        pen.fillStyle = ground.road;
        pen.fill(path, 'evenodd');
      } else pen.stroke(path);
    }
  }
  pen.globalAlpha = 1;
}

function houses(pen, buildings, ground, zoom, unit) {
  pen.lineWidth = 0.75 * unit;
  pen.fillStyle = ground.building;
  pen.strokeStyle = ground.building_edge;
  pen.globalAlpha = zoom >= 16 ? 0.85 : 0.6;
  for (const { path, area } of buildings) {
    if (!area) continue;
    pen.fill(path, 'evenodd');
    if (zoom >= 16) pen.stroke(path);
  }
  pen.globalAlpha = 1;
}

function outlines(pen, cells, look, zoom, unit) {
  pen.strokeStyle = look.ground.line;
  pen.globalAlpha = zoom >= 15 ? 0.62 : zoom >= 13 ? 0.5 : look.many ? 0.22 : 0.4;
  pen.lineWidth = (zoom >= 15 ? 1.25 : zoom >= 13 ? 0.9 : 0.5) * unit;
  for (const { path } of cells) pen.stroke(path);
  pen.globalAlpha = 1;
  if (look.measure === 'load' && look.hatched) vacancies(pen, cells, look, unit);
}

function vacancies(pen, cells, { ground }, unit) {
  pen.strokeStyle = ground.vacant;
  pen.lineWidth = 2.5 * unit;
  for (const { path, values } of cells) {
    if (values.load === undefined && !isHidden(values, 'households')) pen.stroke(path);
  }
}

const LINES = { village: [1.5, [6, 4]], township: [2.2, []], county: [2.6, []] };

function divisions(pen, features, ground, zoom, unit) {
  for (const level of ['village', 'township', 'county']) {
    if (level === 'village' && zoom < 12) continue;
    const [wide, dash] = LINES[level];
    pen.strokeStyle = ground.division;
    pen.globalAlpha = 0.7;
    pen.lineWidth = wide * unit * (zoom < 15 ? 0.65 : 1);
    pen.setLineDash(dash.map((length) => length * unit));
    for (const { path, values } of features) if (path && values.level === level) pen.stroke(path);
  }
  pen.setLineDash([]);
  pen.globalAlpha = 1;
}

// All along a street that was picked, as wide as it is asked about.
function picked(pen, features, { ground, street: { name, share } }, zoom, unit) {
  pen.strokeStyle = ground.chosen;
  pen.globalAlpha = 0.4;
  pen.lineWidth = Math.max(4, share * 256 * 2 ** zoom) * unit;
  for (const { path, values } of features) if (values.kind === 'road' && values.name === name) pen.stroke(path);
  pen.globalAlpha = 1;
}

function selection(pen, cells, { ground, selected, chosen }, unit) {
  for (const { path, values } of cells) {
    if (chosen.has(values.code)) {
      pen.globalAlpha = 0.28;
      pen.fillStyle = ground.chosen;
      pen.fill(path, 'evenodd');
      pen.globalAlpha = 1;
      edge(pen, path, [[2.5, ground.chosen]], unit);
    }
    if (values.code === selected) edge(pen, path, [[7.5, ground.halo], [3.5, ground.selected]], unit);
  }
}

function edge(pen, path, strokes, unit) {
  for (const [wide, colour] of strokes) {
    pen.strokeStyle = colour;
    pen.lineWidth = wide * unit;
    pen.stroke(path);
  }
}

function signs(pen, features, look, zoom, unit, kind) {
  const word = kind === 'cases' ? 'state' : 'category';
  const size = signSize(zoom);
  for (const { x, y, values } of features) {
    if (x === undefined || !look.shown[kind].has(values[word])) continue;
    sign(pen, { kind, of: look.signs[kind][values[word]] ?? look.signs.strange, x, y, size, unit, rim: look.ground.halo });
  }
}

function counts(pen, features, zoom, unit, colour) {
  pen.fillStyle = colour;
  pen.globalAlpha = 0.7;
  for (const { x, y, values } of features) {
    pen.beginPath();
    pen.arc(x, y, Math.min(1 + Math.sqrt(values.n) * 0.55, zoom < 12 ? 1.8 : 5) * unit, 0, 2 * Math.PI);
    pen.fill();
  }
  pen.globalAlpha = 1;
}
