// Taking ground out of cells for a dedicated cell: a park, a market, a campus.

import { make } from '../page/build.js';
import { t } from '../page/words.js';
import { hint } from './bench.js';
import { choose } from './choose.js';
import { drawing } from './drawing.js';
import { short } from './sheet.js';

const name = make('input', { id: 'dedicated-name', 'data-do': 'name', maxlength: 100, autocomplete: 'off', placeholder: t('plan.dedicated.example') });
const field = make('div', { class: 'field' }, make('label', { for: 'dedicated-name', text: t('plan.dedicated.name') }), name);
const called = () => name.value.trim() || t('plan.dedicated.unnamed');

export const dedicated = drawing({
  name: 'dedicated',
  key: 'd',
  icon: ['m10 2.5 2.2 4.8 5.3.6-3.9 3.6 1 5.2-4.6-2.6-4.6 2.6 1-5.2-3.9-3.6 5.3-.6z'],
  closed: true,
  operation: (points) => (points.length > 2 ? { kind: 'add_dedicated', ground: { type: 'Polygon', coordinates: [[...points, points[0]]] }, name: called() } : null),
  card: (points) => hint(t(points.length > 2 ? 'plan.dedicated.more' : 'plan.dedicated.hint')),
  form: () => field,
  words: ({ name: words }, { born }) => t('plan.did.dedicated', { name: words, code: short(born[0]) }),
  kept(_, { born }) {
    name.value = '';
    choose(born);
  },
});
