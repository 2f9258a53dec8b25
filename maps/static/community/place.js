// Where one may publish: the whole town, a division of one's charge, or some cells of it.

import { get } from '../page/ask.js';
import { make } from '../page/build.js';
import { t } from '../page/words.js';

export const charge = { town: false, divisions: [] };

export async function load() {
  Object.assign(charge, await get('/community/charge'));
}

export const mayPublish = () => charge.town || charge.divisions.length > 0;
export const divisionName = (code) => (code ? charge.divisions.find((one) => one.code === code)?.name ?? code : t('community.place.town'));

// Each division with how deep it stands under the others of the charge.
function ordered() {
  const codes = new Set(charge.divisions.map(({ code }) => code));
  const below = (parent) => charge.divisions.filter((one) => (codes.has(one.parent) ? one.parent : null) === parent)
    .flatMap((one) => [one, ...below(one.code).map((deep) => ({ ...deep, depth: (deep.depth ?? 0) + 1 }))]);
  return below(null);
}

const INDENT = '\u2003';
export const options = () => [
  ...(charge.town ? [{ value: '', label: t('community.place.whole', { name: t('community.place.town') }) }] : []),
  ...ordered().map(({ code, name, depth = 0 }) => ({ value: code, label: INDENT.repeat(depth + (charge.town ? 1 : 0)) + (depth || charge.town ? name : t('community.place.whole', { name })) })),
];

// Some cells of the division that is chosen; none is all of it.
export function cells({ id }) {
  const box = make('div', { class: 'cells' });
  let chosen = [];
  let of;
  let asking = new AbortController();

  async function show(division) {
    asking.abort();
    of = division;
    box.replaceChildren(make('p', { class: 'soft small', text: t(division ? 'page.state.loading' : 'community.place.no_cells') }));
    if (!division) return;
    asking = new AbortController();
    const answer = await get(`/community/charge?${new URLSearchParams({ division })}`, asking.signal);
    if (of === division) draw(answer.cells);
  }

  function draw(known) {
    const boxes = known.map(({ code, name }) => make('label', { class: 'check' }, make('input', { type: 'checkbox', value: code, checked: chosen.includes(code), onchange: read }), make('span', { text: name })));
    box.replaceChildren(...(boxes.length ? boxes : [make('p', { class: 'soft small', text: t('community.place.none_here') })]));
    box.firstElementChild.querySelector('input')?.setAttribute('id', `${id}-first`);
  }

  function read() {
    chosen = [...box.querySelectorAll('input:checked')].map(({ value }) => value);
  }

  return {
    element: box, isGroup: true, first: () => box.querySelector('input'),
    value: () => (chosen.length ? chosen : null),
    take(value) {
      chosen = value ?? [];
      for (const one of box.querySelectorAll('input')) one.checked = chosen.includes(one.value);
    },
    of(division, error) {
      if (division === of) return;
      if (of !== undefined) chosen = [];
      show(division).catch(error);
    },
  };
}
