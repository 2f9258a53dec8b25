// WGS-84 ⇄ the datum of the basemap, for the few points the browser places itself: where the
// user stands, the box to fly to, the address in the URL. Tiles come shifted from the server.

import { offset } from '../page/gcj02.js';
import { settings } from './state.js';

// [lon, lat] in WGS-84 → L.LatLng on the map.
export function onMap(lon, lat) {
  if (settings.datum !== 'gcj02') return L.latLng(lat, lon);
  const [east, north] = offset(lon, lat);
  return L.latLng(lat + north, lon + east);
}

// L.LatLng on the map → [lon, lat] in WGS-84, to a centimetre.
export function onGround(place) {
  if (settings.datum !== 'gcj02') return [place.lng, place.lat];
  let [lon, lat] = [place.lng, place.lat];
  for (let turn = 0; turn < 4; turn += 1) {
    const [east, north] = offset(lon, lat);
    [lon, lat] = [place.lng - east, place.lat - north];
  }
  return [lon, lat];
}

export function boxOnMap([west, south, east, north]) {
  return L.latLngBounds(onMap(west, south), onMap(east, north));
}
