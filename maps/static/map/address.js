// The address of the page keeps what is seen: #zoom/lat/lon/cell/case, in WGS-84.

import { onGround, onMap } from './datum.js';
import { onChange, state } from './state.js';

export function readAddress() {
  const [zoom, lat, lon, cell, file] = window.location.hash.slice(1).split('/');
  const numbers = [zoom, lat, lon].map(Number);
  if (!lon || !numbers.every(Number.isFinite)) return null;
  if (Math.abs(numbers[1]) > 85 || Math.abs(numbers[2]) > 180) return null;
  return {
    zoom: Math.min(Math.max(numbers[0], 3), 20),
    place: onMap(numbers[2], numbers[1]),
    cell: cell ? decoded(cell) : null,
    file: file ? decoded(file) : null,
  };
}

// A link cut or mangled on its way still shows the town.
function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}

// `open` shows the case or the cell that an address names.
export function address(map, open) {
  const write = () => {
    const [lon, lat] = onGround(map.getCenter());
    window.history.replaceState(null, '', `#${map.getZoom()}/${lat.toFixed(5)}/${lon.toFixed(5)}${tail()}`);
  };
  map.on('moveend', write);
  onChange((what) => what === 'selected' && write());
  window.addEventListener('hashchange', () => {
    const asked = readAddress();
    if (!asked) return;
    map.setView(asked.place, asked.zoom, { animate: false });
    if (asked.file !== state.case || asked.cell !== state.selected) open(asked);
  });
  write();
}

function tail() {
  const { selected, case: file } = state;
  if (file) return `/${encodeURIComponent(selected ?? '')}/${encodeURIComponent(file)}`;
  return selected ? `/${encodeURIComponent(selected)}` : '';
}
