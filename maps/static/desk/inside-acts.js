// What can be done with the cases inside: those that are ticked, else all that wait.

import { ask, post, remove } from '../page/ask.js';
import { icon, make, sign } from '../page/build.js';
import { keep } from '../page/file.js';
import { dialog, toast } from '../page/tell.js';
import { count, t } from '../page/words.js';
import { keepArea, told as refused } from './areas.js';
import { shape } from './draw-shape.js';
import { again } from './inside.js';
import { openWhistle } from './inside-whistle.js';
import { notify } from './notify.js';
import { map, onGround } from './place.js';
import { openProposal, sendLines } from './proposal.js';
import { responders } from './responders.js';
import { may, state } from './state.js';

const FILE = ['M10 3v9', 'm6.2 8.6 3.8 3.8 3.8-3.8', 'M4 16.5h12'];

export function acts(told) {
  const waiting = told.counts.cases.by_state.filed ?? 0;
  const act = (right, look, key, run, enabled = true, main = false) => may(right) && make('button', { type: 'button', class: `btn ${main ? 'main' : ''} act-${key}`, disabled: !enabled, onclick: () => Promise.resolve(run(told)).catch(refused) }, Array.isArray(look) ? icon(...look) : sign(look), t(`desk_area.act.${key}`));
  return make('div', { class: 'acts inside-acts' },
    act('dispatch', 'send', 'proposal', propose, waiting > 0, true),
    act('dispatch', 'people', 'assign', assign, waiting > 0),
    act('whistle', 'whistle', 'whistle', whistle, told.cases.length > 0),
    act('dispatch', 'bell', 'notify', () => notify(told)),
    act('dispatch', 'pin', 'keep', keepArea, !shape.asked?.area),
    act('export', FILE, 'export', exporting));
}

const ticked = (told) => told.cases.filter(({ code }) => state.picked.has(code));

function propose(told) {
  const some = ticked(told).map(({ code }) => code);
  openProposal(some.length ? { codes: some } : shape.asked);
}

// The cases that are ticked; without any, all inside that wait to be dispatched.
async function assign(told) {
  const picked = ticked(told).length > 0;
  const which = picked ? { codes: ticked(told).filter(({ state: stands }) => stands === 'filed').map(({ code }) => code) } : shape.asked;
  const n = picked ? which.codes.length : told.counts.cases.by_state.filed ?? 0;
  if (!n) return toast(t('desk_area.act.none_filed'));
  const [lon, lat] = onGround(map.getCenter());
  const to = responders({ lon, lat });
  const answer = await dialog(t('desk_area.act.assign'), make('div', { class: 'stack' }, make('p', { text: t('desk_area.act.assign_n', { n }) }), to.element),
    [{ value: '', text: t('page.do.cancel') }, { value: 'yes', text: t('desk_area.act.send'), look: 'main' }]);
  if (answer !== 'yes' || !to.value()) return;
  const { items } = await post('/desk/assign', { ...which, to: to.value() });
  await sendLines(items.map(({ code, version }) => ({ code, version, ...to.value() })), again);
}

function whistle(told) {
  const some = ticked(told);
  if (some.length !== 1) return toast(t('desk_area.act.whistle_one'));
  return openWhistle(some[0]);
}

// The export goes by the number of a named area: what was only drawn is named for as long as it takes.
async function exporting(told) {
  const kind = make('select', { id: 'export-kind' }, ['cases', 'facilities'].map((one) => make('option', { value: one, text: t(`desk_area.export.${one}`) })));
  const suffix = make('select', { id: 'export-suffix' }, ['.xlsx', '.csv', '.geojson', '.gpkg'].map((one) => make('option', { value: one, text: one })));
  const answer = await dialog(t('desk_area.act.export'), make('div', { class: 'stack' },
    make('div', { class: 'field' }, make('label', { for: 'export-kind', text: t('desk_area.export.what') }), kind),
    make('div', { class: 'field' }, make('label', { for: 'export-suffix', text: t('desk_area.export.format') }), suffix),
    make('p', { class: 'hint', text: t('desk_area.export.hint', { n: count(told.cells.length) }) })),
  [{ value: '', text: t('page.do.cancel') }, { value: 'yes', text: t('desk_area.act.export'), look: 'main' }]);
  if (answer !== 'yes') return;
  const asked = shape.asked;
  const number = asked.area ?? (await post('/areas', { ...asked, name: t('desk_area.export.name') })).number;
  try {
    const file = await (await ask(`/desk/export?${new URLSearchParams({ area: number, kind: kind.value, suffix: suffix.value })}`)).blob();
    keep(file, `${kind.value}${suffix.value}`);
  } finally {
    if (!asked.area) await remove(`/areas/${number}`);
  }
}
