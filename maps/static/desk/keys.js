// The desk by keyboard: a few keys that are good everywhere but where one writes.

const WRITES = 'input:not([type="checkbox"]), textarea, select, [contenteditable]';

// `keys`: [{ key, name, run }], in the order in which they are listed; without `run` only listed.
export function listenTo(keys) {
  document.addEventListener('keydown', (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || document.querySelector('dialog[open]')) return;
    const field = event.target.closest?.(WRITES);
    if (field && event.key === 'Escape' && field.value) field.blur(); // what was written stays
    else if (!field || event.key === 'Escape') press(event, keys);
  });
}

function press(event, keys) {
  const known = keys.find(({ key, run }) => run && key === event.key);
  if (!known) return;
  event.preventDefault();
  known.run();
}
