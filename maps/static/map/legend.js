// The legend: what the cells are coloured by, with its classes, and which signs are shown.

import { t } from '../page/words.js';
import { count, icon, make } from './build.js';
import { HIDDEN, whyHidden } from './hidden.js';
import { palette } from './look.js';
import { onPhone } from './room.js';
import { nameOf, picture } from './signs.js';
import { changed, isKnown, onChange, settings, spread, state } from './state.js';

const { measures } = settings.styles;

export function drawLegend(panel, switchPart) {
  const classes = make('div', { class: 'classes' });
  const total = make('p', { class: 'total' });
  const body = make('div', { class: 'body', id: 'legend-body' },
    total, measureSwitch(), classes,
    group('facilities', switchPart),
    group('cases', switchPart));
  const fold = make('button', { class: 'fold', type: 'button', 'aria-expanded': 'true', 'aria-controls': 'legend-body' },
    make('span', { text: t('map.legend.title') }), icon('m5 12.5 5-5 5 5'));
  fold.addEventListener('click', () => folded(panel, fold, !panel.classList.contains('folded')));
  panel.replaceChildren(fold, body);
  if (onPhone()) folded(panel, fold, true);
  onChange((what) => {
    if (what === 'overview') panel.hidden = !state.overview.totals.cells;
    if (['overview', 'measure', 'theme'].includes(what)) fill(total, classes);
  });
}

function folded(panel, fold, yes) {
  panel.classList.toggle('folded', yes);
  fold.setAttribute('aria-expanded', String(!yes));
}

function measureSwitch() {
  const choices = measures.map((key) => {
    const choice = make('button', { type: 'button', role: 'radio', 'aria-checked': String(key === state.measure), 'data-measure': key, text: t(`map.measure.${key}`) });
    choice.addEventListener('click', () => choose(choices, key));
    return choice;
  });
  const box = make('div', { class: 'switch', role: 'radiogroup', 'aria-label': t('map.legend.by') }, ...choices);
  box.addEventListener('keydown', (event) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const at = measures.indexOf(state.measure);
    const next = (at + step + measures.length) % measures.length;
    choose(choices, measures[next]);
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
  const households = isKnown('households') ? t('map.legend.households', { n: sum('households') }) : t('map.legend.unknown');
  const facts = [t('map.legend.cells', { n: count(totals.cells) }), households, t('map.legend.open_cases', { n: sum('open_cases') })].join(' · ');
  total.replaceChildren(make('strong', { text: plan ?? '', title: plan ?? '' }), make('span', { text: facts }));
  const { measure } = state;
  if (isKnown(measure)) classes.replaceChildren(...bands(measure, breaks[measure]), note(measure));
  else if (hiddenCells(measure)) classes.replaceChildren(make('ul', { class: 'bands' }, hiddenBand(measure)), note(measure));
  else classes.replaceChildren(nothingKnown(measure));
}

// A total leaves out what is hidden: it is at least that.
function sum(name) {
  const { totals, hidden } = state.overview;
  if (!hidden?.[name]) return count(totals[name]);
  return hidden[name] === totals.cells ? HIDDEN : `≥${count(totals[name])}`;
}

const hiddenCells = (measure) => state.overview.hidden?.[measure === 'load' ? 'households' : measure] ?? 0;

function nothingKnown(measure) {
  const { none, unknown } = palette().ground;
  const swatch = make('i', { css: { background: measure === 'open_cases' ? none : unknown } });
  return make('p', { class: 'nothing' }, swatch, make('span', { text: t(`map.legend.nothing.${measure}`) }));
}

// The classes as one row of colours, each with its range beneath it.
function bands(measure, breaks) {
  const { ground, ramps } = palette();
  const known = Array.from({ length: breaks.length + 1 }, (_, at) => {
    const low = at ? breaks[at - 1] + 1 : measure === 'open_cases' ? 1 : 0;
    const words = at === breaks.length ? (at ? `≥${low}` : t('map.legend.all')) : low === breaks[at] ? `${low}` : at ? `${low}–${breaks[at]}` : measure === 'open_cases' ? `${low}–${breaks[at]}` : `≤${breaks[at]}`;
    return band(ramps[measure][spread(at, breaks.length)], words);
  });
  if (measure === 'open_cases') known.unshift(band(ground.none, '0'));
  else if (state.overview.totals[UNKNOWN[measure]]) known.push(band(ground.unknown, t(`map.legend.lacking.${measure}`), t(`map.legend.lacking.${measure}_why`), LACKING[measure]));
  if (hiddenCells(measure)) known.push(hiddenBand(measure));
  return [make('ul', { class: 'bands', 'aria-label': t('map.legend.bands', { name: t(`map.measure.${measure}`), unit: t(`map.unit.${measure}`) }) }, ...known)];
}

function hiddenBand(measure) {
  return band(palette().ground.unknown, HIDDEN, `${whyHidden} (${count(hiddenCells(measure))})`, 'dots');
}

const LACKING = { households: 'hatch', load: 'hatch vacant' };

function band(colour, words, title, look) {
  const swatch = make('i', { class: look });
  swatch.style.background = colour;
  return make('li', { title }, swatch, make('span', { text: words }));
}

const UNKNOWN = { households: 'cells_without_households', load: 'cells_without_worker' };

function note(measure) {
  return make('p', { class: 'note', text: t(`map.legend.note.${measure}`) });
}

// One kind of sign: a switch for all, and under it one for each.
function group(kind, switchPart) {
  const label = t(`map.part.${kind}`);
  const all = make('input', { type: 'checkbox', role: 'switch', id: `all-${kind}` });
  all.addEventListener('change', () => switchPart(kind, all.checked));
  const rows = settings.styles[kind].map((entry) => row(kind, entry, () => {
    if (!state.parts.has(kind)) switchPart(kind, true);
  }));
  const list = make('ul', { class: 'signs', id: `signs-${kind}`, hidden: true }, ...rows);
  const more = make('button', { type: 'button', class: 'more', 'aria-expanded': 'false', 'aria-controls': `signs-${kind}`, 'aria-label': t('map.legend.by_kind', { name: label }) }, icon('m6 8 4 4 4-4'));
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
      make('label', { for: `all-${kind}` }, picture(kind, first), make('span', { text: label }), all), more),
    list);
}

function row(kind, { key, shown }, wake) {
  const box = make('input', { type: 'checkbox', checked: shown, 'data-sign': key });
  box.addEventListener('change', () => {
    state[kind][box.checked ? 'add' : 'delete'](key);
    if (box.checked) wake();
    changed('signs');
  });
  return make('li', {}, make('label', {}, picture(kind, key), make('span', { text: nameOf(kind, key) }), box));
}
