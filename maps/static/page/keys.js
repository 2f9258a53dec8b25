// The keys of a page, listed.

import { make } from './build.js';
import { dialog } from './tell.js';
import { t } from './words.js';

// `keys`: [{ key, shown, name }]; what is `shown` stands for the key.
export function showKeys(title, keys) {
  return dialog(title, make('dl', { class: 'facts key-list' }, keys.flatMap(({ key, shown, name }) => [make('dt', {}, make('kbd', { text: shown ?? key })), make('dd', { text: name })])),
    [{ value: '', text: t('page.do.close') }]);
}
