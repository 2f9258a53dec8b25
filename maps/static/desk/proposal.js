// 派遣方案: who is proposed for each case that waits, and why; the dispatcher changes it and sends
// it whole. What was moved meanwhile is told, and nothing is sent then.

import { Refused, expected, get, post } from '../page/ask.js';
import { make, sign } from '../page/build.js';
import { dialog, toast } from '../page/tell.js';
import { count, language, t } from '../page/words.js';
import { told as refused } from './areas.js';
import { openCase } from './case.js';
import { crew } from './crew.js';
import { draw, hide, offer, point, proposed } from './proposal-lines.js';
import { map, onGround, onMap } from './place.js';
import { responders } from './responders.js';
import { side } from './side.js';
import { may, state } from './state.js';

const LOOKS = ['M4.5 4.5h.01', 'M15.5 6h.01', 'M6 15.5h.01', 'm5 5 10 1', 'M15 6.5 6.5 15'];
const DIALS = { own_cell: { most: 900, step: 30, value: 180 }, fairness: { most: 300, step: 10, value: 30 } };
const WAIT_MS = 250;
const MOST_SHOWN = 100;
const MOST_OFFERED = 300;
const FIND = 'find'; // not the code of anybody: codes stand after a line feed
let of = null; // what of: an area by code, cases by code, or a shape; null: all in one's charge
let hand = new Map(); // case → worker, chosen by hand
let units = new Map(); // case → { unit, name, starts }, chosen by hand
let left = new Set(); // cases that are not to be sent
let told = null;
let most = MOST_SHOWN;
let changed = new Map(); // case → why it was refused
let body = null;
let asking = null;
let looking = null; // for who else is in view
let waiting;

export function install() {
  if (may('dispatch')) side.tool('proposal', t('desk_area.proposal.tool'), LOOKS, () => openProposal());
}

export function openProposal(asked = null) {
  of = asked;
  hand = new Map();
  units = new Map();
  left = new Set();
  changed = new Map();
  told = null;
  most = MOST_SHOWN;
  body = make('div', { class: 'proposal on-map' });
  side.show('proposal', body, { title: t('desk_area.proposal.title'), leave: put });
  map.on('moveend', around);
  propose().catch(expected);
}

function put() {
  asking?.abort();
  looking?.abort();
  map.off('moveend', around);
  body = null;
  hide();
}

async function propose({ fit = !told } = {}) {
  asking?.abort();
  asking = new AbortController();
  body.setAttribute('aria-busy', 'true');
  if (!told) body.replaceChildren(make('p', { class: 'soft', role: 'status', text: t('desk_area.proposal.waiting') }), make('span', { class: 'wait' }));
  try {
    told = await ask(asking.signal);
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    return fault(error);
  }
  show();
  if (fit) look();
  around();
}

function ask(signal) {
  const dials = { own_cell_s: DIALS.own_cell.value, fairness_s: DIALS.fairness.value };
  const held = [...hand].map(([code, worker]) => `${code}=${worker}`);
  if (of) return post('/desk/assign', { ...of, to: { proposal: true }, ...dials, hand: held }, signal);
  const query = new URLSearchParams({ ...dials, ...(state.filter.area && { area: state.filter.area.code ?? state.filter.area }) });
  for (const one of held) query.append('hand', one);
  return get(`/dispatch/proposal?${query}`, signal);
}

// A choice by hand that cannot be kept is taken back, and said why.
function fault(error) {
  refused(error);
  body.removeAttribute('aria-busy');
  if (error instanceof Refused && hand.size && told) {
    hand.delete([...hand.keys()].at(-1));
    show();
  } else body.replaceChildren(make('p', { class: 'notice late', role: 'alert', text: error.message }), make('button', { type: 'button', class: 'btn', text: t('page.do.again'), onclick: () => propose().catch(expected) }));
}

// The lines as the dispatcher wants them now.
function lines() {
  return told.items.map((item) => ({
    ...item, held: hand.has(item.code) || units.has(item.code), off: left.has(item.code),
    ...(units.has(item.code) && { worker: null, starts: null, late_s: null, ...units.get(item.code) }),
  }));
}

const sendable = () => lines().filter((one) => !one.off && (one.worker || one.unit));

// `one` as crew.js tells it; null: whoever is proposed.
function hold(code, one) {
  units.delete(code);
  hand.delete(code);
  if (one?.kind === 'unit') units.set(code, { unit: one.code, name: one.name, starts: one.spot });
  else if (one) hand.set(code, one.code);
  if (one?.kind === 'unit') show();
  else propose({ fit: false }).catch(expected);
}

