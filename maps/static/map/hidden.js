// What is said in place of a small number of people or cases.

import { t } from '../page/words.js';

export const HIDDEN = t('page.state.hidden');
export const whyHidden = t('map.hidden');
