// 通知: a notice to the grid workers of the cells inside, until a day.

import { post } from '../page/ask.js';
import { make } from '../page/build.js';
import { dialog, toast } from '../page/tell.js';
import { today } from '../page/time.js';
import { count, t } from '../page/words.js';
import { daysAfter, instant } from '../page/zone.js';
import { shape } from './draw-shape.js';

export async function notify({ cells }) {
  const title = make('input', { id: 'notice-title', maxlength: 80, required: true, autocomplete: 'off' });
  const body = make('textarea', { id: 'notice-body', maxlength: 2000, required: true });
  const until = make('input', { id: 'notice-until', type: 'date', required: true, min: today(), value: daysAfter(today(), 3) });
  const field = (input, key) => make('div', { class: 'field' }, make('label', { for: input.id, text: t(`desk_area.notify.${key}`) }), input);
  const answer = await dialog(t('desk_area.notify.title'), make('div', { class: 'stack' },
    make('p', { class: 'small soft', text: t('desk_area.notify.to', { n: count(cells.length) }) }),
    field(title, 'subject'), field(body, 'words'), field(until, 'until')),
  [{ value: '', text: t('page.do.cancel') }, { value: 'yes', text: t('page.do.send'), look: 'main' }]);
  if (answer !== 'yes') return;
  await post('/desk/notify', { ...shape.asked, title: title.value, body: body.value, until: instant(`${until.value}T23:59:59`).toISOString() });
  toast(t('desk_area.notify.sent', { n: count(cells.length) }));
}
