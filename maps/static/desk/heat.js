// 热度: where cases were reported, by squares of ground, and how that moved from day to day.

import { expected, get } from '../page/ask.js';
import { icon, make } from '../page/build.js';
import { day as dayInWords, today } from '../page/time.js';
import { count, t } from '../page/words.js';
import { daysAfter } from '../page/zone.js';
import { told as refused } from './areas.js';
import { Overlay, onTheme, withoutCases } from './draw-canvas.js';
import { colourOf, doubling, legend, ramp } from './heat-ramp.js';
import { map } from './place.js';
import { side } from './side.js';
import { may, onChange, state } from './state.js';

const LOOKS = ['M10 17.5c-3.6 0-5.5-2.4-5.5-5 0-3.5 3-4.7 3.2-9.5 3 1.6 4.3 3.8 4.3 5.9.9-.4 1.4-1.2 1.5-2.2 1.3 1.5 2 3.4 2 5.3 0 3.2-2 5.5-5.5 5.5'];
const EARTH_M = 6_378_137;
const PACE_MS = 450;
const SPANS = [1, 7, 0]; // days that are shown together; 0: all of them
let told = null;
let squares = null; // per square its cases by day
let breaks = [];
let at = 0;
let span = 0;
let period = null;
let overlay = null;
let withCases = () => {};
let parts = null;
let playing = null;
let asking = null;

export function install() {
  if (may('cases')) side.tool('heat', t('desk_area.heat.tool'), LOOKS, open);
  onChange((what) => what === 'filter' && parts && fresh().catch(expected));
}

function open() {
  period ??= { from: daysAfter(today(), -29), to: today() };
  parts = build();
  side.show('heat', parts.body, { title: t('desk_area.heat.title'), leave: put });
  overlay = new Overlay(paint, { below: true, label: t('desk_area.heat.title') }).addTo(map);
  onTheme(redraw);
  map.on('zoomend', onZoom);
  withCases = withoutCases();
  fresh().catch(expected);
}

function put() {
  stop();
  asking?.abort();
  map.off('zoomend', onZoom);
  withCases();
  overlay?.remove();
  overlay = parts = null;
}

function redraw() {
  overlay?.redraw();
  if (parts && told) settle();
}

const onZoom = () => {
  const wanted = Math.floor(map.getZoom());
  if (told && wanted !== told.zoom) fresh().catch(expected);
};

async function fresh() {
  asking?.abort();
  asking = new AbortController();
  const zoom = Math.floor(map.getZoom());
  const { kind, class: code } = state.filter;
  const query = new URLSearchParams({ ...period, z: zoom, ...(kind && { kind }), ...(code && { class: code }) });
  try {
    told = { zoom, ...(await get(`/desk/heat?${query}`, asking.signal)) };
  } catch (error) {
    if (error.name !== 'AbortError') refused(error);
    return;
  }
  gather();
  at = span === 0 ? told.days - 1 : Math.min(at, told.days - 1);
  settle();
  overlay?.redraw();
}

// Bins (x, y, day, cases) → per square the running sum of its days, so that any span is a difference.
function gather() {
  squares = new Map();
  for (let one = 0; one < told.bins.length; one += 4) {
    const [x, y, day, n] = told.bins.slice(one, one + 4);
    const key = `${x},${y}`;
    if (!squares.has(key)) squares.set(key, { x, y, days: new Uint32Array(told.days + 1) });
    squares.get(key).days[day + 1] += n;
  }
  for (const { days } of squares.values()) for (let day = 1; day < days.length; day += 1) days[day] += days[day - 1];
  measure();
}

// One scale for all days, or a moving picture could not be compared with itself.
function measure() {
  let largest = 0;
  for (const { days } of squares.values()) {
    for (let day = 0; day < told.days; day += 1) largest = Math.max(largest, cases(days, day));
  }
  breaks = largest ? doubling(largest) : [];
}

const first = (day) => (span ? Math.max(0, day - span + 1) : 0);
const cases = (days, day) => days[day + 1] - days[first(day)];

const lon = (x) => (x / EARTH_M) * (180 / Math.PI);
const lat = (y) => (2 * Math.atan(Math.exp(y / EARTH_M)) - Math.PI / 2) * (180 / Math.PI);

function paint(pen, place) {
  if (!told) return;
  const { origin: [west, south], size_m: size } = told;
  const colours = ramp('heat');
  pen.globalAlpha = 0.78;
  for (const { x, y, days } of squares.values()) {
    const n = cases(days, at);
    if (!n) continue;
    const [left, bottom] = place(lon(west + x * size), lat(south + y * size));
    const [right, top] = place(lon(west + (x + 1) * size), lat(south + (y + 1) * size));
    pen.fillStyle = colourOf(n, breaks, colours);
    pen.fillRect(left + 0.5, top + 0.5, Math.max(2, right - left - 1), Math.max(2, bottom - top - 1));
  }
}

