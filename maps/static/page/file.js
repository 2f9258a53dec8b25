// Something the page was given, taken home as a file.

import { make } from './build.js';

export function keep(file, name) {
  const link = make('a', { href: URL.createObjectURL(file), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href));
}
