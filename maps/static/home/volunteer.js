// 志愿者报名: who would help, with what and when.

import { post } from '../page/ask.js';
import { make, sign } from '../page/build.js';
import { t } from '../page/words.js';
import { choices, field, form, needed, phone } from './form.js';
import { nothing } from './parts.js';
import { mine } from './place.js';
import { view } from './route.js';
import { taken } from './taken.js';

const { days: DAYS } = JSON.parse(document.getElementById('settings').textContent); // as the server reads them
const TIMES = { morning: '09:00-12:00', afternoon: '14:00-17:00', evening: '18:30-20:30' };
const SKILLS = ['visit', 'meals', 'repair', 'medical', 'teaching', 'order', 'clean', 'emergency'];

view('volunteer', () => {
  const box = make('section', { class: 'paper letter narrow' });
  box.replaceChildren(mine.code ? joining(box) : nothing(t('home.volunteer.which'), make('a', { class: 'btn main', href: '#cell', text: t('home.cell.find') })));
  return { title: t('home.volunteer.title'), lead: t('home.volunteer.lead'), body: [box] };
});

function joining(box) {
  const control = choices({ name: 'skills', many: true, options: SKILLS.map((key) => ({ value: t(`home.volunteer.skill.${key}`), label: t(`home.volunteer.skill.${key}`) })) });
  return form({
    name: 'volunteer', button: t('home.volunteer.send'),
    fields: [
      field({ name: 'name', label: t('home.form.name'), autocomplete: 'name', maxlength: 50, check: needed('home.fault.name') }),
      field({ name: 'phone', label: t('home.form.phone'), kind: 'tel', autocomplete: 'tel', maxlength: 40, check: phone(true) }),
      field({ name: 'skills', label: t('home.volunteer.skills'), hint: t('home.volunteer.skills_say'), control, check: needed('home.fault.skills') }),
      field({ name: 'hours', label: t('home.volunteer.hours'), optional: true, control: hoursControl(), check: whole }),
    ],
    below: [make('p', { class: 'promise' }, sign('check'), make('span', { text: t('home.volunteer.promise') }))],
    send: (values, request_id) => post('/community/volunteers', { ...values, hours: written(values.hours), cell: mine.code, request_id }),
    done: (answer) => taken(box, 'volunteer', answer),
  }).element;
}

// When one can: days, and parts of the day.
function hoursControl() {
  const days = choices({ name: 'days', many: true, short: true, options: DAYS.map((value, at) => ({ value, label: t(`home.volunteer.day.${at}`) })) });
  const parts = choices({ name: 'parts', many: true, short: true, options: Object.entries(TIMES).map(([key, value]) => ({ value, label: t(`home.volunteer.part.${key}`) })) });
  const element = make('div', { class: 'stack' }, days, parts);
  element.value = () => [days.value(), parts.value()];
  element.take = ([some, others] = []) => { days.take(some); parts.take(others); };
  element.focusFirst = () => days.focusFirst();
  return element;
}

const whole = ([days, parts]) => (days.length > 0 === parts.length > 0 ? null : t('home.fault.hours'));
const written = ([days, parts]) => days.flatMap((day) => parts.map((part) => `${day} ${part}`)).join(';');
