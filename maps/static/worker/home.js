// The register card of a household, masked: who lives there, and who of them is cared for.

import { post } from '../page/ask.js';
import { make, sign } from '../page/build.js';
import { dialog } from '../page/tell.js';
import { t, term } from '../page/words.js';
import { askWhy, unasked } from './case.js';
import { call, head, joined, nothing } from './parts.js';
import { to } from './route.js';
import { cellOf, may, state } from './state.js';

export function open(root, number) {
  const home = state.day.homes.find(({ household }) => String(household) === number);
  if (!home) {
    root.replaceChildren(head(t('worker.home.card')), nothing(t('worker.home.gone'), 'home'));
    return {};
  }
  root.replaceChildren(head(home.address, cellOf(home.cell)?.name),
    make('div', { class: 'card-body' }, make('ul', { class: 'people' }, home.residents.map(person)), make('p', { class: 'soft small', text: t('worker.home.masked') })));
  return {};
}

function person(one) {
  const visit = state.day.visits.find(({ resident }) => resident === one.id);
  return make('li', { class: 'paper person-card' },
    make('div', { class: 'grow' }, make('h3', { text: one.name_mask }),
      make('p', { class: 'soft small', text: joined(one.relation, sexOf(one), one.age !== null && t('worker.home.age', { n: one.age }), residenceOf(one)) }),
      one.categories.length > 0 && make('p', { class: 'chips' }, one.categories.map((each) => make('span', { class: 'badge calm', text: term('care_category', each) })))),
    make('div', { class: 'acts' },
      one.phone_mask && may('unmask') && make('button', { type: 'button', class: 'btn', onclick: () => unmask(one).catch(unasked) }, sign('phone'), one.phone_mask),
      visit && make('a', { class: 'btn', href: to('visit', String(visit.care)) }, sign('people'), t('worker.visit.title'))));
}

const sexOf = ({ sex }) => sex && t(`worker.sex.${sex}`);
const residenceOf = ({ residence }) => residence && t(`worker.residence.${residence}`);

async function unmask(one) {
  const reason = await askWhy(t('worker.visit.call_why', { name: one.name_mask }));
  if (!reason) return;
  const { name, phone } = await post(`/register/residents/${one.id}/unmask`, { reason });
  await dialog(name ?? one.name_mask, make('p', { class: 'number' }, phone ? call(phone, phone) : t('worker.visit.no_phone')), [{ value: '', text: t('page.do.close') }]);
}
