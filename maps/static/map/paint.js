// Drawing one tile, from the ground up: the cells' colour, water, green, streets and houses over
// it, so that a river stays a river; then the lines that part cells and divisions, then the signs. `unit` is how many tile
// units a CSS pixel is, so widths below are pixels.

import { isHidden } from './build.js';
import { colourOf, hatched, settings, state } from './state.js';
import { sign, signSize } from './signs.js';

const { ground } = settings.styles;

export function paint(pen, tile, zoom, unit) {
  const on = (part) => state.parts.has(part);
  pen.lineJoin = 'round';
  pen.lineCap = 'round';
  if (on('cells')) fills(pen, tile.cells ?? [], on('ground'), unit);
  if (on('ground')) areas(pen, tile.base ?? []);
  if (on('ground')) streets(pen, tile.base ?? [], zoom, unit);
  if (on('buildings')) houses(pen, tile.buildings ?? [], zoom, unit);
  if (on('cells')) outlines(pen, tile.cells ?? [], zoom, unit);
  if (on('divisions')) divisions(pen, tile.divisions ?? [], zoom, unit);
  if (state.selected) selection(pen, tile.cells ?? [], unit);
  if (on('facilities')) signs(pen, tile.facilities ?? [], zoom, unit, 'facilities');
  if (on('facilities')) counts(pen, tile.facilities_by_cell ?? [], zoom, unit, '#56636c');
  if (on('cases')) signs(pen, tile.cases ?? [], zoom, unit, 'cases');
  if (on('cases')) counts(pen, tile.cases_by_cell ?? [], zoom, unit, '#a3302b');
}

function areas(pen, features) {
  for (const { path, area, values } of features) {
    if (!area || values.kind === 'road') continue;
    const water = values.kind === 'water';
    pen.fillStyle = water ? ground.water : ground.green;
    pen.globalAlpha = water ? 0.9 : 0.62;
    pen.fill(path, 'evenodd');
  }
  pen.globalAlpha = 1;
}

function fills(pen, cells, overGround, unit) {
  pen.globalAlpha = overGround ? 1 : 0.55;
  for (const { path, values } of cells) {
    const value = values[state.measure];
    pen.fillStyle = colourOf(state.measure, value);
    pen.fill(path, 'evenodd');
    const hidden = isHidden(values, state.measure === 'load' ? 'households' : state.measure);
    if (value !== undefined || !(hidden || hatched())) continue;
    pen.fillStyle = hidden ? dotted(pen, unit) : hatch(pen, unit);
    pen.fill(path, 'evenodd');
  }
  pen.globalAlpha = 1;
}

// Diagonal lines over a cell without a value; strong where that calls for somebody to act.
const weaves = {};

function hatch(pen, unit) {
  const colour = state.measure === 'load' ? ground.vacant : ground.unknown_line;
  weaves[colour] ??= weave(colour);
  const pattern = pen.createPattern(weaves[colour], 'repeat');
  pattern.setTransform(new DOMMatrix().scale(unit / 2));
  return pattern;
}

// Dots over a cell whose number is not for everybody.
let dots;

function dotted(pen, unit) {
  dots ??= sprinkle(ground.unknown_line);
  const pattern = pen.createPattern(dots, 'repeat');
  pattern.setTransform(new DOMMatrix().scale(unit / 2));
  return pattern;
}

function sprinkle(colour) {
  const square = document.createElement('canvas');
  square.width = square.height = 16;
  const pen = square.getContext('2d');
  pen.fillStyle = colour;
  for (const [x, y] of [[4, 4], [12, 12]]) {
    pen.beginPath();
    pen.arc(x, y, 1.8, 0, 2 * Math.PI);
    pen.fill();
  }
  return square;
}

export function weave(colour) {
  const square = document.createElement('canvas');
  square.width = square.height = 16; // 8 CSS pixels
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

function streets(pen, features, zoom, unit) {
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

function houses(pen, buildings, zoom, unit) {
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

function outlines(pen, cells, zoom, unit) {
  pen.strokeStyle = ground.ink;
  const many = state.overview?.totals.cells > 2000;
  pen.globalAlpha = zoom >= 15 ? 0.62 : zoom >= 13 ? 0.5 : many ? 0.22 : 0.4;
  pen.lineWidth = (zoom >= 15 ? 1.25 : zoom >= 13 ? 0.9 : 0.5) * unit;
  for (const { path } of cells) pen.stroke(path);
  pen.globalAlpha = 1;
  if (state.measure === 'load' && hatched()) vacancies(pen, cells, unit);
}

function vacancies(pen, cells, unit) {
  pen.strokeStyle = ground.vacant;
  pen.lineWidth = 2.5 * unit;
  for (const { path, values } of cells) {
    if (values.load === undefined && !isHidden(values, 'households')) pen.stroke(path);
  }
}

const LINES = { village: [1.5, [6, 4]], township: [2.2, []], county: [2.6, []] };

function divisions(pen, features, zoom, unit) {
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

function selection(pen, cells, unit) {
  for (const { path, values } of cells) {
    if (values.code !== state.selected) continue;
    pen.strokeStyle = '#ffffff';
    pen.lineWidth = 7.5 * unit;
    pen.stroke(path);
    pen.strokeStyle = '#c2410c';
    pen.lineWidth = 3.5 * unit;
    pen.stroke(path);
  }
}

function signs(pen, features, zoom, unit, kind) {
  const word = kind === 'cases' ? 'state' : 'category';
  const size = signSize(zoom);
  for (const { x, y, values } of features) {
    if (x !== undefined && state[kind].has(values[word])) {
      sign(pen, { kind, word: values[word], x, y, size, unit });
    }
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
