// Boxes [left, top, right, bottom] in pixels that are asked what they lie on, kept by squares of the
// screen so that only the near ones are looked at.

const SIDE = 64;

export class Nearby {
  squares = new Map();

  put(box) {
    this.#over(box, (key) => {
      const there = this.squares.get(key);
      if (there) there.push(box);
      else this.squares.set(key, [box]);
      return false;
    });
  }

  // Whether one of them meets a box.
  meets(box) {
    return this.#over(box, (key) => (this.squares.get(key) ?? []).some((other) => lies(other, box)));
  }

  // How many of them meet a box.
  met(box) {
    const found = new Set();
    this.#over(box, (key) => {
      for (const other of this.squares.get(key) ?? []) if (lies(other, box)) found.add(other);
      return false;
    });
    return found.size;
  }

  // Goes over the squares of a box until `look` says that it is enough.
  #over([left, top, right, bottom], look) {
    for (let across = Math.floor(left / SIDE); across <= Math.floor(right / SIDE); across += 1) {
      for (let down = Math.floor(top / SIDE); down <= Math.floor(bottom / SIDE); down += 1) {
        if (look(across * 100_003 + down)) return true;
      }
    }
    return false;
  }
}

const lies = (one, other) => one[0] < other[2] && other[0] < one[2] && one[1] < other[3] && other[1] < one[3];
