// 导出: the cells of the open plan as a file, and those that were in force on any day.

import { make } from '../page/build.js';
import { t } from '../page/words.js';
import { address } from './draft.js';
import { field, noPlan, number, today } from './panel-words.js';
import { on, state } from './state.js';
import { fileLink } from './take-home.js';

const FORMATS = { geojson: '.geojson', gpkg: '.gpkg', shp: '.shp.zip', fgb: '.fgb', parquet: '.parquet', csv: '.csv', xlsx: '.xlsx' };
const told = make('div', { class: 'told', 'aria-live': 'polite' });
let body = null;

export const exporting = {
  name: 'export', title: t('plan_panels.export.tool'), icon: ['M10 3v9', 'm6 8.5 4 4 4-4', 'M3.5 13v3.5h13V13'],
  mount(element) {
    body = element;
    on('plan cells', draw);
    draw();
  },
};

function draw() {
  body.replaceChildren(make('div', { class: 'stack' }, told, ...(state.plan ? [ofPlan(), ofDay()] : [noPlan()])));
}

const ofPlan = () => make('section', { 'aria-labelledby': 'export-plan' }, make('h3', { id: 'export-plan', class: 'label', text: t('plan_panels.export.this') }),
  make('p', { class: 'small soft', text: t('plan_panels.export.this_words', { name: state.plan.name, n: number(state.cells.size) }) }),
  make('ul', { class: 'rows paper' }, Object.entries(FORMATS).map(([name, suffix]) => make('li', {},
    fileLink({ class: 'row', href: `${address()}/export?suffix=${suffix}` }, { name: `${state.plan.name}${suffix}`, told },
      make('span', { class: 'unseen', text: t('plan_panels.export.get') }), make('b', { class: 'suffix', text: suffix }), make('span', { class: 'grow under', text: t(`plan_panels.export.formats.${name}`) }))))));

// Whatever plan was in force that day.
function ofDay() {
  const link = fileLink({ class: 'btn', text: t('plan_panels.export.get') }, { name: () => `cells-${day.value}${format.value}`, told });
  const day = make('input', { id: 'export-day', type: 'date', max: today(), value: today(), oninput: () => put() });
  const format = make('select', { id: 'export-format', onchange: () => put() }, Object.values(FORMATS).map((suffix) => make('option', { text: suffix })));
  const put = () => {
    if (day.value) link.href = `/export/cells${format.value}?as_of=${day.value}`;
    else link.removeAttribute('href');
  };
  put();
  return make('section', { class: 'stack', 'aria-labelledby': 'export-of-day' }, make('h3', { id: 'export-of-day', class: 'label', text: t('plan_panels.export.on_day') }), make('p', { class: 'small soft', text: t('plan_panels.export.on_words') }),
    make('div', { class: 'pair' }, field('export-day', t('plan_panels.export.day'), day), field('export-format', t('plan_panels.export.format'), format)), link);
}
