// The planning page, put together. The page's own script calls `openMap` and, last, `start`.

import { expected, signIn } from '../page/ask.js';
import { bar } from '../page/bar.js';
import { toast } from '../page/tell.js';
import { t } from '../page/words.js';
import { bench, button, waiting } from './bench.js';
import * as cells from './cells.js';
import { openPlan, readPlans, watch } from './draft.js';
import * as head from './head.js';
import * as keys from './keys.js';
import * as layers from './layers.js';
import * as marks from './marks.js';
import { PANELS } from './panels.js';
import * as pen from './pen.js';
import { begin, openMap, zoomTo } from './place.js';
import * as pointer from './pointer.js';
import * as preview from './preview.js';
import * as side from './side.js';
import { changed, on, state } from './state.js';
import * as tools from './tools.js';
import * as units from './units.js';
import { refusal } from './why.js';

export { openMap };

async function begun() {
  state.me = await bar();
  if (!state.me?.login) return signIn();
  changed('me');
  for (const part of [cells, units, preview, marks, pen, head, keys, layers, tools]) part.install();
  pointer.install(tools.tool);
  side.install(PANELS);
  on('plan', (_, { another }) => another && shown());
  window.addEventListener('beforeunload', (event) => tools.isUnkept() && event.preventDefault());
  window.addEventListener('hashchange', () => state.plans && named() !== state.plan?.name && look());
  await Promise.all([look(), begin()]);
  return watch();
}

// Reads the plans and opens the one that is meant; if that fails it is told where the plan would be.
async function look() {
  bench(t('plan.opening'), waiting(), waiting());
  try {
    await readPlans();
    await open(named());
  } catch (error) {
    bench(t('plan.title'), refusal(error), button('again', t('page.do.again'), look, { main: true }));
  }
}

// The address names the open plan; without a name the newest draft is opened, else the plan in force.
function named() {
  try {
    return decodeURIComponent(window.location.hash.slice(1));
  } catch {
    return ''; // a name that somebody broke
  }
}

async function open(name) {
  const wanted = state.plans.find((one) => one.name === name) ?? state.plans.filter((one) => one.state === 'draft').at(-1) ?? state.plans.find((one) => one.state === 'published');
  if (wanted) {
    await openPlan(wanted.name);
    if (name && name !== wanted.name) toast(t('plan.instead', { name, other: wanted.name })); // an address of long ago
  } else {
    tools.tool().enter();
    side.openPanel('plans');
  }
}

function shown() {
  window.history.replaceState(null, '', `#${encodeURIComponent(state.plan.name)}`);
  zoomTo(state.plan.bounds);
}

export function start() {
  begun().catch(expected);
}
