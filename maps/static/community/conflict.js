// Two people wrote at once: both versions of what differs, and whose is to stand.

import { make } from '../page/build.js';
import { t } from '../page/words.js';

const said = (field, value) => field.show(value) || t('community.clash.blank');

export function both({ fields, mine, theirs, keepMine, look, takeTheirs }) {
  const differ = fields.filter(({ name }) => JSON.stringify(mine[name]) !== JSON.stringify(theirs[name]));
  const act = (key, run, look_ = '') => make('button', { type: 'button', class: `btn ${look_}`, text: t(`community.clash.${key}`), onclick: run });
  return make('section', { class: 'clash paper', 'aria-labelledby': 'clash' },
    make('h3', { id: 'clash', tabindex: '-1', text: t('community.clash.title') }), make('p', { text: t('community.clash.say') }),
    differ.map((field) => make('div', { class: 'two' }, make('h4', { text: field.label }),
      make('div', { class: 'side' }, make('p', { class: 'small soft', text: t('community.clash.mine') }), make('p', { class: 'text', text: said(field, mine[field.name]) })),
      make('div', { class: 'side' }, make('p', { class: 'small soft', text: t('community.clash.theirs') }), make('p', { class: 'text', text: said(field, theirs[field.name]) })))),
    differ.length ? null : make('p', { class: 'soft', text: t('community.clash.same') }),
    make('div', { class: 'acts' }, act('keep', keepMine, 'main'), act('look', look), act('take', takeTheirs)));
}
