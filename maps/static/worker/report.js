// Reporting in three taps: a photograph, what it is, send. Where it is, is where one stands, unless
// the pin is moved; which cell that is and who answers there the page finds out by itself.

import { make, sign } from '../page/build.js';
import { t, term } from '../page/words.js';
import { beyond } from './beyond.js';
import { found, suggested } from './classes.js';
import { length, metres, whereabouts } from './geo.js';
import { watch } from './here.js';
import { choice, head, joined } from './parts.js';
import { photoField } from './photos.js';
import { back, to } from './route.js';
import { changed, state } from './state.js';
import { keep } from './telling.js';

const ALIKE_M = 50;

// What is being written stays while one looks at the map; it ends when it is sent or given up.
export const draft = { spot: null, kind: null, words: '', photos: null };

export function open(root) {
  draft.photos ??= photoField();
  const spot = make('div', { class: 'spot', 'aria-live': 'polite' });
  const alike = make('div');
  const again = () => {
    spot.replaceChildren(...place());
    alike.replaceChildren(...near());
  };
  const fault = make('p', { class: 'fault', role: 'alert', hidden: true });
  const send = make('button', { type: 'button', class: 'btn main big wide', onclick: () => submit(send, fault) }, sign('send'), t('worker.report.send'));
  root.replaceChildren(head(t('worker.tab.report')),
    make('div', { class: 'card-body report' }, draft.photos.element, classes(again), alike, spot, words(), fault),
    make('footer', { class: 'under-thumb' }, send));
  again();
  watch({ quiet: false });
  return { update: (what) => ['here', 'day', 'spot'].includes(what) && again() };
}

// What it is

function classes(again) {
  const chips = make('div', { class: 'class-chips' });
  const input = make('input', { id: 'class', type: 'search', class: 'input', autocomplete: 'off', spellcheck: 'false', maxlength: 40, placeholder: t('worker.report.find'), 'aria-label': t('worker.report.find'), oninput: () => draw() });
  const draw = () => {
    const text = input.value.trim();
    const all = text ? found(text) : suggested(spotNow());
    const shown = draft.kind && !text && !all.includes(draft.kind) ? [draft.kind, ...all] : all;
    chips.replaceChildren(shown.length
      ? choice(t('worker.report.class'), shown.map((one) => ({ value: one, text: one.name })), (one) => { draft.kind = one; again(); }, { value: draft.kind })
      : make('p', { class: 'soft', text: t('worker.report.no_class') }));
  };
  draw();
  return make('div', { class: 'field' }, make('label', { for: 'class', text: t('worker.report.class') }), chips, input);
}

// Something of the same kind that is open close by: perhaps it is the same.
function near() {
  const spot = spotNow();
  if (!spot || !draft.kind) return [];
  const same = state.day.cases.find((one) => one.lon !== null && one.kind === draft.kind.kind && one.class_code === draft.kind.code && metres(spot, one) <= ALIKE_M);
  if (!same) return [];
  return [make('a', { class: 'notice warn', href: to('case', same.code) }, make('span', { class: 'grow', text: t('worker.report.alike', { m: length(metres(spot, same)), title: same.title }) }), sign('next'))];
}

// Where it is

export const spotNow = () => draft.spot ?? state.here;

function place() {
  const spot = spotNow();
  const move = make('a', { class: 'btn', href: to('map', 'pin') }, sign('pin'), t(spot ? 'worker.report.move' : 'worker.report.place'));
  if (!spot) return [make('p', { class: 'soft', text: t('worker.report.no_place') }), move];
  return [make('div', { class: 'grow' }, ...saidOf(spot)), move];
}

// Which cell a place lies in, who answers there, and how sure that is.
export function saidOf(spot) {
  const { cell, edge_m: edge, near } = whereabouts(state.day.cells, spot, spot.accuracy_m);
  const off = make('span', { class: 'soft small', text: t('worker.report.accuracy', { m: length(spot.accuracy_m) }) });
  if (!cell) return [...elsewhere(beyond(spot)), off];
  const unsure = near.length || edge <= spot.accuracy_m;
  return [
    make('p', { class: 'cell' }, make('b', { text: cell.name }), unsure && make('span', { class: 'badge warn', text: t('worker.report.near_edge', { m: length(edge) }) })),
    unsure && perhaps(near.map((other) => other.cell.name)),
    answers(cell.duty),
    off,
  ].filter(Boolean);
}

// Beyond my cells: as the server says, or plainly that it will say so when it gets the report.
function elsewhere(found) {
  if (!found?.cell) {
    const why = found === 'lost' ? 'elsewhere_offline' : found ? 'no_cell' : 'elsewhere_asking';
    return [make('p', { class: 'cell' }, make('b', { text: t('worker.report.elsewhere') })), make('p', { class: 'small', text: t(`worker.report.${why}`) })];
  }
  const { cell, duty, near } = found;
  return [
    make('p', { class: 'cell' }, make('b', { text: cell.name }), make('span', { class: 'badge calm', text: t('worker.report.elsewhere') })),
    cell.community.name && make('p', { class: 'soft small', text: cell.community.name }),
    near.length > 0 && perhaps(near.map(({ name }) => name)),
    answers(duty),
  ].filter(Boolean);
}

const perhaps = (names) => make('p', { class: 'small', text: names.length ? t('worker.report.or', { names: names.join(' · ') }) : t('worker.report.or_next') });

const answers = (duty) => make('p', { class: 'small', text: duty ? t('worker.report.answers', { who: joined(term('post_role', duty.role), duty.name) }) : t('worker.report.nobody') });

// Words, and off it goes

function words() {
  const input = make('textarea', { id: 'report-words', rows: 2, maxlength: 4000, placeholder: t('worker.report.words'), 'aria-label': t('worker.report.words'), oninput: () => { draft.words = input.value; } });
  input.value = draft.words;
  return make('div', { class: 'field' }, input);
}

async function submit(send, fault) {
  const spot = spotNow();
  const missing = !draft.kind && !draft.words.trim() ? 'worker.report.need_class' : spot ? null : 'worker.report.need_place';
  fault.hidden = !missing;
  if (missing) {
    fault.textContent = t(missing);
    fault.scrollIntoView({ block: 'nearest' });
    return;
  }
  send.disabled = true;
  const about = { title: draft.kind?.name ?? draft.words.slice(0, 30), act: t('worker.tab.report') };
  const told = { kind: draft.kind?.kind, class: draft.kind?.code ?? '', description: draft.words.trim(), lon: spot.lon, lat: spot.lat, accuracy_m: spot.accuracy_m, channel: 'page' };
  if (await keep({ kind: 'report', url: '/cases', body: told, photos: draft.photos.blobs(), about })) {
    forget();
    back();
  } else send.disabled = false;
}

export function forget() {
  Object.assign(draft, { spot: null, kind: null, words: '', photos: null });
}

export function put(spot) {
  draft.spot = spot;
  changed('spot');
}
