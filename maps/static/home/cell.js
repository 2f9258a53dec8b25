// Which cell am I in: by position, by name, or by a touch on the map.

import { expected, get } from '../page/ask.js';
import { make, sign } from '../page/build.js';
import { toast } from '../page/tell.js';
import { t } from '../page/words.js';
import { nothing, rows } from './parts.js';
import { mine, settle } from './place.js';
import { go, view } from './route.js';
import { town } from './town.js';
import { position, Unplaced } from './whereabouts.js';

const WAIT_MS = 200;
const MOST_M = 10000; // what /locate allows

view('cell', () => {
  const input = make('input', { type: 'search', class: 'input', id: 'cell-search', placeholder: t('home.cell.placeholder'), autocomplete: 'off', maxlength: 80, 'aria-describedby': 'cell-hint', oninput: later });
  const here = make('button', { type: 'button', class: 'btn main big', onclick: () => stand().catch(expected) }, sign('pin'), t('home.cell.here'));
  const onMap = make('button', { type: 'button', class: 'btn big', onclick: () => showMap().catch(expected) }, sign('map'), t('home.cell.on_map'));
  const status = make('p', { class: 'told', role: 'status' });
  const found = make('div', { class: 'found', 'aria-live': 'polite' });
  const host = make('div', { class: 'town', hidden: true });
  let timer;
  let asking = new AbortController();

  function later() {
    clearTimeout(timer);
    timer = setTimeout(() => look(input.value.trim()).catch(expected), WAIT_MS);
  }

  async function look(q) {
    asking.abort();
    asking = new AbortController();
    if (!q) return found.replaceChildren();
    const cells = await get(`/cells/search?q=${encodeURIComponent(q)}`, asking.signal);
    found.replaceChildren(cells.length ? offer(cells.map((cell) => ({ ...cell, under: cell.community }))) : nothing(t('home.cell.none', { q })));
  }

  async function stand() {
    tell(t('home.position.finding'));
    try {
      const { longitude: lon, latitude: lat, accuracy } = await position(here);
      await ask({ lon, lat, accuracy });
    } catch (error) {
      if (!(error instanceof Unplaced)) throw error;
      tell(error.words, 'warn');
    }
  }

  async function ask({ lon, lat, accuracy = 0 }) {
    const reach = Math.min(Math.max(Math.round(accuracy), 1), MOST_M);
    const { cell, candidates } = await get(`/locate?lon=${lon.toFixed(6)}&lat=${lat.toFixed(6)}&accuracy_m=${reach}`);
    const cells = [cell, ...candidates].filter(Boolean);
    tell(cells.length ? t(cells.length === 1 ? 'home.cell.is' : 'home.cell.either', { name: cells[0].name, n: cells.length }) : t('home.cell.nowhere'), cells.length ? '' : 'warn');
    found.replaceChildren(...(cells.length ? [offer(cells.map((one) => ({ ...one, under: [one.street?.name, one.community?.name].filter(Boolean).join(' · ') })))] : []));
    return cells;
  }

  async function showMap() {
    host.hidden = false;
    host.setAttribute('aria-busy', 'true');
    onMap.hidden = true;
    tell(t('home.cell.touch'));
    const { map, onGround, select, showCell } = await town(host);
    if (!host.isConnected) return; // gone on meanwhile
    if (mine.code) await showCell(mine.code);
    map.on('click', async ({ latlng }) => {
      const [lon, lat] = onGround(latlng);
      const [cell] = await ask({ lon, lat }).catch((error) => { expected(error); return []; });
      select(cell?.code ?? null);
    });
    host.removeAttribute('aria-busy');
  }

  function tell(words, look = '') {
    status.className = `told ${look && `notice ${look}`}`;
    status.textContent = words;
  }

  const offer = (cells) => make('div', { class: 'paper' }, rows(cells, (cell) => make('button', { type: 'button', class: 'row', onclick: () => choose(cell) },
    make('span', { class: 'grow' }, make('span', { class: 'title', text: cell.name }), make('span', { class: 'under', text: cell.under ?? '' })), make('span', { class: 'btn', 'aria-hidden': 'true', text: t('home.cell.choose') }))));

  function choose({ code, name }) {
    settle(code).catch(expected);
    toast(t('home.cell.chosen', { name }));
    go('');
  }

  return { title: t('home.cell.title'), lead: t('home.cell.lead'), body: [
    make('div', { class: 'choose-cell' }, make('p', { class: 'acts' }, here, onMap),
      make('div', { class: 'search-line' }, make('label', { class: 'unseen', for: 'cell-search', text: t('home.cell.placeholder') }), sign('search'), input), make('p', { class: 'soft hint', id: 'cell-hint', text: t('home.cell.hint') }), status, found),
    host, make('p', { class: 'soft', text: t('home.cell.privacy') })],
  leave() { asking.abort(); clearTimeout(timer); } };
});
