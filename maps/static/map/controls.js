// The small controls at the lower right that are ours, and what Leaflet's own one lacks.

import { t } from '../page/words.js';
import { icon, make } from './build.js';

export function homeButton(map, goHome) {
  const Home = L.Control.extend({
    onAdd() {
      const button = make('button', { type: 'button', class: 'home', title: t('map.do.home'), 'aria-label': t('map.do.home') },
        icon('M3 8V3h5', 'M12 3h5v5', 'M17 12v5h-5', 'M8 17H3v-5'));
      L.DomEvent.disableClickPropagation(button);
      button.addEventListener('click', goHome);
      return make('div', { class: 'leaflet-bar' }, button);
    },
  });
  new Home({ position: 'bottomright' }).addTo(map);
}

// The layer control gets a name people read, and closes with Escape.
export function closeLayersOnEscape(map) {
  const box = map.getContainer().querySelector('.leaflet-control-layers');
  const toggle = box?.querySelector('.leaflet-control-layers-toggle');
  if (!toggle) return;
  toggle.title = t('map.do.layers');
  toggle.setAttribute('aria-label', t('map.do.layers'));
  document.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape' || !box.classList.contains('leaflet-control-layers-expanded')) return;
    event.preventDefault();
    const inside = box.contains(document.activeElement);
    box.classList.remove('leaflet-control-layers-expanded');
    if (inside) map.getContainer().focus({ preventScroll: true });
  });
}
