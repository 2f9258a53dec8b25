// The map: my cells with their boundary, the stops of the day, where I stand and how sure that is. Also
// where the pin of a report is moved: it stays in the middle, the ground moves under it.

import { make, sign } from '../page/build.js';
import { toast } from '../page/tell.js';
import { t } from '../page/words.js';
import { length, whereabouts } from './geo.js';
import { watch } from './here.js';
import { distance, joined, picture } from './parts.js';
import { put, saidOf, spotNow } from './report.js';
import { WIDE, back, here, to } from './route.js';
import { caseOf, onChange, state, visitOf } from './state.js';
import { makeGround } from './making.js';

const CARD_PX = 456;
let plan = null;

// Leaflet, its sheet, and the map that folium describes: once, when it is first looked at.
export function ready() {
  plan ??= load().catch((error) => {
    plan = null;
    throw error;
  });
  return plan;
}

async function load() {
  document.head.append(make('link', { rel: 'stylesheet', href: '/static/vendor/leaflet/leaflet.css' }));
  await import('../vendor/leaflet/leaflet.js');
  const drawn = await import('./plan.js');
  makeGround(drawn);
  onChange((what) => (what === 'view' ? beside(drawn) : ['day', 'items', 'here'].includes(what) && drawn.draw()));
  beside(drawn);
  return drawn;
}

// Where there is room for both, the map shows what the card is about.
function beside(drawn) {
  const [kind, id] = here();
  const one = oneOf(kind, id);
  if (one?.lon && window.matchMedia(WIDE).matches) drawn.showPlace(one, { beside: CARD_PX });
}

const oneOf = (kind, id) => (kind === 'case' ? caseOf(id) : kind === 'visit' ? visitOf(id) : null);

export function open(over, ...asked) {
  over.replaceChildren(make('p', { class: 'loading soft', role: 'status', text: t('worker.map.loading') }));
  let view = null;
  ready().then((drawn) => { view = asked[0] === 'pin' ? pinning(over, drawn) : looking(over, drawn, asked); }, () => {
    over.replaceChildren(make('p', { class: 'notice warn', text: t('worker.map.lost') }));
  });
  return { update: (what) => view?.update?.(what), close: () => view?.close?.() };
}

// Looking about

function looking(over, drawn, [kind, id]) {
  const line = make('div', { class: 'map-line paper', role: 'status' });
  const stop = make('div', { class: 'map-stop' });
  const pick = (found) => stop.replaceChildren(found ? stopCard(found) : '');
  const tell = () => line.replaceChildren(...whereIAm());
  over.replaceChildren(line, make('div', { class: 'map-side' }, button('me', t('worker.map.me'), () => toMe(drawn)), button('map', t('worker.map.mine'), () => drawn.showCells())), stop);
  drawn.onPick(pick);
  tell();
  const one = oneOf(kind, id);
  if (one) {
    pick({ kind, id, one });
    drawn.showPlace(one);
  } else drawn.showOnce();
  return { update: (what) => what === 'here' && tell(), close: () => drawn.onPick(null) };
}

const button = (name, words, act) => make('button', { type: 'button', class: 'btn square round', 'aria-label': words, title: words, onclick: act }, picture(name));

async function toMe(drawn) {
  const place = state.here ?? (await watch({ quiet: false }));
  if (place) drawn.showPlace(place, { zoom: 18 });
}

function whereIAm() {
  if (!state.here) return [make('button', { type: 'button', class: 'btn bare', onclick: () => watch({ quiet: false }) }, picture('me'), t('worker.map.where'))];
  const { cell, edge_m: edge, near } = whereabouts(state.day.cells, state.here, state.here.accuracy_m);
  const off = t('worker.report.accuracy', { m: length(state.here.accuracy_m) });
  if (!cell) return [make('b', { text: t('worker.map.outside') }), make('span', { class: 'soft small', text: off })];
  const unsure = near.length || edge <= state.here.accuracy_m;
  return [make('b', { text: cell.name }), make('span', { class: 'soft small', text: joined(t('worker.map.edge', { m: length(edge) }), off) }), unsure && make('span', { class: 'badge warn', text: t('worker.map.unsure') })].filter(Boolean);
}

function stopCard({ kind, id, one }) {
  return make('a', { class: 'paper row', href: to(kind, id) },
    make('span', { class: 'grow' }, make('span', { class: 'title', text: one.title ?? t('worker.visit.row', { name: one.name_mask }) }), make('span', { class: 'under', text: joined(one.address, distance(one)) })), sign('next'));
}

// Moving the pin

function pinning(over, drawn) {
  const said = make('div', { class: 'grow', 'aria-live': 'polite' });
  const tell = () => said.replaceChildren(...saidOf(drawn.middle()));
  over.replaceChildren(make('div', { class: 'crosshair', 'aria-hidden': 'true' }, sign('pin')),
    make('div', { class: 'map-side' }, button('me', t('worker.map.me'), () => toMe(drawn))),
    make('div', { class: 'pin-card paper' }, make('p', { class: 'soft small', text: t('worker.map.drag') }), said,
      make('div', { class: 'acts' }, make('button', { type: 'button', class: 'btn', text: t('page.do.cancel'), onclick: () => back('report') }),
        make('button', { type: 'button', class: 'btn main grow', text: t('worker.map.here'), onclick: () => placed(drawn) }))));
  const spot = spotNow();
  if (spot) drawn.showPlace(spot, { zoom: 18 });
  else drawn.showOnce();
  const stop = drawn.onMoved(tell);
  tell();
  return { close: stop, update: (what) => what === 'spot' && tell() };
}

function placed(drawn) {
  put(drawn.middle());
  toast(t('worker.map.placed'));
  back('report');
}
