// What moves between two plans, as tables: a row for every pair of cells, or cells by cells.

export const KINDS = ['households', 'care_recipients', 'facilities', 'open_cases'];

const another = ({ from, to, worker_before: before, worker_after: after }) => from !== to || before !== after;

// Rows of all kinds at once: { from, to, worker_before, worker_after, households, facilities … }, those
// of most households first.
export function pairs(moves) {
  const found = new Map();
  for (const one of moves.filter(another)) {
    const key = JSON.stringify([one.from, one.to]);
    if (!found.has(key)) found.set(key, { ...one, ...Object.fromEntries(KINDS.map((kind) => [kind, 0])) });
    found.get(key)[one.kind] += one.count;
  }
  return [...found.values()].sort((a, b) => b.households - a.households || (a.from < b.from ? -1 : 1));
}

// Of one kind: { rows, columns, at(row, column) }, with what stays in its cell where that is told.
export function matrix(moves, kind) {
  const of = moves.filter((one) => one.kind === kind);
  const told = new Map(of.map(({ from, to, count }) => [JSON.stringify([from, to]), count]));
  const names = (side) => [...new Set(of.map((one) => one[side]))].sort();
  return { rows: names('from'), columns: names('to'), at: (row, column) => told.get(JSON.stringify([row, column])) ?? 0 };
}
