// What is done with several ticked cases at once: send them as proposed, or to one worker or unit;
// supervise them.

import { Lost, Refused, expected, newId, post } from '../page/ask.js';
import { make } from '../page/build.js';
import { dialog, sure, toast } from '../page/tell.js';
import { t } from '../page/words.js';
import { openProposal } from './proposal.js';
import { addAct } from './queue.js';
import { responders } from './responders.js';
import { changed, may, state } from './state.js';

export function many() {
  addAct({ label: t('desk.many.propose'), icon: 'check', may: (rows) => may('dispatch') && rows.some(filed), run: (rows) => openProposal({ codes: rows.filter(filed).map(({ code }) => code) }) });
  addAct({ label: t('desk.many.dispatch'), icon: 'send', may: (rows) => may('dispatch') && rows.some(filed), run: (rows) => dispatch(rows.filter(filed)).catch(expected) });
  addAct({ label: t('desk.many.supervise'), icon: 'bell', may: () => may('supervise'), run: (rows) => supervise(rows).catch(expected) });
}

const filed = (row) => row.state === 'filed';

async function dispatch(rows) {
  const to = responders(middle(rows));
  const answer = await dialog(t('desk.many.dispatch_n', { n: rows.length }), to.element, [{ value: '', text: t('page.do.cancel') }, { value: 'yes', text: t('desk.many.send'), look: 'main' }]);
  const told = to.value();
  if (answer !== 'yes' || !told) return;
  await done(() => post('/dispatch', { lines: rows.map(({ code, version }) => ({ code, version, ...told })) }), t('desk.many.dispatched', { n: rows.length, who: to.name }));
}

async function supervise(rows) {
  const words = make('textarea', { class: 'input', rows: 2, maxlength: 500, 'aria-label': t('desk.need.words') });
  const answer = await dialog(t('desk.many.supervise_n', { n: rows.length }), make('div', { class: 'field' }, words), [{ value: '', text: t('page.do.cancel') }, { value: 'yes', text: t('page.do.confirm'), look: 'main' }]);
  if (answer !== 'yes' || !words.value.trim()) return;
  const move = (row) => post(`/cases/${encodeURIComponent(row.code)}/moves`, { move: 'supervise', version: row.version, words: words.value.trim(), request_id: newId() });
  await done(async () => { for (const row of rows) await move(row); }, t('desk.many.supervised', { n: rows.length }));
}

// All of it, or it is said why not.
async function done(act, words) {
  try {
    await act();
    state.picked.clear();
    changed('picked');
    toast(words);
  } catch (error) {
    if (error instanceof Refused) await sure(t('desk.many.refused'), error.message, t('page.do.ok'));
    else if (error instanceof Lost) toast(t('page.state.lost'));
    else throw error;
  }
}

const middle = (rows) => ({ lon: rows.reduce((sum, { lon }) => sum + lon, 0) / rows.length, lat: rows.reduce((sum, { lat }) => sum + lat, 0) / rows.length });
