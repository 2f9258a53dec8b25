// A vector tile's bytes → its features, by layer, with their shapes as paths to draw at once.
//
// Read straight from the protocol buffer: between the bytes and the path no array of points is
// built, but the one of a line, along which a name may be written.

import { PbfReader } from '../vendor/pbf/index.js';

export const EXTENT = 4096;
const [POINT, , AREA] = [1, 2, 3];
const [MOVE, , CLOSE] = [1, 2, 7];

export function read(bytes) {
  return new PbfReader(new Uint8Array(bytes)).readFields((tag, tile, pbf) => {
    if (tag !== 3) return;
    const layer = pbf.readMessage(part, { name: '', at: [], keys: [], values: [] });
    const end = pbf.pos;
    tile[layer.name] = layer.at.map((at) => feature(pbf, at, layer));
    pbf.pos = end;
  }, {});
}

function part(tag, layer, pbf) {
  if (tag === 1) layer.name = pbf.readString();
  else if (tag === 2) layer.at.push(pbf.pos); // read once all keys and values are known
  else if (tag === 3) layer.keys.push(pbf.readString());
  else if (tag === 4) layer.values.push(pbf.readMessage(value, { is: null }).is);
}

function value(tag, held, pbf) {
  const how = [null, 'readString', 'readFloat', 'readDouble', 'readVarint64', 'readVarint', 'readSVarint', 'readBoolean'][tag];
  if (how) held.is = pbf[how === 'readVarint64' ? 'readVarint' : how](how === 'readVarint64');
}

function feature(pbf, at, layer) {
  pbf.pos = at;
  const raw = pbf.readMessage(field, { id: 0, type: 0, values: {}, shape: 0, layer });
  const known = { id: raw.id, values: raw.values };
  pbf.pos = raw.shape;
  if (raw.type === POINT) return { ...known, ...place(pbf) };
  return { ...known, ...drawn(pbf, raw.type === AREA) };
}

function field(tag, raw, pbf) {
  if (tag === 1) raw.id = pbf.readVarint();
  else if (tag === 2) tags(pbf, raw);
  else if (tag === 3) raw.type = pbf.readVarint();
  else if (tag === 4) raw.shape = pbf.pos;
}

function tags(pbf, { values, layer }) {
  const end = pbf.readVarint() + pbf.pos;
  while (pbf.pos < end) {
    const key = layer.keys[pbf.readVarint()];
    values[key] = layer.values[pbf.readVarint()];
  }
}

function place(pbf) {
  pbf.readVarint(); // its length
  pbf.readVarint(); // one «move to»
  return { x: pbf.readSVarint(), y: pbf.readSVarint() };
}

function drawn(pbf, area) {
  const end = pbf.readVarint() + pbf.pos;
  const path = new Path2D();
  const span = [Infinity, Infinity, -Infinity, -Infinity];
  let [x, y, line, longest] = [0, 0, [], []];
  while (pbf.pos < end) {
    const command = pbf.readVarint();
    if ((command & 7) === CLOSE) {
      path.closePath();
      continue;
    }
    const moves = (command & 7) === MOVE;
    for (let left = command >> 3; left; left -= 1) {
      x += pbf.readSVarint();
      y += pbf.readSVarint();
      if (moves) path.moveTo(x, y);
      else path.lineTo(x, y);
      if (area) grow(span, x, y);
      else if (moves) line = [{ x, y }];
      else line.push({ x, y });
    }
    if (line.length > longest.length) longest = line;
  }
  return area ? { path, area, span } : { path, line: longest };
}

function grow(span, x, y) {
  if (x < span[0]) span[0] = x;
  if (y < span[1]) span[1] = y;
  if (x > span[2]) span[2] = x;
  if (y > span[3]) span[3] = y;
}
