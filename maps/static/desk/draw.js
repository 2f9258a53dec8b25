// 圈选: draw a polygon or a circle, pick cells or communities, follow a road; what is inside is
// told at once below. Whatever the mouse can do here, the keyboard can: by search and in numbers.

import { expected, get } from '../page/ask.js';
import { make, sign } from '../page/build.js';
import { t } from '../page/words.js';
import { areas, editing, hideOutline } from './areas.js';
import { hide, letGo, show, takePicks, takePlaces } from './draw-pick.js';
import { pen } from './draw-pen.js';
import { called, call, pick, shape } from './draw-shape.js';
import { inside, looking } from './inside.js';
import { boxOnMap, map, onGround } from './place.js';
import { side } from './side.js';
import { changed, may } from './state.js';

const MODES = ['polygon', 'circle', 'cells', 'divisions', 'road'];
const LOOKS = ['M4 7 10 3l6 5-3 8-8-1z'];
const PEN = { polygon: 'polygon', circle: 'circle' };
const WAIT_MS = 160;
const BY_FINGER = window.matchMedia('(pointer: coarse)'); // which does not show where it would go next
let mode = 'polygon';
let roadBy = 'pick';
let radius = 300;
let width = 60;
let parts = null; // the elements of the open panel

export function install() {
  if (!may('counts')) return;
  side.tool('draw', t('desk_area.draw.tool'), LOOKS, openDraw);
  pen.onDone((asked) => shape.put(withWidth(asked)));
  pen.onMoving((asked) => shape.put(withWidth(asked), { moving: true }));
  shape.onChange((asked, how) => {
    if (!parts) return;
    if (!how.moving) settle();
    show();
  });
  looking();
  document.addEventListener('keydown', keys, true); // before Escape closes the panel
}

const withWidth = (asked) => (asked.road ? { road: { ...asked.road, width_m: width } } : asked);

function openDraw() {
  const body = make('div', { class: 'draw on-map' });
  side.show('draw', body, { title: t('desk_area.draw.title'), leave: put }); // the one before puts its pen down
  body.append(bench(), inside());
  changed('draw');
}

// The bench: the ways to draw and pick, with what each needs. Whoever shows it puts the pen down, by
// `put`, when his panel is left.
export function bench() {
  parts = { modes: modeChips(), how: make('div', { class: 'draw-how' }), acts: make('div', { class: 'draw-acts' }), editing: make('div', { class: 'draw-editing' }) };
  show();
  pen.show(shape.asked).catch(expected);
  choose(mode, { fresh: !shape.asked });
  return make('section', { class: 'draw-bench' }, parts.modes, parts.how, parts.acts, parts.editing, areas(take, edit));
}

// What was asked about stays, for when the panel is opened again.
export function put() {
  parts = null;
  letGo();
  pen.drop();
  hide();
  hideOutline();
}

function modeChips() {
  const group = make('div', { class: 'chips', role: 'radiogroup', 'aria-label': t('desk_area.draw.how') });
  group.append(...MODES.map((one) => make('button', { type: 'button', class: 'chip', role: 'radio', 'data-mode': one, 'aria-checked': 'false', text: t(`desk_area.mode.${one}`), onclick: () => choose(one) })));
  group.addEventListener('keydown', ({ key }) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[key];
    if (!step) return;
    choose(MODES[(MODES.indexOf(mode) + step + MODES.length) % MODES.length]);
    group.querySelector('[aria-checked="true"]').focus();
  });
  return group;
}

// `fresh`: take up the pen anew; else what is there stays to be changed.
function choose(next, { fresh = true } = {}) {
  mode = next;
  for (const chip of parts.modes.children) {
    chip.setAttribute('aria-checked', String(chip.dataset.mode === mode));
    chip.tabIndex = chip.dataset.mode === mode ? 0 : -1;
  }
  parts.how.replaceChildren(...HOW[mode]());
  letGo();
  if (fresh) begin();
  else if (!PEN[mode]) takePicks(mode, () => width);
  settle();
}

