// 统计: an indicator of a period per cell, as colours on the map and as a table, with its formula.
// Cells stand in the order of their codes: it is no ranking. Where nothing was to be done there is
// no number, and the cell is hatched.

import { changed as repaint, state as look } from '../map/state.js';
import { expected, get } from '../page/ask.js';
import { make } from '../page/build.js';
import { today } from '../page/time.js';
import { count, language, t } from '../page/words.js';
import { daysAfter } from '../page/zone.js';
import { told as refused } from './areas.js';
import { onTheme, withoutCases } from './draw-canvas.js';
import { cellAt } from './draw-pick.js';
import { breaksOf, colourOf, legend, ramp } from './heat-ramp.js';
import { map } from './place.js';
import { side } from './side.js';
import { may } from './state.js';

const LOOKS = ['M3.5 16.5h13', 'M6 14V9', 'M10 14V4', 'M14 14V7'];
const MOST_ROWS = 200;
let told = null;
let key = 'closing_on_time';
let period = null;
let values = new Map();
let breaks = [];
let parts = null;
let withCases = () => {};
let asking = null;

const PERIODS = {
  month: () => ({ from: `${today().slice(0, 7)}-01`, to: today() }),
  days: () => ({ from: daysAfter(today(), -29), to: today() }),
  last: () => {
    const end = daysAfter(`${today().slice(0, 7)}-01`, -1);
    return { from: `${end.slice(0, 7)}-01`, to: end };
  },
  year: () => ({ from: `${today().slice(0, 4)}-01-01`, to: today() }),
};

export function install() {
  if (may('cases')) side.tool('statistics', t('desk_area.statistics.tool'), LOOKS, open);
}

function open() {
  period ??= { name: 'days', ...PERIODS.days() };
  parts = build();
  side.show('statistics', parts.body, { title: t('desk_area.statistics.title'), leave: put });
  onTheme(redraw);
  map.on('mousemove', under);
  withCases = withoutCases();
  fresh().catch(expected);
}

function put() {
  asking?.abort();
  map.off('mousemove', under);
  withCases();
  parts = null;
  look.colours = null;
  repaint('colours');
}

function redraw() {
  if (!parts || !told) return;
  const colours = ramp('values');
  look.colours = new Map([...values].map(([code, { value }]) => [code, value === null ? null : colourOf(value, breaks, colours)]));
  repaint('colours');
  settle();
}

async function fresh() {
  asking?.abort();
  asking = new AbortController();
  parts.rows.setAttribute('aria-busy', 'true');
  try {
    told = await get(`/indicators?${new URLSearchParams({ by: 'cell', from: period.from, to: period.to })}`, asking.signal);
  } catch (error) {
    if (error.name !== 'AbortError') refused(error);
    return;
  }
  parts.rows.removeAttribute('aria-busy');
  if (!told.indicators.some((one) => one.key === key)) key = told.indicators[0].key;
  parts.choice.replaceChildren(...told.indicators.map((one) => make('option', { value: one.key, text: language === 'zh' ? one.zh : capital(one.en), selected: one.key === key })));
  measure();
  redraw();
}

const capital = (words) => words[0].toUpperCase() + words.slice(1);
const indicator = () => told.indicators.find((one) => one.key === key);

function measure() {
  values = new Map(told.areas.filter(({ code }) => code).map(({ code, name, values: of }) => [code, { name, value: of[key] }]));
  breaks = breaksOf([...values.values()].map(({ value }) => value));
}

// 0.9231 as its measure has it: 92.3 %, 5.2 hours, 4.1 points.
function say(value) {
  if (value === null || value === undefined) return '—';
  const { measure: of } = indicator();
  if (of === 'share') return `${count(Math.round(value * 1000) / 10)}%`;
  return t(`desk_area.statistics.${of}`, { n: count(Math.round(value * 10) / 10) });
}

// The panel

