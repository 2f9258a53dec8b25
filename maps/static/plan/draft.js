// Plans on the server: read, opened, changed. Acts go one after the other, each with the version that
// the one before it led to.

import { Lost, Refused, expected, get, post, remove } from '../page/ask.js';
import { toast } from '../page/tell.js';
import { count, t } from '../page/words.js';
import { changed, editable, state } from './state.js';
import { why } from './why.js';

const LOOK_AGAIN_MS = 15_000;
let asked = 0; // of several plans asked for, the last one counts
let last = Promise.resolve();
let under_way = 0;
let doubt = false; // nobody answered the last act: it may have been done
let untell = () => {}; // takes the way back of the act before off the page: undo takes back the last one

export const address = (name = state.plan.name) => `/plans/${encodeURIComponent(name)}`;

export async function readPlans() {
  const { plans, divisions, everything } = await get('/plans');
  Object.assign(state, { plans, divisions, everything });
  changed('plans');
}

export async function begin({ name, area = null, from = null }) {
  const begun = await post('/plans', { name, ...(area && { area }), ...(from && { from }) });
  await Promise.all([readPlans(), openPlan(begun.name)]);
}

export async function drop(name) {
  await remove(address(name));
  await readPlans();
}

// Another plan is opened once what is on its way to this one has come back.
export async function openPlan(name) {
  await last;
  await read(name);
}

async function read(name) {
  asked += 1;
  const mine = asked;
  const [plan, cells] = await Promise.all([get(address(name)), get(`${address(name)}/cells`)]);
  if (mine !== asked) return;
  const another = state.plan?.name !== plan.name;
  state.plan = plan;
  if (another) state.chosen = new Set();
  put(cells);
  changed('plan', { another });
  changed('cells', { codes: null });
  changed('chosen');
}

export const reload = () => read(state.plan.name);

// What the open plan says of itself; its cells too, where somebody else changed some meanwhile.
export async function freshPlan() {
  const { name } = state.plan;
  const plan = await get(address(name));
  if (state.plan?.name !== name) return;
  const mine = state.version;
  state.plan = plan;
  changed('plan', { another: false });
  if (plan.version <= mine || state.busy) return;
  await reload();
  if (doubt && madeSince(mine)) {
    doubt = false;
    toast(t('plan.why.done_after_all'));
    return changed('after_all');
  }
  const others = plan.edits.filter(({ number }) => number > mine);
  const touched = new Set(others.flatMap(({ cells }) => cells));
  if (others.length) toast(t('plan.others', { actor: others[0].actor, n: count(touched.size) }));
}

function put({ features, version }) {
  state.cells = new Map(features.map((one) => [one.properties.code, one]));
  state.version = version;
  state.chosen = new Set([...state.chosen].filter((code) => state.cells.has(code)));
}

// `words` are told when it is kept: a text, or what makes one of the answer.
export const edit = (operation, words) => change('edits', { operation, keep: true }, words);

export function change(path, body = {}, words = null) {
  const { plan: { name }, tool } = state;
  busy(1);
  const mine = last.then(() => act(name, path, body)).finally(() => busy(-1));
  last = mine.catch((error) => {
    if (state.tool !== tool && (error instanceof Refused || error instanceof Lost)) toast(why(error).join(' ')); // else the tool tells it
    if (error instanceof Lost) freshPlan().catch(expected); // perhaps it was done
  });
  return mine.then((edited) => {
    told(typeof words === 'function' ? words(edited) : words);
    freshPlan().catch(expected);
    return edited;
  });
}

async function act(name, path, body) {
  try {
    if (doubt) await certain();
    const edited = await post(`${address(name)}/${path}`, { ...body, seen: state.version });
    if (state.plan.name === name) await take(edited);
    return edited;
  } catch (error) {
    if (error instanceof Lost) doubt = error.unkept = true;
    if (error.status === 409 && !error.facts.certain) await reload();
    throw error;
  }
}

// Reads what became of the act that nobody answered: nothing is done twice.
async function certain() {
  const before = state.version;
  await reload();
  doubt = false;
  if (madeSince(before)) throw new Refused(409, { detail: t('plan.why.done_after_all'), certain: true });
}

// Whether the planner himself has changed the draft since a version.
const madeSince = (version) => state.plan.edits.some(({ number, actor }) => number > version && actor === state.me.login);

// What came back: the cells of the edit; all of them, where other edits were merged with it.
async function take({ version, ended, cells }) {
  if (version > state.version + 1) return reload();
  for (const code of ended) state.cells.delete(code);
  for (const one of cells.features) state.cells.set(one.properties.code, one);
  state.version = version;
  state.chosen = new Set([...state.chosen].filter((code) => state.cells.has(code)));
  changed('cells', { codes: [...ended, ...cells.features.map((one) => one.properties.code)] });
  changed('chosen');
  return null;
}

function busy(more) {
  under_way += more;
  if (state.busy === under_way > 0) return;
  state.busy = under_way > 0;
  changed('busy');
}

function told(words) {
  untell();
  untell = words ? toast(words, { act: { label: t('page.do.undo'), run: () => undo().catch(expected) } }) : () => {};
}

// Without keeping anything. What it is about was changed by somebody else: it is read anew.
export async function propose(path, body, signal) {
  try {
    return await post(`${address()}/${path}`, { ...body, seen: state.version, keep: false }, signal);
  } catch (error) {
    if (error.status === 409 && error.facts.actor) freshPlan().catch(expected);
    throw error;
  }
}

export const undo = () => change('undo');
export const redo = () => change('redo');

// Others plan too: who looks at a draft sees within a moment what they did.
export function watch() {
  const look = () => {
    if (document.visibilityState === 'visible' && editable() && !state.busy) freshPlan().catch(expected);
  };
  setInterval(look, LOOK_AGAIN_MS);
  document.addEventListener('visibilitychange', look);
  window.addEventListener('online', look);
}