function begin() {
  if (mode === 'circle' && BY_FINGER.matches) {
    pen.drop();
    takePlaces(([lon, lat]) => change({ circle: { lon, lat, radius_m: radius } }));
    return;
  }
  const drawn = PEN[mode] ?? (mode === 'road' && roadBy === 'draw' && 'linestring');
  if (drawn) pen.take(drawn).catch(expected);
  else {
    pen.drop();
    takePicks(mode, () => width);
  }
}

const hint = (key, stays = false) => make('p', { class: `small soft${stays ? '' : ' at-first'}`, text: t(key) });

const HOW = {
  polygon: () => [hint('desk_area.draw.polygon'), make('button', { type: 'button', class: 'btn at-first', text: t('desk_area.draw.view'), onclick: asSeen })],
  circle: () => [hint(`desk_area.draw.circle${BY_FINGER.matches ? '_touch' : ''}`), circleForm()],
  cells: () => [hint('desk_area.draw.cells', true), finder('cells'), chosen()],
  divisions: () => [hint('desk_area.draw.divisions', true), finder('divisions'), chosen()],
  road: () => [roadBys(), hint(`desk_area.draw.road_${roadBy}`), chosen(), widthForm()],
};

function asSeen() {
  const seen = map.getBounds().pad(-0.05); // so that its corners can be taken hold of
  const [[west, south], [east, north]] = [seen.getSouthWest(), seen.getNorthEast()].map(onGround);
  const ring = [[west, south], [east, south], [east, north], [west, north], [west, south]].map((spot) => spot.map((one) => Number(one.toFixed(6))));
  change({ shape: { type: 'Polygon', coordinates: [ring] } });
}

// A shape that does not come from the pen, to be changed by it.
function change(asked) {
  shape.put(asked);
  pen.show(asked).catch(expected);
}

function circleForm() {
  const number = make('input', { type: 'number', id: 'radius', min: 10, max: 50000, step: 10, value: radius, inputmode: 'numeric' });
  const set = () => {
    radius = Math.min(50000, Math.max(10, Number(number.value) || 300));
    const [lon, lat] = onGround(map.getCenter()).map((one) => Number(one.toFixed(6)));
    const held = shape.asked?.circle;
    return { circle: { ...(held ?? { lon, lat }), radius_m: radius } };
  };
  number.addEventListener('change', () => shape.asked?.circle && change(set()));
  return make('form', { class: 'draw-line', onsubmit: (event) => { event.preventDefault(); shape.clear(); change(set()); } },
    make('label', { for: 'radius', class: 'small', text: t('desk_area.draw.radius') }), number, make('button', { class: 'btn', text: t('desk_area.draw.middle') }));
}

function roadBys() {
  const by = (one) => make('button', { type: 'button', class: 'chip', 'aria-pressed': String(roadBy === one), text: t(`desk_area.draw.road_by_${one}`), onclick: () => { roadBy = one; choose('road'); } });
  return make('div', { class: 'chips' }, by('pick'), by('draw'));
}

function widthForm() {
  const told = make('output', { class: 'num', for: 'width', text: t('desk_area.draw.metres', { n: width }) });
  const slider = make('input', { type: 'range', id: 'width', min: 10, max: 500, step: 10, value: width });
  const set = (moving) => {
    width = Number(slider.value);
    told.textContent = t('desk_area.draw.metres', { n: width });
    if (shape.asked?.road) shape.put({ road: { ...shape.asked.road, width_m: width } }, { moving });
  };
  slider.addEventListener('input', () => set(true));
  slider.addEventListener('change', () => set(false));
  return make('div', { class: 'draw-line' }, make('label', { for: 'width', class: 'small', text: t('desk_area.draw.width') }), slider, told);
}