// The panel

function build() {
  const date = (id) => make('input', { type: 'date', class: 'input', id: `heat-${id}`, value: period[id], max: today(), onchange: (event) => { period[id] = event.target.value || period[id]; stop(); fresh().catch(expected); } });
  const slider = make('input', { type: 'range', id: 'heat-day', min: 0, max: 29, step: 1, 'aria-label': t('desk_area.heat.day'), oninput: () => { stop(); go(Number(slider.value)); } });
  const play = make('button', { type: 'button', class: 'btn square', onclick: () => (playing ? stop() : start()) });
  const spans = make('div', { class: 'chips', role: 'group', 'aria-label': t('desk_area.heat.span') }, SPANS.map((days) => make('button', { type: 'button', class: 'chip', 'data-days': days, text: t(days ? 'desk_area.heat.days' : 'desk_area.heat.all', { n: days }), onclick: () => { span = days; measure(); if (!days) at = told.days - 1; redraw(); } })));
  const said = make('p', { class: 'lead num', role: 'status' });
  const shades = make('div', {});
  const table = make('details', { class: 'areas' }, make('summary', { text: t('desk_area.heat.by_day') }), make('div', {}));
  const body = make('div', { class: 'heat stack on-map' },
    make('p', { class: 'small soft', text: t('desk_area.heat.how') }),
    make('div', { class: 'draw-line' }, date('from'), make('span', { text: '–', 'aria-hidden': 'true' }), date('to')),
    spans, said, make('div', { class: 'player' }, play, slider), shades, table);
  body.querySelector('#heat-from').setAttribute('aria-label', t('desk_area.heat.from'));
  body.querySelector('#heat-to').setAttribute('aria-label', t('desk_area.heat.to'));
  return { body, slider, play, spans, said, shades, table };
}

const dateOf = (day) => daysAfter(told.from, day);

function settle() {
  const { slider, spans, said, shades, table } = parts;
  slider.max = told.days - 1;
  slider.value = at;
  slider.disabled = span === 0;
  parts.play.disabled = told.days < 2;
  look();
  for (const chip of spans.children) chip.setAttribute('aria-pressed', String(Number(chip.dataset.days) === span));
  const n = sum(at);
  const words = first(at) === at ? dayInWords(dateOf(at)) : `${dayInWords(dateOf(first(at)))} – ${dayInWords(dateOf(at))}`;
  slider.setAttribute('aria-valuetext', `${words} ${t('page.count.cases', { n })}`);
  said.replaceChildren(make('span', { text: words }), ' ', make('b', { text: t('page.count.cases', { n: count(n) }) }));
  shades.replaceChildren(breaks.length ? legend(breaks, 'heat', (below, end) => (below === null ? (end > 1 ? `1–${count(end)}` : '1') : below + 1 === end ? count(end) : `${count(below + 1)}–${count(end)}`)) : make('p', { class: 'empty small', text: t('desk_area.heat.none') }),
    make('p', { class: 'small soft', text: t('desk_area.heat.square', { m: count(told.size_m) }) }));
  if (table.open || !table.querySelector('table')) table.lastChild.replaceChildren(byDay());
}

function byDay() {
  const rows = Array.from({ length: told.days }, (_, day) => [day, only(day)]).reverse();
  return make('table', { class: 'table' }, make('thead', {}, make('tr', {}, make('th', { scope: 'col', text: t('desk_area.heat.date') }), make('th', { scope: 'col', class: 'right', text: t('desk_area.heat.cases') }))),
    make('tbody', {}, rows.map(([day, n]) => make('tr', {}, make('td', { text: dayInWords(dateOf(day)) }), make('td', { class: 'right', text: count(n) })))));
}

function only(day) {
  let n = 0;
  for (const { days } of squares.values()) n += days[day + 1] - days[day];
  return n;
}

function sum(day) {
  let n = 0;
  for (const { days } of squares.values()) n += cases(days, day);
  return n;
}

function go(day) {
  at = day;
  settle();
  overlay?.redraw();
}

function start() {
  if (span === 0) {
    span = 1;
    measure();
  }
  if (at >= told.days - 1) at = -1;
  playing = setInterval(() => (at < told.days - 1 ? go(at + 1) : stop()), PACE_MS);
  go(at + 1);
}

function stop() {
  clearInterval(playing);
  playing = null;
  if (parts) look();
}

function look() {
  const { play } = parts;
  play.replaceChildren(playing ? icon(...['M7 4.5v11', 'M13 4.5v11']) : icon(...['M6 4v12l10-6z']));
  play.setAttribute('aria-label', t(playing ? 'desk_area.heat.pause' : 'desk_area.heat.play'));
}
