// What lies under the cells: a box for each part, at the upper right of the map. Where the cells are
// written on, they name their communities, and the town's own names of them stay away.

import { changed as repaint, settings, state as look } from '../map/state.js';
import { make, sign } from '../page/build.js';
import { t } from '../page/words.js';
import { map, tiles } from './place.js';
import { changed } from './state.js';
import { showUnits } from './units.js';

const NAMES = 'names';
const STREETS_FROM = 15; // from here on the town names its streets only
let named = true;
let written = false;

export const isNamed = () => named;

export function writtenOver(isWritten) {
  written = isWritten && map.getZoom() < STREETS_FROM;
  show(NAMES, named && !written);
}

function show(key, on) {
  if (look.parts.has(key) === on) return;
  look.parts[on ? 'add' : 'delete'](key);
  if (on) tiles?.reload();
  repaint('parts');
}

function turn(key, on) {
  if (key !== NAMES) return show(key, on);
  named = on;
  show(NAMES, named && !written);
  return changed('names');
}

export function install() {
  const parts = settings.parts.map(({ key }) => box(t(`plan.layers.${key}`), key === NAMES ? named : look.parts.has(key), (on) => turn(key, on)));
  const fold = make('details', { class: 'layers' }, make('summary', { class: 'btn square', 'aria-label': t('plan.layers.title'), title: t('plan.layers.title') }, sign('layers')),
    make('div', { class: 'paper inside' }, parts, box(t('plan.layers.units'), true, showUnits)));
  map.on('mousedown', () => { fold.open = false; });
  document.getElementById('place').append(fold);
}

const box = (words, on, then) => make('label', { class: 'check' }, make('input', { type: 'checkbox', checked: on, onchange: ({ target }) => then(target.checked) }), words);
