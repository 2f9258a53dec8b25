// Refused rows of a sheet, mended in the page: the faulty cells are fields, the rest is shown.

import { both, button, make, reason, say } from './parts.js';
import { post, remove } from './send.js';
import { fieldName, why as inWords } from './words.js';

export function drawRows(rows, again) {
  return make('ul', { class: 'rows' }, ...rows.map((row) => item(row, again)));
}

// Fields of which a blank means that they stay: their values are masked.
const SECRET = new Set(['name', 'id_number', 'phone']);

function changed(row, inputs) {
  return Object.fromEntries(Object.entries(inputs)
    .map(([field, input]) => [field, input.value.trim()])
    .filter(([field, now]) => (SECRET.has(field) ? now : now !== (row.values[field] ?? ''))));
}

function item(row, again) {
  const inputs = {};
  const faulty = new Map(row.faults.map((fault) => [fault.field, fault.reason]));
  const cells = Object.entries(row.values).map(([field, value]) => {
    const [chinese, english] = fieldName(field);
    const why = faulty.get(field);
    const hidden = SECRET.has(field) && value;
    inputs[field] = make('input', {
      type: 'text', autocomplete: 'off', 'aria-invalid': why ? 'true' : null,
      value: hidden ? '' : value ?? '', placeholder: hidden ? (why ? `${value}，请重写` : `${value}（不改）`) : '',
    });
    return make('label', { class: why ? 'faulty' : '' }, make('span', {}, ...both(chinese, english)), inputs[field], why && make('em', {}, ...inWords(why)));
  });
  const answer = make('div', {});
  const mend = async () => {
    const values = changed(row, inputs);
    try {
      await post(`/register/rows/${row.id}`, { values });
      say('这一行已入账。', 'The row is in the register.');
      again();
    } catch (error) {
      const faults = error.facts?.faults;
      answer.replaceChildren(faults ? make('ul', { class: 'faults', role: 'alert' }, ...faults.map((fault) => make('li', {}, document.createTextNode(`${fieldName(fault.field)[0]}：`), ...inWords(fault.reason)))) : reason(error));
    }
  };
  const drop = async () => {
    try {
      await remove(`/register/rows/${row.id}`);
      say('这一行不再列出。', 'The row is no longer listed.');
      again();
    } catch (error) {
      answer.replaceChildren(reason(error));
    }
  };
  return make('li', {},
    make('p', { class: 'code' }, ...both(`${row.sheet ?? ''} 第 ${row.row} 行`, `row ${row.row}`)),
    make('div', { class: 'cells' }, ...cells),
    answer,
    make('div', { class: 'acts' }, button('不要这一行', 'Drop', drop), button('改好入账', 'Mend', mend, 'main')));
}