// Who else is in view, for lines to be dragged there.
async function around() {
  looking?.abort();
  looking = new AbortController();
  const [lon, lat] = onGround(map.getCenter());
  const { _southWest: from, _northEast: to } = map.getBounds();
  try {
    offer(await crew({ lon, lat, box: [...onGround(from), ...onGround(to)], limit: MOST_OFFERED }, looking.signal));
  } catch (error) {
    expected(error); // lines are dragged among those who are proposed
  }
}

function look() {
  const spots = lines().flatMap(({ spot, starts }) => [spot, starts]).filter(Boolean);
  if (spots.length) map.fitBounds(L.latLngBounds(spots.map((spot) => onMap(...spot))), { animate: false, maxZoom: 16, padding: [40, 40] });
}

// The panel

function show() {
  if (!body) return;
  body.removeAttribute('aria-busy');
  const focus = body.contains(document.activeElement) ? document.activeElement.id : null;
  const some = lines();
  draw(some, { hold });
  if (!some.length) {
    body.replaceChildren(make('div', { class: 'empty' }, sign('check'), make('p', { text: t('desk_area.proposal.none') })));
    return;
  }
  const ready = sendable();
  body.replaceChildren(
    make('p', { class: 'lead', role: 'status', text: t('desk_area.proposal.sum', { n: count(some.length), ready: count(ready.length), left: count(some.filter((one) => !one.worker && !one.unit).length) }) }),
    make('p', { class: 'small soft', text: t('desk_area.proposal.how') }),
    dials(), changed.size ? alarm() : '',
    make('ul', { class: 'rows proposal-lines' }, some.slice(0, most).map(line)),
    some.length > most ? make('button', { type: 'button', class: 'btn wide', text: t('page.do.more'), onclick: () => { most += MOST_SHOWN; show(); } }) : '',
    make('div', { class: 'acts panel-acts' },
      make('button', { type: 'button', class: 'btn main', disabled: !ready.length, onclick: () => send(ready).catch(expected) }, sign('send'), t('desk_area.proposal.send', { n: count(ready.length) })),
      hand.size || units.size || left.size ? make('button', { type: 'button', class: 'btn', onclick: restore }, sign('undo'), t('desk_area.proposal.restore')) : ''));
  if (focus) document.getElementById(focus)?.focus();
}

function restore() {
  hand.clear();
  units.clear();
  left.clear();
  propose({ fit: false }).catch(expected);
}

function line(one, at) {
  const box = make('input', { type: 'checkbox', checked: !one.off, 'aria-label': t('desk_area.proposal.take', { title: one.title }) });
  box.addEventListener('change', () => {
    left[box.checked ? 'delete' : 'add'](one.code);
    show();
  });
  const choice = chooser(one, at);
  const why = changed.get(one.code) ?? (units.has(one.code) ? t('desk_area.proposal.by_hand') : one[language]);
  const mark = changed.has(one.code) ? make('span', { class: 'badge late', text: t('desk_area.proposal.changed') }) : one.held ? make('span', { class: 'badge warn', text: t('desk_area.proposal.held') }) : !(one.worker || one.unit) ? make('span', { class: 'badge late', text: t('desk_area.proposal.nobody') }) : null;
  return make('li', { class: `proposal-line ${one.off ? 'off' : ''}`, onpointerenter: () => point(one.code), onpointerleave: () => point(null), onfocusin: () => point(one.code) },
    make('label', { class: 'tick' }, box),
    make('div', { class: 'grow' },
      make('button', { type: 'button', class: 'title link', onclick: () => openCase(one.code).catch(expected) }, one.title || one.code), mark,
      choice, reasons(why, one)));
}

// The last reason decides; what was asked before it is there to be opened.
function reasons(why, { travel_s: walk }) {
  const parts = why.split(/\s*[；;]\s*/).filter(Boolean);
  if (parts.length < 3 || walk !== null) return make('p', { class: 'small soft', text: why });
  return make('details', { class: 'small soft' }, make('summary', { text: parts.at(-1) }), make('p', { text: parts.slice(0, -1).join(' · ') }));
}

// The keyboard's way of dragging a line. Whom else there is stands in it once it is gone to.
function chooser(one, at) {
  const select = make('select', { class: 'input', id: `who-${at}`, 'aria-label': t('desk_area.proposal.who', { title: one.title }) },
    make('option', { text: one.name ?? t('desk_area.proposal.nobody') }));
  select.addEventListener('focus', () => fill(select, one), { once: true });
  select.addEventListener('change', () => chosen(one, select.value));
  return select;
}

