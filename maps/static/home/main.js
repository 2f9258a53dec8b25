// The home of the community, put together. The page's own script calls `begin` with what folium adds to the map.

import { bar } from '../page/bar.js';
import { expected } from '../page/ask.js';
import { hello } from './hello.js';
import { load, mine } from './place.js';
import * as route from './route.js';
import { start } from './start.js';
import * as town from './town.js';
import './cell.js';
import './consult.js';
import './find.js';
import './follow.js';
import './guides.js';
import './meetings.js';
import './notices.js';
import './places.js';
import './polls.js';
import './report.js';
import './volunteer.js';

// Addresses of the map from when it stood here: #zoom/lat/lon/…
const OF_THE_MAP = /^#\d+(\.\d+)?\/-?\d+(\.\d+)?\/-?\d/;

function toTheMap(hash) {
  const meant = OF_THE_MAP.test(hash);
  if (meant) window.location.replace(`/map${hash}`);
  return meant;
}

// Another language leads back to the view one was at.
function comeBackHere() {
  const next = document.querySelector('form[action="/view"] [name="next"]');
  next.form.addEventListener('submit', () => { next.value = `/${window.location.hash}`; });
}

export function begin(addLayers) {
  town.told(addLayers);
  hello();
  start();
  route.begin(toTheMap);
  load().catch(expected);
  bar().catch(expected);
  comeBackHere();
  window.addEventListener('online', () => mine.failed && load().catch(expected));
}
