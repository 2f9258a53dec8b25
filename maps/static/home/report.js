// 上报: anybody tells of a problem: in words, with photographs, where it is.

import { expected, post } from '../page/ask.js';
import { make, sign } from '../page/build.js';
import { catalogue, matching } from '../page/classes.js';
import { sendPhoto, smaller } from '../page/photos.js';
import { t, term } from '../page/words.js';
import { draft, field, form, phone } from './form.js';
import { nothing } from './parts.js';
import { placeControl } from './report-place.js';
import { view } from './route.js';
import { taken } from './taken.js';

const MOST_PHOTOS = 3;
const MOST_CLASSES = 6;
const NAME = 'report';

view('report', () => {
  const box = make('section', { class: 'reporting' });
  const place = placeControl(draft(NAME));
  box.replaceChildren(reporting(box, place));
  return { title: t('home.report.title'), lead: t('home.report.lead'), body: [box], shown: place.show, leave: place.hide };
});

function reporting(box, place) {
  const kept = draft(NAME);
  const photos = photosControl(kept);
  const one = classControl(kept);
  const { element } = form({
    name: NAME, button: t('home.report.send'),
    fields: [
      field({ name: 'description', label: t('home.report.what'), hint: t('home.report.what_say'), kind: 'area', maxlength: 4000, check: (value, { class: chosen }) => (value || chosen ? null : t('home.fault.what')) }),
      field({ name: 'photos', label: t('home.report.photos'), hint: t('home.report.photos_say'), optional: true, control: photos }),
      field({ name: 'place', label: t('home.report.where'), control: place, check: (spot) => (spot ? null : t('home.fault.place')), names: ['lon', 'lat', 'accuracy_m', 'address', 'datum'] }),
      field({ name: 'class', label: t('home.report.class'), hint: t('home.report.class_say'), optional: true, control: one, names: ['class', 'class_code', 'kind'] }),
      field({ name: 'contact', label: t('home.form.phone'), hint: t('home.report.phone_say'), kind: 'tel', optional: true, autocomplete: 'tel', maxlength: 40, check: phone(false) }),
    ],
    async send({ description, photos: shots, place: spot, class: chosen, contact }, request_id) {
      const answer = await post('/cases', { description, contact, kind: chosen?.kind, class: chosen?.code ?? '', ...spot, datum: 'wgs84', channel: 'page', request_id });
      return { ...answer, shots, request_id };
    },
    done: (answer) => answered(box, answer),
  });
  return element;
}

function answered(box, answer) {
  const line = make('div', { class: 'photos-sent', role: 'status' });
  const { cell, desk } = answer;
  taken(box, 'report', { ...answer, due_at: null }, line,
    make('p', { text: cell ? t('home.report.cell', { name: cell.name }) : t('home.report.desk', { name: desk?.name ?? '' }) }));
  sendAll(line, answer, answer.shots).catch(expected);
}

// Photographs go one by one; those that did not arrive can be sent again.
async function sendAll(line, { code, request_id }, shots) {
  if (!shots.length) return;
  const words = make('p');
  const bar = make('progress', { max: shots.length, 'aria-label': t('home.report.photos') });
  line.replaceChildren(words, bar);
  const left = [];
  for (const [at, shot] of shots.entries()) {
    words.textContent = t('home.report.sending', { n: at + 1, all: shots.length });
    await sendPhoto(code, request_id, shot.blob, (share) => { bar.value = at + share; }).catch((error) => {
      expected(error);
      left.push(shot);
    });
  }
  line.replaceChildren(make('p', { text: t(left.length ? 'home.report.unsent' : 'home.report.sent', { n: left.length || shots.length }) }),
    ...(left.length ? [make('button', { type: 'button', class: 'btn', onclick: () => sendAll(line, { code, request_id }, left).catch(expected) }, t('page.do.again'))] : []));
}

// Photographs, shown before they go.
function photosControl(kept) {
  kept.shots ??= [];
  const input = make('input', { id: 'report-photos', class: 'unseen', type: 'file', accept: 'image/*', multiple: true });
  const add = make('label', { class: 'add', for: 'report-photos' }, sign('camera'), make('span', { text: t('home.report.add') }));
  const told = make('p', { class: 'fault', role: 'alert', hidden: true });
  const list = make('ul', { class: 'shots' }, make('li', {}, input, add));
  const element = make('div', {}, list, told);

  function draw() {
    list.replaceChildren(...kept.shots.map((shot, at) => {
      shot.image.alt = t('home.report.photo', { n: at + 1 });
      return make('li', {}, shot.image, make('button', { type: 'button', class: 'drop', 'aria-label': t('home.report.drop', { n: at + 1 }), onclick: () => drop(shot) }, sign('close')));
    }), list.lastElementChild);
    list.lastElementChild.hidden = kept.shots.length >= MOST_PHOTOS;
  }

  function drop(shot) {
    kept.shots = kept.shots.filter((one) => one !== shot);
    draw();
    input.focus();
  }

  input.addEventListener('change', async () => {
    const files = [...input.files];
    input.value = '';
    const bad = [];
    for (const file of files.slice(0, MOST_PHOTOS - kept.shots.length)) {
      await smaller(file).then((shot) => { kept.shots = [...kept.shots, shot].slice(0, MOST_PHOTOS); }, () => bad.push(file.name));
    }
    const over = files.length - bad.length > MOST_PHOTOS;
    told.hidden = !bad.length && !over;
    told.textContent = bad.length ? t('home.fault.photo', { names: bad.join(t('home.and')) }) : t('home.fault.photos', { n: MOST_PHOTOS });
    draw();
  });
  draw();
  element.value = () => kept.shots;
  element.focusFirst = () => input.focus();
  return element;
}

// A class of the catalogue; words alone will do.
function classControl(kept) {
  const input = make('input', { id: 'report-class', type: 'search', autocomplete: 'off', maxlength: 60, placeholder: t('home.report.class_like'), 'aria-label': t('home.report.class_like'), oninput: () => look().catch(expected) });
  const found = make('div', { class: 'class-found', 'aria-live': 'polite' });
  const element = make('div', {}, input, found);

  async function look() {
    const q = input.value.trim();
    if (!q) return found.replaceChildren();
    const hits = matching(await catalogue(), q).slice(0, MOST_CLASSES);
    found.replaceChildren(hits.length ? make('div', { class: 'chips' }, hits.map((one) => make('button', { type: 'button', class: 'chip', onclick: () => choose(one) }, one.name, make('span', { class: 'soft small', text: term('class_kind', one.kind) })))) : nothing(t('home.report.class_none')));
  }

  function choose(one) {
    kept.class = one && { kind: one.kind, code: one.code, name: one.name };
    input.value = '';
    input.hidden = Boolean(one);
    found.replaceChildren(...(one ? [make('div', { class: 'chips' }, make('span', { class: 'badge accent chosen', text: one.name }), make('button', { type: 'button', class: 'btn bare', onclick: () => { choose(null); input.focus(); } }, t('home.report.class_other')))] : []));
  }

  if (kept.class) choose(kept.class);
  element.value = () => kept.class;
  element.focusFirst = () => input.focus();
  return element;
}
