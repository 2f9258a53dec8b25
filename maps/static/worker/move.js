// One move of a case: what it needs to be told, a photograph where that helps, and off it goes to
// what waits to be sent.

import { make, sign } from '../page/build.js';
import { t, term } from '../page/words.js';
import { moved, movesOf, nameOf } from './case.js';
import { fieldsOf } from './fields.js';
import { head, nothing } from './parts.js';
import { photoField } from './photos.js';
import { back } from './route.js';
import { caseOf } from './state.js';
import { keep } from './telling.js';

const WITH_PHOTO = new Set(['feedback', 'note']);

export function open(root, code, move) {
  const one = caseOf(code);
  const step = one && movesOf(one).find((each) => each.move === move);
  if (!step) {
    root.replaceChildren(head(term('move', move)), nothing(t('worker.move.gone'), 'list'));
    return {};
  }
  const photos = WITH_PHOTO.has(move) ? photoField() : null;
  const fields = fieldsOf(one, step);
  const fault = make('p', { class: 'fault', role: 'alert', hidden: true });
  const send = make('button', { type: 'submit', class: 'btn main big wide', form: 'move' }, sign('send'), nameOf(move));
  const form = make('form', { id: 'move', class: 'card-body', novalidate: true, onsubmit: (event) => {
    event.preventDefault();
    submit({ one, step, fields, photos, fault, send }).catch((error) => { send.disabled = false; throw error; });
  } }, photos?.element, fields.map(({ element }) => element), fault);
  root.replaceChildren(head(term('move', move), one.title), form, make('footer', { class: 'under-thumb' }, send));
  return {};
}

async function submit({ one, step, fields, photos, fault, send }) {
  const missing = fields.filter(({ need, value }) => step.needs.includes(need) && !value());
  fault.hidden = !missing.length;
  if (missing.length) {
    fault.textContent = t('worker.needs.missing', { what: missing.map(({ need }) => t(`worker.needs.${need}`)).join(' · ') });
    missing[0].focus();
    return;
  }
  send.disabled = true;
  const told = Object.assign({}, ...fields.map(({ value }) => value() ?? {}));
  const id = await keep(moved(one, step.move, told, photos?.blobs()));
  if (id) back();
  else send.disabled = false;
}