function fill(select, one) {
  const known = proposed();
  const options = (kind) => {
    const some = known.filter((who) => who.kind === kind);
    return some.length ? make('optgroup', { label: t(`desk_area.act.${kind}s`) }, some.map(({ code, name }) => make('option', { value: `${kind}\n${code}`, text: name, selected: one[kind] === code }))) : '';
  };
  select.replaceChildren(make('option', { value: '', text: t(one.worker || one.unit ? 'desk_area.proposal.as_proposed' : 'desk_area.proposal.nobody') }), options('worker'), options('unit'),
    make('option', { value: FIND, text: t('desk_area.proposal.find') }));
}

function chosen(one, value) {
  const [kind, code] = value.split('\n');
  if (kind === FIND) find(one).catch(expected);
  else hold(one.code, proposed().find((who) => who.kind === kind && who.code === code));
}

// Anybody in one's charge, by name.
async function find(one) {
  const [lon, lat] = one.spot ?? onGround(map.getCenter());
  const to = responders({ lon, lat, cell: { code: one.cell } });
  const answer = await dialog(t('desk_area.proposal.who', { title: one.title }), to.element, [{ value: '', text: t('page.do.cancel') }, { value: 'yes', text: t('page.do.confirm'), look: 'main' }]);
  if (answer === 'yes' && to.chosen) hold(one.code, to.chosen);
  else show();
}

// The two dials, each with what it costs and brings.
function dials() {
  return make('details', { class: 'dials', open: body.querySelector('details.dials')?.open ?? false }, make('summary', { text: t('desk_area.proposal.dials') }),
    Object.keys(DIALS).map(dial));
}

function dial(name) {
  const { most, step, value } = DIALS[name];
  const price = told.dials.find((one) => one.dial === name);
  const said = make('output', { class: 'num small', for: `dial-${name}`, text: seconds(value) });
  const slider = make('input', { type: 'range', id: `dial-${name}`, min: 0, max: most, step, value });
  slider.addEventListener('input', () => {
    DIALS[name].value = Number(slider.value);
    said.textContent = seconds(slider.value);
    clearTimeout(waiting);
    waiting = setTimeout(() => body && propose({ fit: false }).catch(expected), WAIT_MS);
  });
  return make('div', { class: 'dial' }, make('label', { for: slider.id, class: 'small', text: t(`desk_area.proposal.${name}`) }), slider, said,
    make('p', { class: 'small soft', text: price ? t(`desk_area.proposal.${name}_price`, { travel: signed(price.travel_s), late: signed(price.late_s), own: plus(price.own_cell), busiest: signed(price.busiest_s) }) : '' }));
}

const seconds = (value) => t('desk_area.proposal.minutes', { n: count(Math.round(value / 6) / 10) });
const plus = (value) => (value ? `${value > 0 ? '+' : '−'}${count(Math.abs(value))}` : '±0');
const signed = (value) => t('desk_area.proposal.minutes', { n: plus(Math.round(value / 6) / 10) });

// Sending

async function send(ready) {
  await sendLines(ready.map(({ code, version, worker, unit }) => ({ code, version, ...(worker ? { worker } : { unit }) })), async () => {
    hand.clear();
    units.clear();
    changed.clear();
    told = null;
    if (body) await propose({ fit: false });
  });
}

export async function sendLines(some, then) {
  try {
    const { dispatched } = await post('/dispatch', { lines: some });
    toast(t('desk_area.proposal.sent', { n: dispatched.length }));
    await then?.();
  } catch (error) {
    if (!(error instanceof Refused && error.facts.changed)) return refused(error);
    changed = new Map(error.facts.changed.map(({ code, reason }) => [code, reason]));
    if (body) show();
    else toast(t('desk_area.proposal.refused', { n: changed.size }));
  }
}

function alarm() {
  const without = () => {
    for (const code of changed.keys()) left.add(code);
    show();
  };
  return make('div', { class: 'notice late', role: 'alert' }, make('p', { text: t('desk_area.proposal.refused', { n: changed.size }) }),
    make('div', { class: 'acts' }, make('button', { type: 'button', class: 'btn', text: t('desk_area.proposal.anew'), onclick: () => { changed = new Map(); propose({ fit: false }).catch(expected); } }),
      make('button', { type: 'button', class: 'btn', text: t('desk_area.proposal.without'), onclick: without })));
}
