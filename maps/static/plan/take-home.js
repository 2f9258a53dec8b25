// Links to files. A click asks the page's own way, so that a refusal is said in words and is not
// kept as a file; the address stays there to be copied.

import { ask } from '../page/ask.js';
import { make } from '../page/build.js';
import { keep } from '../page/file.js';
import { refused } from './said.js';

// `name` is what the file is called; what was refused is told in `told`.
export function fileLink(attributes, { name, told }, ...children) {
  const link = make('a', { ...attributes, onclick: (event) => { event.preventDefault(); take().catch((error) => told.replaceChildren(refused(error))); } }, ...children);
  const take = async () => {
    if (link.getAttribute('aria-busy') === 'true') return;
    link.setAttribute('aria-busy', 'true');
    told.replaceChildren();
    try {
      keep(await (await ask(link.href)).blob(), typeof name === 'function' ? name() : name);
    } finally {
      link.removeAttribute('aria-busy');
    }
  };
  return link;
}
