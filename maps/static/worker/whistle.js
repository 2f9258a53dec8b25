// Blowing the whistle in two taps: the words are written, and whom to call the server proposes. Where
// it does not answer, it chooses by the same rules when the whistle is sent; or one chooses oneself
// among the units that the phone knows.

import { Lost, Refused, get } from '../page/ask.js';
import { make, sign } from '../page/build.js';
import { toast } from '../page/tell.js';
import { language, t, term } from '../page/words.js';
import { choice, head, inPlace, joined, nothing } from './parts.js';
import { back } from './route.js';
import { MOST_CALLED, proposalOf } from './sending.js';
import { caseOf, state } from './state.js';
import { keep } from './telling.js';

const SHOWN = 8;
const KINDS = ['routine', 'tough', 'emergency'];

export function open(root, code) {
  const one = caseOf(code);
  if (!one) {
    root.replaceChildren(head(term('move', 'whistle')), nothing(t('worker.case.gone'), 'list'));
    return {};
  }
  // `called` is null while the server is to choose
  const told = { kind: 'routine', words: t(`worker.whistle.words${one.address ? '' : '_nowhere'}`, { title: one.title, address: one.address }), called: null };
  let asked = 0;
  const draw = (found) => inPlace(root, ...form(one, told, found, ask));
  async function ask() {
    const mine = asked += 1;
    const found = await proposed(one, told.kind);
    if (mine !== asked) return;
    told.called = found?.length ? found.slice(0, MOST_CALLED).map(({ code: unit }) => unit) : null;
    draw(found);
  }
  draw(undefined);
  ask();
  return {};
}

// Whom the server would call, in its order; null when it cannot be asked.
async function proposed(one, kind) {
  try {
    return (await get(proposalOf(`/cases/${encodeURIComponent(one.code)}/whistles`, kind))).proposed.filter(({ part }) => part);
  } catch (error) {
    if (error instanceof Lost || error instanceof Refused) return null;
    throw error;
  }
}

function form(one, told, found, ask) {
  const words = make('textarea', { id: 'whistle-words', rows: 3, maxlength: 4000, 'data-key': 'words', oninput: () => { told.words = words.value; } });
  words.value = told.words;
  const send = make('button', { type: 'button', class: 'btn main big wide', 'data-key': 'send', onclick: () => blow(one, told, send) }, sign('whistle'), t('worker.whistle.send'));
  return [
    head(term('move', 'whistle'), one.title),
    make('div', { class: 'card-body' },
      choice(t('worker.whistle.kind'), KINDS.map((kind) => ({ value: kind, text: term('whistle_kind', kind) })), (kind) => { told.kind = kind; ask(); }, { value: told.kind }),
      found?.length ? parties(t('worker.whistle.whom'), found, told) : chosenLater(found, told),
      make('div', { class: 'field' }, make('label', { for: 'whistle-words', text: t('worker.whistle.why') }), words)),
    make('footer', { class: 'under-thumb' }, send),
  ];
}

// `found` is undefined while the server is asked, null when it did not answer.
function chosenLater(found, told) {
  if (found === undefined) return make('p', { class: 'soft', role: 'status', text: t('worker.whistle.asking') });
  const own = make('details', { class: 'more', ontoggle: ({ currentTarget }) => { told.called = currentTarget.open ? [] : null; } },
    make('summary', { text: t('worker.whistle.own') }), parties(t('worker.whistle.whom'), state.day.units.map((unit) => ({ ...unit, reasons: [] })), told));
  return make('div', {}, make('p', { class: 'notice calm', role: 'status', text: t('worker.whistle.server', { n: MOST_CALLED }) }), own);
}

const parties = (words, units, told) => make('fieldset', { class: 'called' }, make('legend', { text: words }), units.slice(0, SHOWN).map((unit) => party(unit, told)));

function party(unit, told) {
  const box = make('input', { type: 'checkbox', checked: told.called?.includes(unit.code), onchange: () => {
    told.called = box.checked ? [...(told.called ?? []), unit.code] : told.called.filter((code) => code !== unit.code);
  } });
  const why = unit.reasons.map((reason) => reason[language] ?? reason.zh).join(' · ');
  return make('label', { class: 'check' }, box, make('span', { class: 'grow' }, make('span', { class: 'title', text: unit.name }),
    make('span', { class: 'under', text: joined(term('unit_kind', unit.kind), why) })));
}

async function blow(one, told, send) {
  if (told.called?.length === 0 || !told.words.trim()) {
    toast(t('worker.whistle.missing'));
    return;
  }
  send.disabled = true;
  const id = await keep({
    kind: 'whistle', url: `/cases/${encodeURIComponent(one.code)}/whistles`, body: { kind: told.kind, words: told.words.trim(), parties: told.called },
    about: { code: one.code, title: one.title, act: term('move', 'whistle') }, seen: one.version,
  });
  if (id) back();
  else send.disabled = false;
}
