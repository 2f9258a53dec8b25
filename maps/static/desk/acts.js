// What a dispatcher does with a case: the one act that is due stands out, all others beside it. What
// an act needs to be told is asked for in its place.

import { Lost, Refused, expected, get, newId, post } from '../page/ask.js';
import { make } from '../page/build.js';
import { toast } from '../page/tell.js';
import { t, term } from '../page/words.js';
import { instant } from '../page/zone.js';
import { responders } from './responders.js';

const FIRST = ['dispatch', 'file', 'verify', 'inspect', 'close', 'resume'];
const LAST = ['settle', 'note', 'void'];
const BACK = { dispatch: 'recall', void: 'restore' }; // what takes a move back, where it can be

export function acts({ file, why, moves, done }) {
  const place = make('div', { class: 'act-form' });
  const open = moves.moves.map(({ move }) => move);
  const first = FIRST.find((move) => open.includes(move));
  const buttons = moves.moves.map((step) => make('button', { type: 'button', class: `btn${step.move === first ? ' main' : step.move === 'void' ? ' danger' : ''}`, 'data-key': step.move, 'data-move': step.move,
    text: step.move === 'dispatch' && why?.chosen ? t('desk.act.other') : term('move', step.move), onclick: () => ask(step, { file, why, moves, done, place }) }));
  const rank = ({ dataset: { move } }) => (move === first ? -1 : LAST.indexOf(move) + 1);
  buttons.sort((a, b) => rank(a) - rank(b));
  const proposed = open.includes('dispatch') && why?.chosen?.code ? proposal({ file, why, done }) : null;
  return make('section', { class: 'case-acts' }, proposed, make('div', { class: 'acts' }, buttons), place);
}

// Whom the rules name, one press away.
function proposal({ file, why, done }) {
  const { who, code, is_unit: unit } = why.chosen;
  const id = newId();
  return make('button', { type: 'button', class: 'btn main wide', 'data-key': 'propose', text: t('desk.act.dispatch_to', { who }), onclick: (event) => {
    event.currentTarget.setAttribute('aria-busy', 'true');
    send(file, 'dispatch', { [unit ? 'unit' : 'worker']: code }, done, { id, who }).catch(expected);
  } });
}

function ask(step, { file, moves, done, place }) {
  const fault = make('p', { class: 'fault', role: 'alert', hidden: true });
  const fields = step.needs.map((need) => field(need, { file, moves }));
  const wish = step.needs.includes('words') || step.needs.includes('reason') ? [] : [field('words', { optional: true })];
  const all = [...fields, ...wish];
  const id = newId();
  const form = make('form', { class: 'paper inside stack', onsubmit: (event) => {
    event.preventDefault();
    const missing = fields.find(({ value }) => !value());
    if (missing) return missing.focus();
    const told = Object.assign({}, ...all.map(({ value }) => value() ?? {}));
    return send(file, step.move, told, () => { place.replaceChildren(); return done(); }, { id }).catch((error) => {
      fault.textContent = error.message;
      fault.hidden = false;
      expected(error);
    });
  } }, make('h4', { text: term('move', step.move) }), all.map(({ element }) => element), fault,
  make('div', { class: 'acts' }, make('button', { class: `btn ${step.move === 'void' ? 'danger' : 'main'}`, 'data-key': 'form', text: t('page.do.confirm') }),
    make('button', { type: 'button', class: 'btn bare', text: t('page.do.cancel'), onclick: () => place.replaceChildren() })));
  for (const one of form.querySelectorAll('input, textarea, select')) one.dataset.key = 'form';
  place.replaceChildren(form);
  form.scrollIntoView({ block: 'nearest' });
  (all[0]?.focus ?? (() => form.querySelector('button').focus()))();
}

// Makes the move, once however often it is pressed, as of the version that was seen; with the way
// back where there is one.
async function send(file, move, told, done, { id, who }) {
  try {
    await post(`/cases/${encodeURIComponent(file.code)}/moves`, { move, version: file.version, request_id: id, ...told });
  } catch (error) {
    if (error instanceof Lost) toast(t('page.state.lost'));
    else if (error.status === 409) toast(t('desk.act.changed'));
    else if (who && error instanceof Refused) toast(t('page.state.refused', { why: error.message })); // a form says it in its place
    if (error.status === 409) await seenAnew(file, move, done);
    throw error;
  }
  const back = BACK[move];
  toast(who ? t('desk.act.dispatched', { who }) : t('desk.act.done', { move: term('move', move), title: file.title }), back ? { act: { label: t('page.do.undo'), run: () => undo(file, back, done).catch(expected) } } : {});
  await done();
}

// Somebody else was faster. If the move is still open, pressing once more means it as it now stands.
async function seenAnew(file, move, done) {
  const now = await get(`/cases/${encodeURIComponent(file.code)}/moves`);
  if (now.moves.some((one) => one.move === move)) file.version = now.version;
  else await done({ anew: true });
}

async function undo(file, move, done) {
  await post(`/cases/${encodeURIComponent(file.code)}/moves`, { move, reason: t('desk.act.undo_reason'), request_id: newId() });
  await done();
}

// A field for what a move needs: { element, value() → what is told or null, focus() }.
function field(need, { file, moves, optional = false } = {}) {
  if (need === 'holder') return responders(file);
  if (need === 'cell') return cellField(file);
  const id = `need-${need}`;
  const input = make(...{
    until: ['input', { id, type: 'datetime-local' }],
    rating: ['input', { id, type: 'number', min: 1, max: 5 }],
    condition: ['select', { id }, (moves?.conditions ?? []).map((one) => make('option', { value: one.number, text: one.filing }))],
  }[need] ?? [need === 'other' ? 'input' : 'textarea', { id, rows: 2, maxlength: 500 }]);
  const value = () => {
    const text = input.value.trim();
    if (!text) return null;
    if (need === 'until') return { until: instant(text).toISOString() };
    return { [need]: ['condition', 'rating'].includes(need) ? Number(text) : text };
  };
  return { element: make('div', { class: 'field' }, make('label', { for: id, text: optional ? t('desk.need.optional', { name: t(`desk.need.${need}`) }) : t(`desk.need.${need}`) }), input), value, focus: () => input.focus() };
}

// The cell by its name or code; those that a rough place may mean are offered first.
function cellField({ candidates = [] }) {
  const found = new Map();
  const list = make('datalist', { id: 'cells' });
  const offer = (cells) => {
    for (const { code, name } of cells) found.set(name, code);
    list.replaceChildren(...cells.map(({ code, name }) => make('option', { value: name, label: code })));
  };
  const input = make('input', { id: 'need-cell', list: 'cells', autocomplete: 'off', oninput: async () => {
    const q = input.value.trim();
    if (q && !found.has(q)) offer(await get(`/cells/search?q=${encodeURIComponent(q)}`).catch((error) => { expected(error); return []; }));
  } });
  offer(candidates.map((code) => ({ code, name: code })));
  const value = () => (input.value.trim() ? { cell: found.get(input.value.trim()) ?? input.value.trim() } : null);
  return { element: make('div', { class: 'field' }, make('label', { for: 'need-cell', text: t('desk.need.cell') }), input, list), value, focus: () => input.focus() };
}
