// What was typed and not sent yet. Of pages it also outlasts a reload of this tab, until signing out;
// answers to residents are kept by the open page only.

const PREFIX = 'wangge.editors.';
const held = new Map();
const unsafe = new Set(); // the keys of what a reload would lose

function stored(act) {
  try {
    return act(window.sessionStorage);
  } catch {
    return null; // a browser that keeps nothing
  }
}

export function draft(key) {
  return held.get(key) ?? JSON.parse(stored((box) => box.getItem(PREFIX + key)) ?? 'null');
}

export function keep(key, values, { lasting = true } = {}) {
  held.set(key, values);
  const isStored = lasting && stored((box) => { box.setItem(PREFIX + key, JSON.stringify(values)); return true; });
  if (!isStored) unsafe.add(key);
}

export function drop(key) {
  held.delete(key);
  unsafe.delete(key);
  stored((box) => box.removeItem(PREFIX + key));
}

export const drafted = (key) => draft(key) !== null;

export function begin(login) {
  const whose = stored((box) => box.getItem(`${PREFIX}login`));
  if (whose !== login) forget();
  stored((box) => box.setItem(`${PREFIX}login`, login));
  document.addEventListener('submit', ({ target }) => target.matches('[action="/sign-out"]') && forget());
  window.addEventListener('beforeunload', (event) => unsafe.size && event.preventDefault());
}

function forget() {
  held.clear();
  unsafe.clear();
  stored((box) => Object.keys(box).filter((key) => key.startsWith(PREFIX)).forEach((key) => box.removeItem(key)));
}
