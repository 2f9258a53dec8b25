// Which of the five colours of a ramp a value has, and whether it is told at all.

// With fewer breaks than colours the classes still reach from the lightest to the darkest.
export function spread(at, breaks) {
  return breaks ? Math.round((at * 4) / breaks) : 2;
}

// The class of a value: -1 unknown, 0 … 4 from few to many, null for «no open case».
export function classOf(value, measure, breaks) {
  if (value === undefined || value === null) return -1;
  if (measure === 'open_cases' && value === 0) return null;
  const at = breaks.findIndex((upper) => value <= upper);
  return spread(at < 0 ? breaks.length : at, breaks.length);
}

// Small numbers of people and cases are told only to those in charge of the cell.
export const isHidden = (cell, name) => Boolean(cell.hidden?.includes(name));
