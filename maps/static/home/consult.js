// 咨询: a question to a cadre or a party member, which is answered by a day that is told at once.

import { get, post } from '../page/ask.js';
import { make, sign } from '../page/build.js';
import { t, term } from '../page/words.js';
import { choices, field, form, needed, phone } from './form.js';
import { call, filled, nothing } from './parts.js';
import { mine, ofMine } from './place.js';
import { view } from './route.js';
import { taken } from './taken.js';

const KINDS = ['cadre', 'party_member'];

view('consult', () => {
  const box = make('section', { class: 'paper letter' });
  box.replaceChildren(asking(box));
  return { title: t('home.consult.title'), lead: t('home.consult.lead'), body: [make('div', { class: 'with-aside' }, box, offices())] };
});

function asking(box) {
  const control = choices({ name: 'adviser', options: KINDS.map((kind) => ({ value: kind, label: term('adviser', kind), under: t(`home.consult.${kind}`) })), chosen: ['cadre'] });
  return form({
    name: 'question', button: t('home.consult.send'),
    fields: [
      field({ name: 'adviser', label: t('home.consult.who'), control }),
      field({ name: 'topic', label: t('home.consult.topic'), placeholder: t('home.consult.topic_like'), maxlength: 100, check: needed('home.fault.topic') }),
      field({ name: 'words', label: t('home.consult.words'), kind: 'area', maxlength: 2000, check: needed('home.fault.words') }),
      field({ name: 'contact', label: t('home.form.phone'), hint: t('home.consult.phone_say'), kind: 'tel', optional: true, autocomplete: 'tel', maxlength: 40, check: phone(false), names: ['contact', 'phone'] }),
    ],
    below: [make('p', { class: 'promise' }, sign('check'), make('span', { text: t('home.consult.promise') }))],
    send: (values, request_id) => post('/community/questions', { ...values, cell: mine.code, request_id }),
    done: (answer) => taken(box, 'consult', answer),
  }).element;
}

function offices() {
  return make('aside', { class: 'aside', 'aria-labelledby': 'offices' }, make('h2', { id: 'offices', text: t('home.consult.offices') }),
    mine.code ? filled(() => get(`/community/advisers${ofMine()}`), (found) => (found.length ? make('ul', { class: 'offices paper' }, found.map(office)) : nothing(t('home.consult.none'))))
      : nothing(t('home.consult.which'), make('a', { class: 'btn', href: '#cell', text: t('home.cell.find') })));
}

const office = ({ name, adviser, phone: number }) => make('li', {}, make('div', { class: 'grow' }, make('span', { class: 'title', text: name }), make('span', { class: 'under', text: term('adviser', adviser) })), call(number, name));