function build() {
  const choice = make('select', { id: 'indicator', onchange: () => { key = choice.value; measure(); redraw(); } });
  const date = (id) => make('input', { type: 'date', class: 'input', 'aria-label': t(`desk_area.heat.${id}`), value: period[id], onchange: (event) => { period = { ...period, name: null, [id]: event.target.value || period[id] }; chips(); fresh().catch(expected); } });
  const dates = { from: date('from'), to: date('to') };
  const names = make('div', { class: 'chips', role: 'group', 'aria-label': t('desk_area.statistics.period') }, Object.keys(PERIODS).map((name) => make('button', { type: 'button', class: 'chip', 'data-name': name, text: t(`desk_area.statistics.${name}`), onclick: () => { period = { name, ...PERIODS[name]() }; Object.assign(dates.from, { value: period.from }); dates.to.value = period.to; chips(); fresh().catch(expected); } })));
  const chips = () => { for (const chip of names.children) chip.setAttribute('aria-pressed', String(chip.dataset.name === period.name)); };
  chips();
  const formula = make('p', { class: 'notice small' });
  const redrawn = make('p', { class: 'small soft redrawn', hidden: true });
  const shades = make('div', {});
  const here = make('p', { class: 'small num here', 'aria-hidden': 'true' });
  const find = make('input', { type: 'search', class: 'input', 'aria-label': t('desk_area.statistics.find'), placeholder: t('desk_area.statistics.find'), oninput: () => table() });
  const rows = make('div', { class: 'numbers' });
  const body = make('div', { class: 'statistics stack on-map' }, make('div', { class: 'field' }, make('label', { for: 'indicator', text: t('desk_area.statistics.indicator') }), choice), formula,
    names, make('div', { class: 'draw-line' }, dates.from, make('span', { text: '–', 'aria-hidden': 'true' }), dates.to), redrawn, shades, here, find, rows);
  return { body, choice, formula, redrawn, shades, here, find, rows };
}

function settle() {
  const of = indicator();
  parts.formula.textContent = `${language === 'zh' ? of.zh : capital(of.en)} = ${of[`formula_${language}`]}`;
  parts.redrawn.hidden = !told.recounted;
  parts.redrawn.textContent = told.recounted ? t('desk_area.statistics.recounted', { on: told.redrawn_on }) : '';
  parts.shades.replaceChildren(breaks.length ? legend(breaks, 'values', (below, end) => (below === null ? `≤ ${say(end)}` : below === end ? say(end) : `${say(below)} – ${say(end)}`), t('desk_area.statistics.null')) : make('p', { class: 'empty small', text: t('desk_area.statistics.empty') }));
  table();
}

function table() {
  const words = parts.find.value.trim().toLowerCase();
  const fitting = told.areas.filter(({ code, name }) => code && (!words || `${code} ${name}`.toLowerCase().includes(words)));
  parts.rows.replaceChildren(make('table', { class: 'table' },
    make('caption', { class: 'small soft', text: t('desk_area.statistics.order', { n: count(Math.min(MOST_ROWS, fitting.length)), all: count(fitting.length) }) }),
    make('thead', {}, make('tr', {}, make('th', { scope: 'col', text: t('desk_area.statistics.cell') }), make('th', { scope: 'col', class: 'right', text: t('desk_area.statistics.value') }))),
    make('tbody', {}, fitting.slice(0, MOST_ROWS).map(({ code, name, values: of }) => make('tr', {}, make('th', { scope: 'row' }, make('span', { text: name ?? code })), make('td', { class: 'right', text: say(of[key]) }))))));
}

// With a mouse: the number of the cell under it; of several answers that for the last place.
let asked = 0;
async function under({ latlng }) {
  asked += 1;
  const mine = asked;
  const cell = told && (await cellAt(latlng));
  if (mine !== asked || !parts) return;
  const found = cell && values.get(cell.code);
  parts.here.textContent = found ? `${found.name} · ${say(found.value)}` : '';
}
