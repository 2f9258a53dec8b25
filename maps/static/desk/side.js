// The panel at the right: one thing at a time, and the rail of tools that open it.
//
// A tool registers its button once, `side.tool('heat', t('…'), 'layers', open)`; `open()` then calls
// `side.show('heat', element, { title, leave })`. `leave()` is called when another thing is shown or
// the panel is closed: take your drawing off the map there.

import { ICONS, icon, make, sign } from '../page/build.js';
import { t } from '../page/words.js';
import { changed, state } from './state.js';

const panel = document.getElementById('side');
const rail = document.getElementById('tools');
const frame = document.getElementById('main');
let leaving = null;
let cameFrom = null;

export const side = {
  // `focus`: whether the panel takes the focus; what opens by itself does not.
  show(name, element, { title, leave = null, focus = true } = {}) {
    const again = state.tool === name;
    if (!again) depart();
    leaving = leave ?? (again ? leaving : null);
    if (focus && !panel.contains(document.activeElement)) cameFrom = document.activeElement;
    state.tool = name;
    const heading = make('h2', { text: title, tabindex: '-1' });
    panel.replaceChildren(make('header', { class: 'side-head' }, heading,
      make('button', { type: 'button', class: 'btn bare square', 'aria-label': t('page.do.close'), onclick: () => side.close() }, sign('close'))),
    make('div', { class: 'side-body' }, element));
    panel.hidden = false;
    frame.classList.add('with-side');
    mark();
    reach();
    if (focus) heading.focus({ preventScroll: true });
    changed('side');
  },

  close() {
    if (panel.hidden) return;
    depart();
    const inside = panel.contains(document.activeElement);
    state.tool = null;
    panel.hidden = true;
    panel.replaceChildren();
    frame.classList.remove('with-side');
    mark();
    reach();
    if (inside && cameFrom?.isConnected) cameFrom.focus({ preventScroll: true });
    changed('side');
  },

  // A button in the rail; `look` is a name in ../page/build.js ICONS or a list of paths.
  tool(name, label, look, open) {
    const press = () => (state.tool === name ? side.close() : open());
    rail.append(make('button', { type: 'button', class: 'tool', 'data-tool': name, 'aria-pressed': 'false', onclick: press }, icon(...(ICONS[look] ?? look)), make('span', { text: label })));
  },

  get body() {
    return panel.querySelector('.side-body');
  },
};

function depart() {
  const leave = leaving;
  leaving = null;
  leave?.();
}

// What lies wholly under the panel, as on the telephone, cannot be reached by keyboard either.
function reach() {
  const over = panel.getBoundingClientRect();
  for (const part of frame.querySelectorAll(':scope > section, :scope > nav')) {
    const { left, top, right, bottom } = part.getBoundingClientRect();
    part.inert = !panel.hidden && left >= over.left && top >= over.top && right <= over.right && bottom <= over.bottom;
  }
}

new ResizeObserver(reach).observe(frame);
new ResizeObserver(reach).observe(panel);

function mark() {
  for (const button of rail.children) button.setAttribute('aria-pressed', String(button.dataset.tool === state.tool));
}
