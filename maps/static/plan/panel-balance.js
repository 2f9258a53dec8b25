// Cells balanced or drawn anew by the planner's own formula; first as a preview, on the map and in
// numbers, then kept or thrown away.

import { make } from '../page/build.js';
import { toast } from '../page/tell.js';
import { t } from '../page/words.js';
import { outcome } from './balance-outcome.js';
import { wishForm } from './balance-wish.js';
import { change, propose } from './draft.js';
import { instead } from './panel-instead.js';
import { zoomTo } from './place.js';
import { clearPreview, preview } from './preview.js';
import { refused } from './said.js';
import { on, state } from './state.js';

const SECOND = 1000;
const told = make('div', { class: 'told', 'aria-live': 'polite' });
const result = make('div', { class: 'result' });
let body = null;
let form = null;
let drawnFor = null; // of which plan the form is
let asking = null;
let proposed = null; // { act, wish, answer, version } while it is shown

export const balance = {
  name: 'balance', title: t('plan_panels.balance.tool'), icon: ['M10 3v14', 'M5 6h10', 'm5 6-2.5 6h5z', 'm15 6-2.5 6h5z', 'M7 17h6'],
  mount(element) {
    body = element;
    on('plan', draw);
    on('cells chosen', () => form?.scopes());
    on('cells', overtaken);
    draw();
  },
  shown() {
    form?.scopes();
  },
  hidden() {
    asking?.abort();
    throwAway();
  },
};

function draw(what, { another = true } = {}) {
  if (drawnFor === state.plan?.name && !another && body.contains(form?.element ?? null)) return;
  drawnFor = state.plan?.name ?? null;
  throwAway();
  const no = instead();
  form = no ? null : wishForm(look);
  body.replaceChildren(no ?? make('div', { class: 'stack' }, form.element, told, result));
}

// `act` is balance or draw, `wish` what the server is asked for.
async function look(act, wish) {
  throwAway();
  asking?.abort();
  asking = new AbortController();
  const { signal } = asking;
  const done = running();
  try {
    const answer = await propose(act, wish, signal);
    proposed = { act, wish, answer, version: state.version };
    preview(answer.cells, answer.moves ?? []);
    result.replaceChildren(outcome(proposed, { keep, away }));
    if (answer.cells.features.length) zoomTo({ coordinates: answer.cells.features.map(({ geometry }) => geometry.coordinates) });
    result.querySelector('h3').focus({ preventScroll: true });
    result.scrollIntoView({ block: 'nearest' });
  } catch (error) {
    if (error.name === 'AbortError') return;
    told.replaceChildren(refused(error));
  } finally {
    done();
  }
}

// That it takes its time, since when, and the way out.
function running() {
  const began = Date.now();
  const since = make('p', { class: 'small soft num' });
  const stop = () => {
    asking.abort();
    told.replaceChildren(make('p', { class: 'notice small', text: t('plan_panels.balance.stopped') }));
  };
  const tick = () => { since.textContent = t('plan_panels.balance.elapsed', { seconds: Math.round((Date.now() - began) / SECOND) }); };
  const ticking = setInterval(tick, SECOND);
  told.replaceChildren(make('p', { class: 'unseen', text: t('plan_panels.balance.running') }));
  result.replaceChildren(make('div', { class: 'stack running' }, make('p', { text: t('plan_panels.balance.running') }), make('progress', { 'aria-label': t('plan_panels.balance.running') }), since,
    make('button', { type: 'button', class: 'btn stop', text: t('plan_panels.balance.stop'), onclick: stop })));
  result.scrollIntoView({ block: 'nearest' });
  form.busy(true);
  return () => {
    clearInterval(ticking);
    form?.busy(false);
    result.querySelector('.running')?.remove();
    told.querySelector('.unseen')?.remove();
  };
}

async function keep() {
  const { act, wish } = proposed;
  result.setAttribute('aria-busy', 'true');
  for (const button of result.querySelectorAll('button')) button.disabled = true;
  try {
    const keeping = { ...wish, keep: true };
    proposed = null; // its own cells are no reason to call it overtaken
    await change(act, keeping, t('plan_panels.balance.kept'));
    throwAway();
  } catch (error) {
    throwAway();
    told.replaceChildren(refused(error));
  } finally {
    result.removeAttribute('aria-busy');
  }
}

function away() {
  const some = proposed.answer.born.length + proposed.answer.ended.length + proposed.answer.changed.length;
  throwAway();
  if (some) toast(t('plan_panels.balance.thrown'));
  form.focus();
}

function throwAway() {
  if (state.preview) clearPreview();
  proposed = null;
  told.replaceChildren();
  result.replaceChildren();
}

// The draft went on while a preview was shown.
function overtaken() {
  if (!proposed || proposed.version === state.version) return;
  throwAway();
  told.replaceChildren(make('p', { class: 'notice warn small', role: 'status', text: t('plan_panels.balance.stale') }));
}
