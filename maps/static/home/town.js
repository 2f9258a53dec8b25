// The map of the town: Leaflet and all that draws come when somebody wants the map, and one map
// serves whoever wants it: it is put where it is shown.

import { make } from '../page/build.js';

const LEAFLET = '/static/vendor/leaflet/leaflet';
let opening;
let layers; // what folium adds, told by the page

export function told(addLayers) {
  layers = addLayers;
}

// The town's map inside `host`: { map, drawing, onMap, … } of `map.js`.
export async function town(host) {
  const isFirst = !opening;
  opening ??= open().catch((error) => {
    opening = null;
    throw error;
  });
  const one = await opening;
  one.clear();
  host.append(one.map.getContainer());
  one.map.invalidateSize({ pan: false });
  if (isFirst) one.whole(); // before, it had no size to fit
  return one;
}

async function open() {
  await Promise.all([
    arrived(make('link', { rel: 'stylesheet', href: `${LEAFLET}.css` })),
    arrived(make('link', { rel: 'stylesheet', href: '/static/home/map.css' })),
    window.L ?? arrived(make('script', { src: `${LEAFLET}.js` })),
  ]);
  const drawing = await import('./map.js');
  layers(drawing);
  await drawing.begin();
  return drawing;
}

function arrived(element) {
  return new Promise((done, fail) => {
    element.addEventListener('load', done);
    element.addEventListener('error', () => fail(new TypeError(`${element.src ?? element.href} did not come`)));
    document.head.append(element);
  });
}
