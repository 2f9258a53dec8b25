// How folium's map is made: the page's own script tells, before anybody looks at it.

let make;

export function onGround(how) {
  make = how;
}

// `wangge` is what folium's script calls by that name.
export function makeGround(wangge) {
  make(wangge);
}
