// Refused rows of a sheet, mended in the page: the faulty cells are fields, the rest is shown.

import { post, remove } from '../page/ask.js';
import { make } from '../page/build.js';
import { toast } from '../page/tell.js';
import { t } from '../page/words.js';
import { attempt, button } from './parts.js';
import { fieldName, why } from './words.js';

export function drawRows(rows, again) {
  return make('ul', { class: 'mending' }, rows.map((row) => item(row, again)));
}

// Fields of which a blank means that they stay: their values are masked.
const SECRET = new Set(['name', 'id_number', 'phone']);

function changed(row, inputs) {
  return Object.fromEntries(Object.entries(inputs)
    .map(([field, input]) => [field, input.value.trim()])
    .filter(([field, now]) => (SECRET.has(field) ? now : now !== (row.values[field] ?? ''))));
}

function cell(field, value, fault, inputs) {
  const hidden = SECRET.has(field) && value;
  inputs[field] = make('input', {
    type: 'text', autocomplete: 'off', 'aria-invalid': fault ? 'true' : null,
    value: hidden ? '' : value ?? '', placeholder: hidden ? t(fault ? 'register.anew' : 'register.stays', { value }) : '',
  });
  return make('label', { class: `field ${fault ? 'faulty' : ''}` }, make('span', { class: 'label', text: fieldName(field) }), inputs[field],
    fault && make('span', { class: 'fault', text: why(fault) }));
}

function item(row, again) {
  const inputs = {};
  const faulty = new Map(row.faults.map((fault) => [fault.field, fault.reason]));
  const cells = Object.entries(row.values).map(([field, value]) => cell(field, value, faulty.get(field), inputs));
  const answer = make('div');
  const mend = () => attempt(answer, async () => {
    try {
      await post(`/register/rows/${row.id}`, { values: changed(row, inputs) });
    } catch (error) {
      if (!error.facts?.faults) throw error;
      return answer.replaceChildren(make('ul', { class: 'faults', role: 'alert' }, error.facts.faults.map(({ field, reason }) => (
        make('li', { class: 'fault', text: t('register.between', { name: fieldName(field), value: why(reason) }) })))));
    }
    toast(t('register.mend.mended'));
    return again();
  });
  const drop = () => attempt(answer, async () => {
    await remove(`/register/rows/${row.id}`);
    toast(t('register.mend.dropped'));
    again();
  });
  return make('li', { class: 'paper' },
    make('p', { class: 'soft small', text: t('register.mend.row', { sheet: row.sheet ?? '', row: row.row }) }),
    make('div', { class: 'cells' }, cells),
    answer,
    make('div', { class: 'acts' }, button(t('register.mend.drop'), drop), button(t('register.mend.mend'), mend, 'main')));
}