// Finding cells or divisions by name or code: the keyboard's way of picking.
function finder(kind) {
  const list = make('ul', { class: 'rows found-places', id: 'found-places' });
  const input = make('input', { type: 'search', class: 'input', id: 'find-place', autocomplete: 'off', placeholder: t(`desk_area.draw.find_${kind}`), 'aria-label': t(`desk_area.draw.find_${kind}`), 'aria-controls': 'found-places' });
  let waiting;
  let asking = new AbortController();
  const look = async () => {
    asking.abort();
    asking = new AbortController();
    const words = input.value.trim();
    if (!words) return list.replaceChildren();
    const found = await get(`/${kind}/search?q=${encodeURIComponent(words)}`, asking.signal);
    list.replaceChildren(...(found.length ? found.slice(0, 8).map((one) => place(kind, one)) : [make('li', { class: 'soft small', role: 'status', text: t('desk_area.draw.none') })]));
  };
  input.addEventListener('input', () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => look().catch(expected), WAIT_MS);
  });
  const first = () => list.querySelector('button');
  input.addEventListener('keydown', (event) => {
    if (event.isComposing || !['Enter', 'ArrowDown'].includes(event.key)) return;
    event.preventDefault();
    if (event.key === 'ArrowDown') return first()?.focus();
    clearTimeout(waiting);
    look().then(() => first()?.click()).catch(expected); // of what is written now
  });
  return make('div', { class: 'finder' }, input, list);
}

function place(kind, { code, name, community, parent, bbox }) {
  call(code, name);
  const take = () => {
    if (!shape.asked?.[kind]?.includes(code)) pick(kind, code);
    if (bbox?.every((one) => one !== null)) map.fitBounds(boxOnMap(bbox), { animate: false, maxZoom: 17, padding: [40, 40] });
  };
  return make('li', {}, make('button', { type: 'button', class: 'row', onclick: take },
    make('span', { class: 'grow' }, make('span', { class: 'title', text: name }), make('span', { class: 'under', text: [community ?? parent, code].filter(Boolean).join(' · ') })), sign('plus')));
}

function chosen() {
  return make('ul', { class: 'chips chosen', 'aria-label': t('desk_area.draw.chosen') });
}

// What is picked, and the buttons of what can be done with the shape.
function settle() {
  const asked = shape.asked;
  parts.how.classList.toggle('drawn', Boolean(asked));
  const number = parts.how.querySelector('#radius');
  if (number && asked?.circle) number.value = radius = asked.circle.radius_m;
  const list = parts.how.querySelector('.chosen');
  list?.replaceChildren(...['divisions', 'cells'].flatMap((kind) => (asked?.[kind] ?? []).map((code) => make('li', {},
    make('button', { type: 'button', class: 'chip', 'aria-label': t('desk_area.draw.let_go', { name: called(code) }), onclick: () => pick(kind, code) }, called(code), sign('close'))))), ...(asked?.road?.name ? [make('li', {}, make('button', { type: 'button', class: 'chip', 'aria-label': t('desk_area.draw.let_go', { name: asked.road.name }), onclick: clear }, asked.road.name, sign('close')))] : []));
  parts.editing.replaceChildren(editing() ?? '');
  parts.acts.replaceChildren(
    make('button', { type: 'button', class: 'btn bare', disabled: !asked && !shape.canUndo, onclick: back }, sign('undo'), t('page.do.undo')),
    make('button', { type: 'button', class: 'btn bare', disabled: !asked, onclick: clear }, sign('close'), t('page.do.clear')),
    asked && PEN[mode] ? make('button', { type: 'button', class: 'btn bare', onclick: begin }, sign('edit'), t('desk_area.draw.anew')) : '');
}

function back() {
  if (pen.back()) return;
  shape.undo();
  pen.show(shape.asked).catch(expected);
}

export function clear() {
  shape.clear();
  begin();
}

// An area kept by name, taken up again.
function take(area) {
  call(area.number, area.name);
  letGo();
  pen.show(null).catch(expected);
  shape.put({ area: area.number });
}

// Its shape, to be changed by the pen.
function edit(drawn) {
  choose('polygon', { fresh: false });
  change({ shape: drawn });
}

function keys(event) {
  if (!parts || event.target.matches?.('input, select, textarea, dialog *')) return;
  if (event.key === 'Escape' && pen.cancel()) event.preventDefault();
  else if (event.key.toLowerCase() === 'z' && (event.ctrlKey || event.metaKey) && !event.shiftKey) {
    event.preventDefault();
    back();
  }
}

