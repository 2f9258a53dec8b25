// What publishing would do, in sentences: { text, look }, `look` where somebody has to do something.

import { count, t, term } from '../page/words.js';
import { fatesSaid, number } from './panel-words.js';

const FILED = ['households', 'care_recipients', 'facilities'];

export function sentences({ born, ended, changed, posts_begun: begun, posts_ended: over, cases_moved: cases, charges_idle: idle, moved, more }) {
  const cells = fatesSaid({ born: born.length, ended: ended.length, changed: changed.length });
  const filed = FILED.filter((kind) => moved[kind]);
  const counted = [
    { text: filed.length ? t('plan_panels.publish.moved', { list: filed.map((kind) => `${term('moved_kind', kind)} ${count(moved[kind])}`).join(t('plan_panels.between')) }) : t('plan_panels.publish.moved_none') },
    { text: begun || over ? t('plan_panels.publish.posts', { begun: count(begun), ended: count(over) }) : t('plan_panels.publish.posts_none') },
    { text: cases ? t('plan_panels.publish.cases', { n: count(cases) }) : t('plan_panels.publish.cases_none') },
  ];
  return [
    { text: cells ? t('plan_panels.publish.cells', { fates: cells }) : t('plan_panels.publish.cells_none') },
    ...(more ? [] : counted), // what moves was too much to be counted
    ...(idle ? [{ text: t('plan_panels.publish.charges', { n: number(idle) }), look: 'warn' }] : []),
    { text: t('plan_panels.publish.safe') },
  ];
}
