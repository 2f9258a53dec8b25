// What the map shows: one box per part, at its upper right; below them the signs of cases, each with
// a box of its own, and what their marks mean.

import { crowd } from '../map/glyphs.js';
import { picture, table } from '../map/signs.js';
import { changed as repaint, settings, state as look } from '../map/state.js';
import { make, sign } from '../page/build.js';
import { t, term } from '../page/words.js';

const SIDE = 24;

// `draw(asks)`: whether the part has to be asked for, or only drawn or left out.
export function layers(map, draw) {
  const boxes = settings.parts.map(({ key }) => box(look.parts, key, t(`desk.map.part.${key}`), (on) => draw(on && key !== 'names')));
  const fold = make('details', { class: 'layers' }, make('summary', { class: 'btn square', 'aria-label': t('desk.map.layers'), title: t('desk.map.layers') }, sign('layers')),
    make('div', { class: 'paper inside' }, boxes, signs()));
  L.DomEvent.disableClickPropagation(fold);
  L.DomEvent.disableScrollPropagation(fold);
  map.on('click', () => { fold.open = false; });
  document.getElementById('place').append(fold);
}

// A box for whether `key` is among those shown.
function box(shown, key, words, then) {
  return make('label', { class: 'check' }, make('input', { type: 'checkbox', checked: shown.has(key), onchange: ({ target }) => {
    shown[target.checked ? 'add' : 'delete'](key);
    then(target.checked);
  } }), words);
}

// The states that a case can be in while it is open, and the marks.
function signs() {
  const states = Object.keys(table.cases).filter((state) => look.cases.has(state));
  const { vacant: late, crowd: colour } = settings.styles.ground;
  const mark = (image, key) => make('li', {}, image, make('span', { text: t(`desk.map.sign.${key}`) }));
  return make('fieldset', { class: 'signs' }, make('legend', { class: 'small soft', text: t('desk.map.signs') }),
    make('div', { class: 'boxes' }, states.map((state) => box(look.cases, state, make('span', { class: 'name' }, picture('cases', state), term('case_state', state)), () => repaint('parts')))),
    make('ul', { class: 'marks small' }, mark(picture('cases', 'handling', late), 'late'), mark(several(colour, late), 'crowd')));
}

// Several cases at one place, one of them late.
function several(colour, late) {
  const ratio = Math.min(window.devicePixelRatio || 1, 3);
  const canvas = make('canvas', { class: 'sign', width: SIDE * ratio, height: SIDE * ratio, 'aria-hidden': 'true' });
  const pen = canvas.getContext('2d');
  pen.scale(ratio, ratio);
  crowd(pen, { x: SIDE / 2 - 1, y: SIDE / 2 + 1, n: 3, colour, late });
  return canvas;
}
