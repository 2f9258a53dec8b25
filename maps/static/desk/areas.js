// 片区: shapes kept by a name, to be asked about again and again.

import { Lost, Refused, expected, get, post, put, remove } from '../page/ask.js';
import { make, sign } from '../page/build.js';
import { dialog, toast } from '../page/tell.js';
import { t } from '../page/words.js';
import { call, shape } from './draw-shape.js';
import { map, onMap } from './place.js';
import { may } from './state.js';

let known = [];
let list = null;
let outline = null;
let edited = null; // the area whose corners are being changed
let take = () => {};
let draw = () => {};

// The list of named areas; `choose(area)` takes one up, `change(shape)` takes a shape into the pen.
export function areas(choose, change) {
  take = choose;
  draw = change;
  list = make('details', { class: 'areas' }, make('summary', { text: t('desk_area.areas.title') }), make('ul', { class: 'rows' }));
  fresh().catch(expected);
  return list;
}

async function fresh() {
  ({ areas: known } = await get('/areas'));
  fill();
}

function fill() {
  for (const one of known) call(one.number, one.name);
  list.querySelector('ul').replaceChildren(...(known.length ? known.map(line) : [make('li', { class: 'soft small', text: t('desk_area.areas.none') })]));
  outlined();
}

function line(area) {
  return make('li', { class: 'area-line' },
    make('button', { type: 'button', class: 'row', onclick: () => { edited = null; take(area); goTo(area); } },
      make('span', { class: 'grow' }, make('span', { class: 'title', text: area.name }), make('span', { class: 'under', text: area.purpose }))),
    may('dispatch') && make('button', { type: 'button', class: 'btn bare square', 'aria-label': t('desk_area.areas.edit', { name: area.name }), title: t('desk_area.areas.edit', { name: area.name }), onclick: () => edit(area) }, sign('edit')),
    may('dispatch') && make('button', { type: 'button', class: 'btn bare square', 'aria-label': t('desk_area.areas.forget', { name: area.name }), onclick: () => forgetArea(area).catch(told) }, sign('close')));
}

function goTo({ shape: drawn }) {
  map.fitBounds(placed(drawn).getBounds(), { animate: false, maxZoom: 17, padding: [30, 30] });
}

const placed = (drawn) => L.geoJSON(drawn, { coordsToLatLng: ([lon, lat]) => onMap(lon, lat), interactive: false, style: { className: 'pen-area' } });

// The outline of the named area that is asked about.
function outlined() {
  hideOutline();
  const number = shape.asked?.area;
  const area = number && known.find((one) => one.number === number);
  if (area) outline = placed(area.shape).addTo(map);
}

shape.onChange(outlined);

export function hideOutline() {
  outline?.remove();
  outline = null;
}

// Its corners can be moved; what has a hole has none that the pen could hold.
function edit(area) {
  if (area.shape.coordinates.some((rings) => rings.length > 1)) return toast(t('desk_area.areas.hole', { name: area.name }));
  edited = area;
  goTo(area);
  return draw(area.shape);
}

// What keeps the changed corners, while an area's are being changed.
export function editing() {
  if (!edited || !shape.asked) return null;
  const leave = () => {
    const area = edited;
    edited = null;
    take(area);
  };
  return make('div', { class: 'notice small' }, make('span', { text: t('desk_area.areas.editing', { name: edited.name }) }),
    make('span', { class: 'acts' }, make('button', { type: 'button', class: 'btn main keep-corners', onclick: () => redraw(edited).catch(told) }, t('page.do.save')),
      make('button', { type: 'button', class: 'btn', onclick: leave }, t('page.do.cancel'))));
}

// Kept by the same name, with the way back. Who was slower sees the area as it now stands, and
// pressing again means it.
async function redraw(area) {
  const { number, name, purpose } = area;
  try {
    const kept = await put(`/areas/${number}`, { ...shape.asked, name, purpose, made_at: area.made_at });
    const back = async () => {
      await put(`/areas/${number}`, { shape: area.shape, name, purpose, made_at: kept.made_at });
      await fresh();
      take(area);
    };
    edited = null;
    toast(t('desk_area.areas.redrawn', { name }), { act: { label: t('page.do.undo'), run: () => back().catch(told) } });
    await fresh();
    take(area);
  } catch (error) {
    await fresh();
    edited &&= known.find((one) => one.number === number) ?? null;
    throw error;
  }
}

export async function keepArea() {
  const name = make('input', { id: 'area-name', maxlength: 60, required: true, autocomplete: 'off' });
  const purpose = make('input', { id: 'area-purpose', maxlength: 200, autocomplete: 'off' });
  const answer = await dialog(t('desk_area.areas.keep'), make('div', { class: 'stack' },
    make('div', { class: 'field' }, make('label', { for: 'area-name', text: t('desk_area.areas.name') }), name),
    make('div', { class: 'field' }, make('label', { for: 'area-purpose', text: t('desk_area.areas.purpose') }), purpose, make('p', { class: 'hint', text: t('desk_area.areas.purpose_hint') }))),
  [{ value: '', text: t('page.do.cancel') }, { value: 'yes', text: t('page.do.save'), look: 'main' }]);
  if (answer !== 'yes') return;
  await keep({ ...shape.asked, name: name.value, purpose: purpose.value }).catch(told);
}

async function keep(named) {
  const kept = await post('/areas', named);
  call(kept.number, named.name);
  toast(t('desk_area.areas.kept', { name: named.name }), { act: { label: t('page.do.undo'), run: () => remove(`/areas/${kept.number}`).then(fresh).catch(told) } });
  await fresh();
}

// Forgotten, and kept anew if that was a mistake.
async function forgetArea(area) {
  await remove(`/areas/${area.number}`);
  if (edited?.number === area.number) edited = null;
  if (shape.asked?.area === area.number) shape.put({ shape: area.shape });
  await fresh();
  const again = { name: area.name, purpose: area.purpose, shape: area.shape };
  toast(t('desk_area.areas.forgotten', { name: area.name }), { act: { label: t('page.do.undo'), run: () => keep(again).catch(told) } });
}

// A refusal is said as it came; being out of reach in our own words.
export function told(error) {
  if (error instanceof Refused) toast(t('page.state.refused', { why: error.message }));
  else if (error instanceof Lost) toast(t('page.state.lost'));
  else expected(error);
}
