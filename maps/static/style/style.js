// What of the parts moves, and what is measured where it stands: sizes and contrast.

import { bar } from '../page/bar.js';
import { expected } from '../page/ask.js';
import { ICONS, make, sign } from '../page/build.js';
import { sure, toast } from '../page/tell.js';
import { onTheme } from '../page/theme.js';
import { clock } from '../page/time.js';
import { t } from '../page/words.js';

const HOUR = 3_600_000;
const now = Date.now();
const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

// The contrast of two colours as WCAG 2 measures it, 1 … 21.
function contrast(...colours) {
  const [low, high] = colours.map(light).sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
}

function light(colour) {
  const [red, green, blue] = [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16) / 255)
    .map((share) => (share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function measure() {
  for (const size of document.querySelectorAll('[data-size]')) size.textContent = token(size.dataset.size);
  for (const pair of document.querySelectorAll('[data-ink]')) {
    pair.querySelector('output').textContent = contrast(token(pair.dataset.ink), token(pair.dataset.paper)).toFixed(1);
  }
}

document.getElementById('icon-list').append(...Object.keys(ICONS).map((name) => make('li', {}, sign(name), make('code', { text: name }))));
document.getElementById('clocks').append(
  clock({ share: 0.3, due: now + 5 * HOUR }), clock({ share: 0.85, due: now + HOUR }),
  clock({ share: 1.2, due: now - 2 * HOUR }), clock({ share: 0.5, paused: true }),
);
document.getElementById('toast').addEventListener('click', () => toast(t('style.told.good'), { act: { label: t('page.do.undo'), run() {} } }));
document.getElementById('dialog').addEventListener('click', () => sure(t('style.told.dialog'), t('style.told.warn'), t('page.do.ok')).catch(expected));
measure();
onTheme(measure);
bar().catch(expected);
