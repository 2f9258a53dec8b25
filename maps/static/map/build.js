// Building elements.

export { icon, make } from '../page/build.js';
export { count } from '../page/words.js';
