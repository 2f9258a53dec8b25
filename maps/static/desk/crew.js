// Whom one may send: workers with posts in one's charge, where their cell is, and units; found by
// name, in a box of the map, or the nearest to a place.

import { get } from '../page/ask.js';
import { count, t, term } from '../page/words.js';

// → [{ kind, code, name, spot, own, away, under }], those of the cell `cell` first. Places are in
// WGS-84; `box` is [west, south, east, north].
export async function crew({ lon, lat, words = '', box = null, cell = null, limit = 50 }, signal) {
  const asked = new URLSearchParams({ lon, lat, q: words, limit, ...(box && { bbox: box.join(',') }) });
  const { workers, units } = await get(`/desk/responders?${asked}`, signal);
  const people = workers.map((one) => worker(one, cell));
  return [...people.filter(({ own }) => own), ...people.filter(({ own }) => !own), ...units.map(unit)];
}

function worker({ code, name, roles, cells, lon, lat, away, load }, cell) {
  const where = cells.length > 1 ? `${cells[0].name} ${t('desk.act.more_cells', { n: count(cells.length - 1) })}` : cells[0].name;
  const under = [...roles.map((role) => term('post_role', role)), where, load ? t('desk.act.load', { n: count(load) }) : null];
  return { kind: 'worker', code, name, spot: [lon, lat], own: cells.some((one) => one.code === cell), away, under: under.filter(Boolean).join(' · ') };
}

function unit({ code, name, kind, lon, lat }) {
  return { kind: 'unit', code, name, spot: lon === null ? null : [lon, lat], own: false, away: null, under: term('unit_kind', kind) };
}
