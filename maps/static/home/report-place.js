// Where a report is about: a pin on the town's map, and what cell is under it.

import { expected, get } from '../page/ask.js';
import { make, sign } from '../page/build.js';
import { t } from '../page/words.js';
import { metres, nothing } from './parts.js';
import { mine } from './place.js';
import { town } from './town.js';
import { position, Unplaced } from './whereabouts.js';

const ROUGH_M = 30;

// A control for a field; where the pin was put stays in `kept`. `outside` and `either` are what is
// said where there is no cell, and where one is not sure.
export function placeControl(kept, { outside = 'home.report.outside', either = 'home.report.either' } = {}) {
  const said = make('p', { class: 'spot', role: 'status', text: t('home.report.place_say') });
  const here = make('button', { type: 'button', class: 'btn', disabled: true, onclick: () => stand().catch(expected) }, sign('pin'), t('home.cell.here'));
  const yes = make('button', { type: 'button', class: 'btn', disabled: true, onclick: () => pin.confirm() }, sign('check'), t('home.report.it_is_here'));
  const host = make('div', { class: 'town' }, make('p', { class: 'soft', text: t('page.state.loading') }));
  const element = make('div', { class: 'place-control' }, make('p', { class: 'acts' }, here, yes), said, host);
  let pin = null;
  let wanted = false;
  let located = false; // whether the place is where one stands, not where a hand put it

  async function show() {
    wanted = true;
    try {
      const drawing = await town(host);
      const { placePin } = await import('../map/pin.js');
      if (!wanted) return;
      if (host.firstElementChild.tagName === 'P') host.firstElementChild.remove();
      await open(drawing, placePin);
    } catch (error) {
      host.replaceChildren(nothing(t('home.map.failed')));
      if (!(error instanceof TypeError)) expected(error);
    }
  }

  async function open({ map, showCell }, placePin) {
    pin = placePin(map, {
      label: t('home.report.pin'), middle: () => map.getCenter(), bringIn: (_, place) => map.panTo(place, { animate: false }), ask: get, told,
      moved(spot) {
        located = false;
        kept.spot = spot;
        element.dispatchEvent(new Event('input', { bubbles: true }));
      },
      drawn(spot) { yes.hidden = Boolean(spot); },
      unknown(error) {
        said.textContent = t('home.report.unknown');
        expected(error);
      },
    });
    pin.take(kept.spot ?? null);
    if (!kept.spot && mine.code) await showCell(mine.code);
    pin.show();
    map.on('click', ({ latlng }) => pin.put(latlng));
    here.disabled = yes.disabled = false;
  }

  function told({ cell, candidates }, accuracy) {
    const cells = [cell, ...candidates].filter(Boolean);
    const where = !cells.length ? t(outside) : candidates.length ? t(either, { name: cells[0].name }) : t('home.report.inside', { name: cell.name });
    const rough = accuracy > ROUGH_M;
    const off = located ? t(rough ? 'home.report.rough' : 'home.report.off', { m: metres(Math.round(accuracy)) }) : rough && t('home.report.zoom');
    said.replaceChildren(...[make('b', { text: where }), off && make('span', { class: 'soft', text: off })].filter(Boolean));
  }

  async function stand() {
    try {
      const found = await position(here);
      pin.stand(found);
      located = true;
    } catch (error) {
      if (!(error instanceof Unplaced)) throw error;
      said.textContent = error.words;
    }
  }

  element.value = () => kept.spot ?? null;
  element.focusFirst = () => (yes.hidden ? here : yes).focus();
  return Object.assign(element, {
    show,
    hide() {
      wanted = false;
      pin?.hide();
    },
  });
}
