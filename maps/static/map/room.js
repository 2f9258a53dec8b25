// The part of the view that no panel covers, and how things are brought into it.

const NARROW = window.matchMedia('(max-width: 720px), (max-height: 500px)');
const ASIDE = window.matchMedia('(max-height: 500px) and (min-aspect-ratio: 4/3)');
const EDGE = 16;

export const onPhone = () => NARROW.matches;

// Left and top, right and bottom, as `fitBounds` wants them. A hidden card is 0 wide; beside a
// shown one stand the controls.
export function roomFor() {
  const { offsetWidth, offsetHeight } = document.getElementById('card');
  if (ASIDE.matches) return { paddingTopLeft: [EDGE, 74], paddingBottomRight: [Math.max(72, offsetWidth + 12), EDGE] };
  if (onPhone()) return { paddingTopLeft: [EDGE, 84], paddingBottomRight: [EDGE, Math.max(96, offsetHeight + 12)] };
  return { paddingTopLeft: [376, 24], paddingBottomRight: [offsetWidth ? offsetWidth + 88 : 72, 24] };
}

function freePart(map) {
  const { paddingTopLeft, paddingBottomRight } = roomFor();
  return L.bounds(paddingTopLeft, map.getSize().subtract(paddingBottomRight));
}

function seenAt(map, box) {
  return L.bounds(map.latLngToContainerPoint(box.getNorthWest()), map.latLngToContainerPoint(box.getSouthEast()));
}

// Move as little as shows the whole box; one that is far off, or does not fit, is gone to.
export function reveal(map, box) {
  const free = freePart(map);
  const seen = seenAt(map, box);
  const [has, needs] = [free.getSize(), seen.getSize()];
  if (!free.intersects(seen) && !L.bounds([0, 0], map.getSize()).intersects(seen)) {
    map.fitBounds(box, { ...roomFor(), maxZoom: Math.max(map.getZoom(), 15), animate: false });
    return;
  }
  const step = (axis) => {
    if (needs[axis] + 2 * EDGE > has[axis]) return seen.getCenter()[axis] - free.getCenter()[axis];
    return Math.min(seen.min[axis] - free.min[axis] - EDGE, 0) || Math.max(seen.max[axis] - free.max[axis] + EDGE, 0);
  };
  map.panBy([step('x'), step('y')]);
}

// The middle of the free part.
export function middle(map) {
  return map.containerPointToLatLng(freePart(map).getCenter());
}

// Into it, at once.
export function bringIn(map, place) {
  const away = map.latLngToContainerPoint(place).subtract(freePart(map).getCenter());
  map.panBy(away, { animate: false });
}
