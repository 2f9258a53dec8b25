// Where the phone holds no ground: said on the map, so that an empty place is not taken for empty land.

import { make } from '../page/build.js';
import { t } from '../page/words.js';

// Watches the tiles of a map; `tiles` must be on it before long.
export function tellBlank(map, tiles) {
  const words = make('span', {});
  const line = make('p', { class: 'no-ground small', role: 'status', hidden: true }, words);
  document.getElementById('ground').append(line);
  const look = () => {
    const blank = tiles.blank();
    words.textContent = blank ? t('worker.map.blank') : ''; // a hidden word that comes is told aloud
    line.hidden = !blank;
  };
  tiles.on('tileerror tileload load', look);
  map.on('moveend zoomend', look);
}
