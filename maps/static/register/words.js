// The register's words for what the server tells: fields and values, notes on a sheet, reasons.

import { t } from '../page/words.js';
import { local } from '../page/zone.js';

const FIELDS = new Set([
  'name', 'sex', 'birth_date', 'id_number', 'phone', 'relation', 'residence', 'floating', 'floating_since',
  'floating_until', 'household', 'address', 'building_code', 'dwelling',
]);
export const GAPS = ['refused_rows', 'dwellings_without_household', 'households_without_phone', 'residents_without_id', 'unplaced'];
const CHOICES = { sex: ['male', 'female'], residence: ['matches', 'separated'] };

export const fieldName = (name) => (FIELDS.has(name) ? t(`register.field.${name}`) : name);

// The values a field may have, in words.
export const choices = (field) => CHOICES[field].map((value) => [value, told(field, value)]);

// A value as people read it.
export function told(field, value) {
  if (value === null || value === undefined || value === '') return t('register.none');
  if (CHOICES[field]?.includes(value)) return t(`register.${field}.${value}`);
  if (value === true) return t('register.yes');
  if (value === false) return t('register.no');
  return String(value);
}

// Of some facts of a person those that are known, in a line.
export const facts = (...known) => known.filter((one) => one && one !== t('register.none')).join(' · ');

// An instant by the town's clock: 2026-03-01 08:30.
export function when(text) {
  const instant = new Date(text.replace(' ', 'T').replace(/([+-]\d\d)$/, '$1:00'));
  return Number.isNaN(instant.getTime()) ? text.slice(0, 16) : local(instant).replace('T', ' ');
}

// Why a value was refused: what the program's sentence is known by, and what it is called here.
const REASONS = [
  [/the check character does not fit/, () => t('register.why.check')],
  [/a resident id has 17 digits/, () => t('register.why.digits')],
  [/digits 7 to 14 are not a date/, () => t('register.why.date_of_id')],
  [/after today|in the future/, () => t('register.why.future')],
  [/a phone number of 5 to 15/, () => t('register.why.phone')],
  [/a date such as/, () => t('register.why.date')],
  [/^yes or no/, () => t('register.why.yes_no')],
  [/^is missing/, () => t('register.why.missing')],
  [/^is none of (.*)/, ([, choices]) => t('register.why.choices', { choices })],
  [/^stands already in row (\d+)/, ([, row]) => t('register.why.twice', { row })],
  [/^an address or a building code is needed/, () => t('register.why.address')],
  [/^is longer than ([\d,]+)/, ([, n]) => t('register.why.long', { n })],
  [/^the resident id says (.*)/, ([, value]) => t('register.why.of_id', { value: told('sex', value) })],
  [/another area/, () => t('register.why.another_area')],
  [/outside|not in your charge/, () => t('register.why.outside')],
  [/^(\d+) values where the header names (\d+)/, ([, n, columns]) => t('register.why.columns', { n, columns })],
  [/NUL/, () => t('register.why.nul')],
];

// What the program says of a whole sheet; null where it is of no use to who brings residents.
const NOTES = [
  [/^no column holds coordinates/, () => null],
  [/^columns read: (.*)/, ([, all]) => t('register.note.read', { columns: listed(all.replace(/ → (\w+)/g, (_, field) => ` → ${fieldName(field)}`)) })],
  [/^columns not used: (.*)/, ([, all]) => t('register.note.unused', { columns: listed(all) })],
  [/^([\d,]+) rows only repeat an earlier row of the sheet: (.*)/, ([, n, rows]) => t('register.note.repeated', {
    n: Number(n.replaceAll(',', '')), rows: listed(rows.replace(/(\d+) \(as (\d+)\)/g, (_, row, first) => t('register.note.repeated_row', { row, first }))),
  })],
  [/^read as (\S+)$/, ([, name]) => t('register.note.encoding', { name })],
];

const listed = (all) => all.replaceAll(', ', t('register.joined'));

// A sentence of the program in the page's words; one it does not know stays as it is.
function inWords(known, sentence) {
  for (const [pattern, say] of known) {
    const found = pattern.exec(sentence);
    if (found) return say(found);
  }
  return sentence;
}

export const note = (sentence) => inWords(NOTES, sentence);
export const why = (sentence) => inWords(REASONS, sentence);
