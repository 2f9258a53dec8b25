// Where a report is about: a pin on the map, the cell under it, and who answers there.

import { t, term } from '../page/words.js';
import { askJson, expected } from './ask.js';
import { icon, make } from './build.js';
import { length } from './card.js';
import { position } from './here.js';
import { telephone } from './panel.js';
import { placePin } from './pin.js';
import { bringIn, middle } from './room.js';

const ROUGH_M = 30;

// `moved(spot)` hears of every placing: { lon, lat, accuracy_m } in WGS-84.
export function placeField(map, moved) {
  const said = make('p', { class: 'spot', role: 'status' });
  const posts = make('div', { class: 'answering' });
  const here = make('button', { type: 'button', class: 'chip' }, icon('M10 2v3', 'M10 15v3', 'M2 10h3', 'M15 10h3', 'M14.5 10a4.5 4.5 0 1 1-9 0 4.5 4.5 0 0 1 9 0z'), t('map.place.mine'));
  const yes = make('button', { type: 'button', class: 'chip yes' }, icon('m4.5 10.5 4 4 7-8.5'), t('map.place.here'));
  const hint = make('p', { class: 'soft', text: t('map.place.hint') });
  const element = make('div', { class: 'field-place' }, hint, said, posts, make('p', { class: 'ways-to-place' }, here, yes));
  const names = new Map(); // of the cells that came into question
  const pin = placePin(map, {
    label: t('map.place.pin'),
    middle, bringIn, ask: askJson, moved, told, unknown,
    drawn(spot) { yes.hidden = hint.hidden = Boolean(spot); },
  });

  function unknown(error) {
    said.replaceChildren(t('map.place.unknown'));
    posts.replaceChildren();
    expected(error);
  }

  function told({ cell, posts: people, candidates }, accuracy) {
    const near = t(accuracy > ROUGH_M ? 'map.place.rough' : 'map.place.accuracy', { m: length(accuracy) });
    const cells = [cell, ...candidates].filter(Boolean);
    for (const one of cells) names.set(one.code, one.name);
    const called = cells.map(({ name }) => name);
    const where = cell && !candidates.length ? [cell.street?.name, cell.community?.name].filter(Boolean).join(' › ') : '';
    said.replaceChildren(make('span', { class: 'soft', text: [where, near].filter(Boolean).join(' · ') }), make('b', { text: title(called) }), ...desk(called, candidates));
    posts.replaceChildren(...(cell && !candidates.length ? [answering(people)] : []));
  }

  yes.addEventListener('click', () => {
    pin.confirm();
    here.focus();
  });
  here.addEventListener('click', () => position(here, pin.stand));
  const { put, spot, show, hide, take, freeze } = pin;
  return { element, put, spot, names: () => names, show, hide, take, freeze };
}

function title(names) {
  if (!names.length) return t('map.place.no_cell');
  return names.length === 1 ? names[0] : t('map.place.maybe', { name: names[0] });
}

// Who decides where the cell is not sure.
function desk(names, candidates) {
  if (!names.length) return [make('span', { class: 'soft', text: t('map.place.desk_anyway') })];
  if (!candidates.length) return [];
  const others = names.slice(1);
  const words = others.length ? t('map.place.desk_of', { names: listed(others) }) : t('map.place.desk_near');
  return [make('span', { class: 'soft', text: words })];
}

function listed(names) {
  return names.length > 3 ? t('map.place.many', { names: names.slice(0, 3).join(t('map.and')), n: names.length }) : names.join(t('map.and'));
}

// Who answers in a cell: office names and telephones, which are public.
export function answering(people) {
  if (!people.length) return make('p', { class: 'none', text: t('map.nobody_posted') });
  return make('ul', { class: 'posts' }, ...people.slice(0, 3).map(({ role, name, phone }) => make('li', {},
    make('span', { class: 'role', text: term('post_role', role) }), make('span', { class: 'name', text: name }), telephone(name, phone))));
}
