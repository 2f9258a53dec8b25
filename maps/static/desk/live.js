// What moves in the viewer's charge is heard at once, and taken up without disturbing anybody: the
// queue's lines, the open case, the signs on the map. At once, then at most once a second.

import { listen } from '../map/live.js';
import { turn } from '../map/turn.js';
import { expected } from '../page/ask.js';
import { freshCalled } from './called.js';
import { freshCase } from './case.js';
import { still, tiles } from './place.js';
import { renew } from './queue.js';
import { state } from './state.js';

const REST_MS = 1000;
let heard = none();
let resting = false;

function none() {
  return { any: false, all: false, moves: new Map(), cells: new Set() };
}

let open;

// `openCase(code)` shows a case.
export function live(openCase) {
  open = openCase;
  return listen({
    moved: ({ code, cell, move }) => take((now) => {
      now.moves.set(code, move);
      if (cell) now.cells.add(cell);
    }),
    all: () => take((now) => { now.all = true; }),
  });
}

function take(more) {
  heard.any = true;
  more(heard);
  if (!resting) act();
}

async function act() {
  resting = true;
  await still();
  const { all, moves, cells } = heard;
  heard = none();
  if (all || moves.has(state.case)) freshCase().catch(expected);
  await turn();
  freshCalled(open);
  await turn();
  tiles.reloadCases({ all, files: new Set(moves.keys()), cells }).catch(expected);
  await turn();
  await Promise.all([new Promise((done) => setTimeout(done, REST_MS)),
    renew([...moves].map(([code, move]) => ({ code, move })), { all }).catch(expected)]);
  resting = false;
  if (heard.any) act();
}
