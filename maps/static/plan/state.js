// What the planning page knows and shows right now, and how its modules hear of each other.
//
// `state` is one object, changed in place. Whoever changes it calls `changed(what, facts)`; whoever
// draws by it listens: `on('cells chosen', (what, facts) => …)`. What there is to hear:
//
//   plans     the list of plans was read anew: state.plans, state.divisions
//   plan      another plan is open (facts.another), or it says otherwise of itself: state.plan
//   cells     cells are otherwise: state.cells, state.version; facts.codes, or null for all of them
//   chosen    cells were chosen or let go: state.chosen
//   tool      another tool is in hand: state.tool
//   panel     another panel is open, or none: state.panel
//   preview   something is shown on the map that is not kept, or no longer: state.preview
//   after_all an act that nobody answered turned out to be kept
//   names     names are shown on the map, or no longer
//   busy      an act is on its way to the server, or came back: state.busy
//
// What a panel (panel-*.js) builds on, all shapes GeoJSON in WGS-84:
//
//   draft.js    readPlans() · openPlan(name) · begin({ name, area, from }) → opened · reload() ·
//               freshPlan(): what the plan says of itself, read anew ·
//               edit(operation, words): one operation of gis.plan_words, kept ·
//               change(path, body, words): any act that answers an `edited`, kept: change('mend'),
//               change('balance', { …, keep: true }, words). Acts wait for each other; `seen` is
//               added; what came back is put on the map, and told with an undo where `words` are
//               given. Throws Refused or Lost; after a conflict the cells are read anew first. ·
//               propose(path, body, signal): the same without keeping anything: the server's answer ·
//               undo() · redo() · address(name): '/plans/…' of the open or a named plan
//   why.js      refusal(error): an element that tells in words what a caught error says; put it next
//               to what caused it. Give everything else to `expected` of ../page/ask.js.
//   range-bar.js  (the panels') standing(properties) · rangeBar(properties, most) · standingMark
//   choose.js   choose(codes, { add }): choose cells · the card of a cell
//   place.js    map · zoomTo(target): codes of cells, [west, south, east, north], or a geometry
//   preview.js  preview(collection, moves): cells as they would be, and buildings that would change
//               hands ({ lon, lat, from, to }, where told) · clearPreview()
//   marks.js    show(findings): their ground on the map, numbered in their order, the one of
//               `pointAt(index)` stands out; show([]) takes them off
//   other.js    showOther(collection, { label }): the cells of another plan over the map, in its pane
//               'other'; the plan's own are in its pane 'cells'. hideOther() ·
//   sheet.js    short(code): the end of a code, as the map writes it
//   side.js     a panel is { name, title, icon, mount(element), shown(), hidden() }: `icon` a name in
//               ../page/build.js ICONS or a list of paths; mount is called once, with the element to
//               fill, when it is first shown. PANELS in panels.js lists them in the order of the
//               rail. openPanel(name) · closePanel() · badge(name, text): a number on its button

export const state = {
  me: null, // GET /me
  plans: null, // GET /plans
  divisions: [],
  plan: null, // GET /plans/{name}: the plan that is open
  cells: new Map(), // its cells by code: features
  version: 0, // of these cells
  chosen: new Set(), // codes of chosen cells, the first one first
  tool: 'choose',
  panel: null, // the name of the panel that is open
  preview: null, // the collection that is shown and not kept
  busy: false,
};

const listeners = [];

// Hear of `what`: one or several words with spaces between them.
export function on(what, listener) {
  listeners.push({ wanted: new Set(what.split(' ')), listener });
}

export function changed(what, facts = {}) {
  for (const { wanted, listener } of listeners) if (wanted.has(what)) listener(what, facts);
}

// Whether the open plan can be changed: a plan in force or retired stays as it is.
export const editable = () => state.plan?.state === 'draft';

// What is known of a cell: the properties of its feature.
export const about = (code) => state.cells.get(code)?.properties ?? null;
