// Cases that would lie on each other on the screen are one sign with their number.

// Pixels: two signs nearer than this are one. Far out there is more room between them, so that names
// can be read.
export const reachAt = (zoom) => (zoom < 14.5 ? 44 : 26);

// Points [{x, y, n, word, values, late}] in pixels, of one zoom → groups [{x, y, n, word, values,
// late, box}] at the first of each, so that no two come nearer than that. A group of one is the point
// itself; `late` is whether one of them is.
export function grouped(points, reach) {
  const near = new Map();
  const groups = [];
  for (const point of points) {
    const [column, row] = [Math.floor(point.x / reach), Math.floor(point.y / reach)];
    const joined = nearest(near, { column, row, reach }, point);
    if (joined) join(joined, point);
    else {
      const { x, y } = point;
      const group = { ...point, box: [x, y, x, y] };
      groups.push(group);
      const key = square(column, row);
      if (near.has(key)) near.get(key).push(group);
      else near.set(key, [group]);
    }
  }
  return groups;
}

const square = (column, row) => column * 100_003 + row; // a number is a faster key than a text

function nearest(near, { column, row, reach }, { x, y }) {
  let [best, least] = [null, reach];
  for (let across = column - 1; across <= column + 1; across += 1) {
    for (let down = row - 1; down <= row + 1; down += 1) {
      for (const group of near.get(square(across, down)) ?? []) {
        const away = Math.hypot(group.x - x, group.y - y);
        if (away < least) [best, least] = [group, away];
      }
    }
  }
  return best;
}

function join(group, { x, y, n, values, late }) {
  group.n += n;
  group.late ||= late;
  group.codes ??= [group.values.code];
  group.codes.push(values.code);
  const { box } = group;
  group.box = [Math.min(box[0], x), Math.min(box[1], y), Math.max(box[2], x), Math.max(box[3], y)];
}
