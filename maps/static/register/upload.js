// 导入: a sheet is tried first; what would happen is shown before anything is written.

import { both, button, empty, line, make, reason } from './parts.js';
import { drawRows } from './mend.js';
import { get, post } from './send.js';
import { fieldName, note, why } from './words.js';

const MOST_MIB = 20;

export function draw(place) {
  const file = make('input', { type: 'file', id: 'sheet', accept: '.xlsx,.csv', class: 'hidden' });
  const told = make('input', { type: 'date', id: 'told' });
  const report = make('div', { class: 'report', 'aria-live': 'polite' });
  const drop = make('label', { class: 'drop', for: 'sheet' },
    make('b', {}, ...both('选择或拖入居民表格', 'Choose a sheet of residents, or drop it here')),
    make('span', { class: 'hint', text: `.xlsx 或 .csv，最大 ${MOST_MIB} MiB` }), file);
  const take = (chosen) => chosen && tryIt(chosen, told.value, report);
  file.addEventListener('change', () => take(file.files[0]));
  for (const kind of ['dragover', 'dragleave', 'drop']) drop.addEventListener(kind, (event) => {
    event.preventDefault();
    drop.classList.toggle('over', kind === 'dragover');
    if (kind === 'drop') take(event.dataTransfer.files[0]);
  });
  place.replaceChildren(
    make('h2', {}, ...both('导入居民表格', 'Bring a sheet of residents')),
    make('p', { class: 'hint' }, ...both('没有表格？', 'No sheet yet?'), document.createTextNode(' '),
      make('a', { href: '/register/templates/residents.xlsx', download: '' }, ...both('下载模板', 'Download the template'))),
    drop,
    make('label', { class: 'told', for: 'told' }, make('span', {}, ...both('表格反映的日期（不填为今天）', 'The day the sheet tells of; blank: today')), told),
    report);
}

async function tryIt(file, told, report) {
  if (file.size > MOST_MIB * 2 ** 20) return report.replaceChildren(line('warning', `文件超过 ${MOST_MIB} MiB。`, 'The file is too large.'));
  report.replaceChildren(make('div', { class: 'busy', role: 'progressbar', 'aria-label': '正在检查 Checking' }), make('p', { class: 'hint' }, ...both(`正在检查 ${file.name} …`, 'Checking; nothing is written')));
  try {
    const answer = await bring(file, told, true);
    const write = async () => {
      report.replaceChildren(make('div', { class: 'busy', role: 'progressbar', 'aria-label': '正在写入 Writing' }));
      try {
        done(await bring(file, told, false), report);
      } catch (error) {
        report.replaceChildren(reason(error));
      }
    };
    const some = answer.added + answer.changed + answer.decisions > 0 || answer.refused > 0;
    report.replaceChildren(...numbers(answer, '试导入：还没有写入任何内容', 'A trial: nothing is written yet'), ...faults(answer),
      some ? make('div', { class: 'acts' }, button('写入台账', 'Write it', write, 'main')) : empty('没有新的内容。', 'There is nothing new in it.'));
  } catch (error) {
    report.replaceChildren(reason(error));
  }
  return undefined;
}

function bring(file, told, dryRun) {
  const form = new FormData();
  form.append('file', file);
  if (told) form.append('told_on', told);
  return post(`/register/sheets?dry_run=${dryRun}`, form);
}

function done(answer, report) {
  report.replaceChildren(...numbers(answer, '已写入台账', 'Written'), ...faults(answer));
  if (!answer.refused || !answer.sheet_id) return;
  const rows = make('div', {});
  report.append(make('h3', {}, ...both('在这里改好被拒的行', 'Mend the refused rows here')), rows);
  const again = async () => {
    const waiting = await get(`/register/sheets/${answer.sheet_id}/rows`);
    rows.replaceChildren(waiting.length ? drawRows(waiting, again) : empty('都改好了。', 'All are mended.'));
  };
  again().catch((error) => rows.replaceChildren(reason(error)));
}

const TOLD = [['added', '新增', 'added'], ['changed', '更新', 'changed'], ['unchanged', '不变', 'unchanged'], ['decisions', '待定', 'to decide'], ['refused', '被拒', 'refused'], ['unplaced', '不在网格内', 'in no cell']];

function numbers(answer, chinese, english) {
  return [
    make('h3', {}, ...both(chinese, english)),
    make('dl', { class: 'numbers' }, ...TOLD.map(([key, words, small]) => make('div', { class: answer[key] ? key : `${key} none` }, make('dt', {}, ...both(words, small)), make('dd', { text: (answer[key] ?? 0).toLocaleString('zh-CN') })))),
    ...(answer.notes ?? []).map(note).filter(Boolean).map((words) => make('p', { class: 'hint', text: words })),
  ];
}

function faults(answer) {
  if (!answer.faults?.length) return [];
  return [make('table', { class: 'faulty' },
    make('thead', {}, make('tr', {}, ...[['行', 'row'], ['字段', 'field'], ['值', 'value'], ['原因', 'reason']].map((words) => make('th', { scope: 'col' }, ...both(...words))))),
    make('tbody', {}, ...answer.faults.map((fault) => make('tr', {}, make('td', { text: fault.row }), make('td', { text: fieldName(fault.field)[0] }), make('td', { text: fault.value }), make('td', {}, ...why(fault.reason))))))];
}
