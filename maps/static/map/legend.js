// The legend: what the cells are coloured by, with its classes, and which signs are shown.

import { HIDDEN, both, count, icon, make, whyHidden } from './build.js';
import { onPhone } from './room.js';
import { picture } from './signs.js';
import { changed, isKnown, onChange, settings, spread, state } from './state.js';

const { measures, ramps, ground } = settings.styles;

export function drawLegend(panel, switchPart) {
  const classes = make('div', { class: 'classes' });
  const total = make('p', { class: 'total' });
  const body = make('div', { class: 'body', id: 'legend-body' },
    total, measureSwitch(), classes,
    group('facilities', '设施', 'Facilities', switchPart),
    group('cases', '案卷', 'Cases', switchPart));
  const fold = make('button', { class: 'fold', type: 'button', 'aria-expanded': 'true', 'aria-controls': 'legend-body' },
    make('span', {}, ...both('图例', 'Legend')), icon('m5 12.5 5-5 5 5'));
  fold.addEventListener('click', () => folded(panel, fold, !panel.classList.contains('folded')));
  panel.replaceChildren(fold, body);
  if (onPhone()) folded(panel, fold, true);
  onChange((what) => {
    if (what === 'overview') panel.hidden = !state.overview.totals.cells;
    if (what === 'overview' || what === 'measure') fill(total, classes);
  });
}

function folded(panel, fold, yes) {
  panel.classList.toggle('folded', yes);
  fold.setAttribute('aria-expanded', String(!yes));
}

function measureSwitch() {
  const choices = measures.map(({ key, label, english }) => {
    const choice = make('button', { type: 'button', role: 'radio', 'aria-checked': String(key === state.measure), 'data-measure': key }, ...both(label, english));
    choice.addEventListener('click', () => choose(choices, key));
    return choice;
  });
  const box = make('div', { class: 'switch', role: 'radiogroup', 'aria-label': '网格颜色 Colour the cells by' }, ...choices);
  box.addEventListener('keydown', (event) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const at = measures.findIndex(({ key }) => key === state.measure);
    const next = (at + step + measures.length) % measures.length;
    choose(choices, measures[next].key);
    choices[next].focus();
  });
  settle(choices);
  return box;
}

function settle(choices) {
  for (const choice of choices) {
    const on = choice.dataset.measure === state.measure;
    choice.setAttribute('aria-checked', String(on));
    choice.tabIndex = on ? 0 : -1;
  }
}

function choose(choices, key) {
  state.measure = key;
  settle(choices);
  changed('measure');
}

function fill(total, classes) {
  if (!state.overview) return;
  const { totals, plan, breaks } = state.overview;
  const households = isKnown('households') ? `${sum('households')} 户` : '户数 —';
  const facts = `${count(totals.cells)} 个网格 · ${households} · ${sum('open_cases')} 件未结案`;
  total.replaceChildren(make('strong', { text: plan ?? '', title: plan ?? '' }), make('span', { text: facts }));
  const measure = measures.find(({ key }) => key === state.measure);
  if (isKnown(measure.key)) classes.replaceChildren(...bands(measure, breaks[measure.key]), note(measure));
  else if (hiddenCells(measure)) classes.replaceChildren(make('ul', { class: 'bands' }, hiddenBand(measure)), note(measure));
  else classes.replaceChildren(nothingKnown(measure));
}

// A total leaves out what is hidden: it is at least that.
function sum(name) {
  const { totals, hidden } = state.overview;
  if (!hidden?.[name]) return count(totals[name]);
  return hidden[name] === totals.cells ? HIDDEN[0] : `≥${count(totals[name])}`;
}

const hiddenCells = ({ key }) => state.overview.hidden?.[key === 'load' ? 'households' : key] ?? 0;

const NOTHING = {
  households: ['没有户数数据', 'No household data'],
  load: ['没有负荷数据：无户数或无在岗网格员', 'No load data: no households, or no grid worker posted'],
  open_cases: ['没有未结案', 'No open case'],
};

