// To bring a sheet: it is tried first; what would happen is shown before anything is written.

import { get, post } from '../page/ask.js';
import { make } from '../page/build.js';
import { count, t } from '../page/words.js';
import { drawRows } from './mend.js';
import { attempt, button, empty, line } from './parts.js';
import { fieldName, note, why } from './words.js';

const MOST_MIB = 20;
const TOLD = ['added', 'changed', 'unchanged', 'decisions', 'refused', 'unplaced'];

export function draw(place) {
  const file = make('input', { type: 'file', id: 'sheet', accept: '.xlsx,.csv', class: 'unseen' });
  const told = make('input', { type: 'date', id: 'told' });
  const report = make('div', { class: 'report', 'aria-live': 'polite' });
  const drop = make('label', { class: 'drop', for: 'sheet' },
    make('b', { text: t('register.upload.choose') }), make('span', { class: 'hint', text: t('register.upload.kinds', { n: MOST_MIB }) }), file);
  const take = (chosen) => chosen && tryIt(chosen, told.value, report);
  file.addEventListener('change', () => take(file.files[0]));
  for (const kind of ['dragover', 'dragleave', 'drop']) drop.addEventListener(kind, (event) => {
    event.preventDefault();
    drop.classList.toggle('over', kind === 'dragover');
    if (kind === 'drop') take(event.dataTransfer.files[0]);
  });
  place.replaceChildren(
    make('h1', { text: t('register.upload.title') }),
    make('p', { class: 'hint' }, `${t('register.upload.no_sheet')} `,
      make('a', { href: '/register/templates/residents.xlsx', download: '', text: t('register.upload.template') })),
    drop,
    make('label', { class: 'field day', for: 'told' }, make('span', { class: 'label', text: t('register.upload.told') }), told),
    report);
}

const busy = (words) => [make('progress', { 'aria-label': words }), make('p', { class: 'hint', text: words })];

async function tryIt(file, told, report) {
  if (file.size > MOST_MIB * 2 ** 20) return report.replaceChildren(line('warn', t('register.upload.too_large', { n: MOST_MIB })));
  report.replaceChildren(...busy(t('register.upload.checking', { name: file.name })));
  return attempt(report, async () => {
    const answer = await bring(file, told, true);
    const write = () => {
      report.replaceChildren(...busy(t('register.upload.writing')));
      return attempt(report, async () => done(await bring(file, told, false), report));
    };
    const some = answer.added + answer.changed + answer.decisions + answer.refused > 0;
    report.replaceChildren(...numbers(answer, t('register.upload.trial')), ...faults(answer),
      some ? make('div', { class: 'acts' }, button(t('register.upload.write'), write, 'main')) : empty(t('register.upload.nothing')));
  });
}

function bring(file, told, dryRun) {
  const form = new FormData();
  form.append('file', file);
  if (told) form.append('told_on', told);
  return post(`/register/sheets?dry_run=${dryRun}`, form);
}

function done(answer, report) {
  report.replaceChildren(...numbers(answer, t('register.upload.written')), ...faults(answer));
  if (!answer.refused || !answer.sheet_id) return;
  const rows = make('div');
  report.append(make('h2', { text: t('register.upload.mend') }), rows);
  const again = () => attempt(rows, async () => {
    const waiting = await get(`/register/sheets/${answer.sheet_id}/rows`);
    rows.replaceChildren(waiting.length ? drawRows(waiting, again) : empty(t('register.upload.mended')));
  });
  again();
}

function numbers(answer, words) {
  const tile = (key) => make('div', { class: answer[key] ? key : `${key} none` }, make('dt', { text: t(`register.upload.${key}`) }), make('dd', { text: count(answer[key] ?? 0) }));
  return [
    make('h2', { text: words }),
    make('dl', { class: 'numbers' }, TOLD.map(tile)),
    ...(answer.notes ?? []).map(note).filter(Boolean).map((text) => make('p', { class: 'hint', text })),
  ];
}

function faults(answer) {
  if (!answer.faults?.length) return [];
  const head = ['row', 'field', 'value', 'reason'].map((key) => make('th', { scope: 'col', text: t(`register.upload.${key}`) }));
  const rows = answer.faults.map((fault) => make('tr', {},
    [fault.row, fieldName(fault.field), fault.value, why(fault.reason)].map((text) => make('td', { text }))));
  return [make('div', { class: 'paper' }, make('table', { class: 'table faulty' }, make('thead', {}, make('tr', {}, head)), make('tbody', {}, rows)))];
}
