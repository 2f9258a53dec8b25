// 吹哨 for one case from the desk: its kind, words, and whom to call; the first proposed are ticked.

import { expected, get, newId, post } from '../page/ask.js';
import { make } from '../page/build.js';
import { dialog, toast } from '../page/tell.js';
import { language, t, term } from '../page/words.js';

const KINDS = ['routine', 'tough', 'emergency'];
const TICKED = 2;

export async function openWhistle(one) {
  const path = `/cases/${encodeURIComponent(one.code)}/whistles`;
  const kind = make('select', { id: 'whistle-kind' }, KINDS.map((value) => make('option', { value, text: term('whistle_kind', value) })));
  const words = make('textarea', { id: 'whistle-words', required: true, maxlength: 4000 });
  const called = make('fieldset', { class: 'stack' });
  const look = async () => {
    const { proposed } = await get(`${path}/proposal?kind=${kind.value}`);
    called.replaceChildren(make('legend', { class: 'small', text: t('desk_area.whistle.whom') }), ...proposed.filter(({ part }) => part).map(party)); // the others were passed over
  };
  kind.addEventListener('change', () => look().catch(expected));
  await look();
  const answer = await dialog(t('desk_area.act.whistle'), make('div', { class: 'stack' }, make('p', { class: 'small soft', text: one.title }),
    make('div', { class: 'field' }, make('label', { for: 'whistle-kind', text: t('desk_area.whistle.kind') }), kind), called,
    make('div', { class: 'field' }, make('label', { for: 'whistle-words', text: t('desk_area.whistle.words') }), words)),
  [{ value: '', text: t('page.do.cancel') }, { value: 'yes', text: t('desk_area.whistle.blow'), look: 'main' }]);
  if (answer !== 'yes') return;
  const parties = [...called.querySelectorAll('input:checked')].map(({ value, dataset }) => ({ code: value, part: dataset.part }));
  const blown = await post(path, { kind: kind.value, words: words.value, parties, request_id: newId() });
  toast(t('desk_area.whistle.blown', { state: term('whistle_state', blown.state) }));
}

function party({ code, name, part, reasons }, at) {
  return make('label', { class: 'check' }, make('input', { type: 'checkbox', value: code, 'data-part': part, checked: at < TICKED }),
    make('span', {}, make('b', { text: `${name} · ${term('part', part)}` }), make('span', { class: 'under soft small', text: reasons.map((why) => why[language] ?? '').filter(Boolean).join(' · ') })));
}