function nothingKnown({ key }) {
  const swatch = make('i', { class: key === 'open_cases' ? 'blank' : 'unknown' });
  return make('p', { class: 'nothing' }, swatch, make('span', {}, ...both(...NOTHING[key])));
}

// The classes as one row of colours, each with its range beneath it.
function bands(measure, breaks) {
  const known = Array.from({ length: breaks.length + 1 }, (_, at) => {
    const low = at ? breaks[at - 1] + 1 : measure.key === 'open_cases' ? 1 : 0;
    const words = at === breaks.length ? (at ? `≥${low}` : '全部') : low === breaks[at] ? `${low}` : at ? `${low}–${breaks[at]}` : measure.key === 'open_cases' ? `${low}–${breaks[at]}` : `≤${breaks[at]}`;
    return band(ramps[measure.key][spread(at, breaks.length)], words);
  });
  if (measure.key === 'open_cases') known.unshift(band('#f7f6f2', '0'));
  else if (state.overview.totals[UNKNOWN[measure.key]]) known.push(band(ground.unknown, ...LACKING[measure.key]));
  if (hiddenCells(measure)) known.push(hiddenBand(measure));
  return [make('ul', { class: 'bands', 'aria-label': `${measure.label}（${measure.unit}）` }, ...known)];
}

function hiddenBand(measure) {
  return band(ground.unknown, HIDDEN[0], `${whyHidden} (${count(hiddenCells(measure))})`, 'dots');
}

const LACKING = {
  households: ['无', '没有户数数据 No household data', 'hatch'],
  load: ['缺员', '没有专职网格员或没有户数 No full-time worker, or no household data', 'hatch vacant'],
};

function band(colour, words, title, look) {
  const swatch = make('i', { class: look });
  swatch.style.background = colour;
  return make('li', { title }, swatch, make('span', { text: words }));
}

const UNKNOWN = { households: 'cells_without_households', load: 'cells_without_worker' };

const NOTES = {
  households: ['每网格户数', 'households per cell'],
  load: ['每名专职网格员服务的户数', 'households per full-time grid worker'],
  open_cases: ['每网格未结案件数', 'open cases per cell'],
};

function note(measure) {
  return make('p', { class: 'note' }, ...both(...NOTES[measure.key]));
}

// One kind of sign: a switch for all, and under it one for each.
function group(kind, label, english, switchPart) {
  const all = make('input', { type: 'checkbox', role: 'switch', id: `all-${kind}` });
  all.addEventListener('change', () => switchPart(kind, all.checked));
  const rows = settings.styles[kind].map((entry) => row(kind, entry, () => {
    if (!state.parts.has(kind)) switchPart(kind, true);
  }));
  const list = make('ul', { class: 'signs', id: `signs-${kind}`, hidden: true }, ...rows);
  const more = make('button', { type: 'button', class: 'more', 'aria-expanded': 'false', 'aria-controls': `signs-${kind}`, 'aria-label': `${label}分类 ${english} by kind` }, icon('m6 8 4 4 4-4'));
  more.addEventListener('click', () => {
    list.hidden = !list.hidden;
    more.setAttribute('aria-expanded', String(!list.hidden));
  });
  onChange((what) => {
    if (what === 'parts') all.checked = state.parts.has(kind);
  });
  all.checked = state.parts.has(kind);
  const first = settings.styles[kind][0].key;
  return make('div', { class: 'group' },
    make('div', { class: 'head' },
      make('label', { for: `all-${kind}` }, picture(kind, first), make('span', {}, ...both(label, english)), all), more),
    list);
}

function row(kind, { key, label, english, shown }, wake) {
  const box = make('input', { type: 'checkbox', checked: shown, 'data-sign': key });
  box.addEventListener('change', () => {
    state[kind][box.checked ? 'add' : 'delete'](key);
    if (box.checked) wake();
    changed('signs');
  });
  return make('li', {}, make('label', {}, picture(kind, key), make('span', {}, ...both(label, english)), box));
}
