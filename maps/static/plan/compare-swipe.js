// A divider over the map: at its left one picture, at its right another. It follows the pointer, a
// finger and the arrow keys.

import { make } from '../page/build.js';

const STEP = 0.02;
const KEYS = { ArrowLeft: -STEP, ArrowDown: -STEP, ArrowRight: STEP, ArrowUp: STEP, PageDown: -5 * STEP, PageUp: 5 * STEP };

// `left` and `right` are panes of the map, `names` what is said beside the divider, which begins at
// `share` of its width; returns what takes it away again.
export function swipe(map, { left, right, names, label, share: begin }) {
  let share = Math.min(0.85, Math.max(0.15, begin));
  const bar = make('div', { class: 'swipe', role: 'slider', tabindex: '0', 'aria-label': label, 'aria-valuemin': 0, 'aria-valuemax': 100 }, make('span', { class: 'swipe-knob', 'aria-hidden': 'true' }),
    names.map((name, at) => make('span', { class: `side-sign ${at ? 'new' : 'old'}`, 'aria-hidden': 'true', text: name })));
  const put = () => {
    const { x: width, y: height } = map.getSize();
    const [from, to] = [[0, 0], [width, height]].map((corner) => map.containerPointToLayerPoint(corner));
    const middle = from.x + share * width;
    bar.style.left = `${share * width}px`;
    bar.setAttribute('aria-valuenow', Math.round(share * 100));
    left.style.clipPath = box(from.x, from.y, middle, to.y);
    right.style.clipPath = box(middle, from.y, to.x, to.y);
  };
  const move = (to) => {
    share = Math.min(0.98, Math.max(0.02, to));
    put();
  };
  bar.addEventListener('pointerdown', (event) => {
    bar.setPointerCapture(event.pointerId);
    event.preventDefault();
    bar.focus();
  });
  bar.addEventListener('pointermove', ({ clientX, pointerId }) => {
    if (!bar.hasPointerCapture(pointerId)) return;
    const box = map.getContainer().getBoundingClientRect();
    move((clientX - box.left) / box.width);
  });
  bar.addEventListener('keydown', (event) => {
    const to = { Home: 0, End: 1 }[event.key] ?? (event.key in KEYS ? share + KEYS[event.key] : null);
    if (to === null) return;
    event.preventDefault();
    event.stopPropagation();
    move(to);
  });
  L.DomEvent.disableClickPropagation(bar);
  map.getContainer().append(bar);
  map.on('move resize viewreset zoomend', put);
  put();
  return () => {
    map.off('move resize viewreset zoomend', put);
    bar.remove();
    left.style.clipPath = right.style.clipPath = '';
  };
}

const box = (west, north, east, south) => `polygon(${west}px ${north}px, ${east}px ${north}px, ${east}px ${south}px, ${west}px ${south}px)`;
