// 办事指南 and 便民服务: what to bring, where to go, when, and whom to call; found as one types.

import { expected, get } from '../page/ask.js';
import { make, sign } from '../page/build.js';
import { t } from '../page/words.js';
import { call, filled, hoursLine, nothing, openNow, paragraphs, row, rows, unread, waiting } from './parts.js';
import { ofMine } from './place.js';
import { entitle, view } from './route.js';

const WAIT_MS = 200;
const OF = { guides: 'service', services: 'convenience' };

for (const name of Object.keys(OF)) view(name, (number) => (number ? one(name, Number(number)) : list(name)));

// Somebody useful is called at once.
export const guideRow = (name) => (guide) => (name === 'services' && guide.phone ? serviceRow(guide) : row({ to: `${name}/${guide.id}`, title: guide.title, under: guide.place, side: [openNow(guide)].filter(Boolean) }));

function list(name) {
  const found = make('div', { class: 'paper', 'aria-live': 'polite' }, waiting());
  const input = make('input', { type: 'search', class: 'input', id: 'guide-search', placeholder: t(`home.${name}.search`), autocomplete: 'off', maxlength: 80, oninput: later });
  const row = guideRow(name);
  let asking = new AbortController();
  let timer;

  function later() {
    clearTimeout(timer);
    timer = setTimeout(() => look().catch(expected), WAIT_MS);
  }

  async function look() {
    asking.abort();
    asking = new AbortController();
    const q = input.value.trim();
    try {
      const guides = await get(`/community/guides${ofMine({ kind: OF[name], ...(q && { q }) })}`, asking.signal);
      found.replaceChildren(rows(guides, row, t(q ? 'home.find.none' : `home.${name}.none`, { q })));
    } catch (error) {
      if (error.name !== 'AbortError') found.replaceChildren(unread(error, look));
      expected(error);
    }
  }

  look().catch(expected);
  return { title: t(`home.${name}.title`), lead: t(`home.${name}.lead`), body: [
    make('div', { class: 'search-line' }, make('label', { class: 'unseen', for: 'guide-search', text: t(`home.${name}.search`) }), sign('search'), input), found],
  leave: () => asking.abort() };
}

function serviceRow(guide) {
  return make('div', { class: 'row service' }, make('a', { class: 'grow plain', href: `#services/${guide.id}` }, make('span', { class: 'title', text: guide.title }), make('span', { class: 'under', text: guide.place ?? '' })),
    openNow(guide), call(guide.phone, guide.title));
}

function one(name, number) {
  return { title: t(`home.${name}.one`), back: { to: name, text: t(`home.${name}.title`) }, body: [filled(() => get(`/community/guides/${number}`), (guide) => {
    entitle(guide.title);
    const facts = [['place', guide.place], ['hours', hoursLine(guide)], ['phone', call(guide.phone, guide.title)]].filter(([, value]) => value);
    return make('div', { class: 'guide' },
      make('article', { class: 'paper letter' }, ...paragraphs(guide.body)),
      guide.materials.length ? make('section', { class: 'paper letter materials' }, make('h2', { text: t('home.guides.materials') }),
        make('ul', {}, guide.materials.map((one) => make('li', {}, make('label', { class: 'check' }, make('input', { type: 'checkbox' }), make('span', { text: one })))))) : null,
      facts.length ? make('section', { class: 'paper letter' }, make('h2', { text: t('home.guides.where') }), make('dl', { class: 'facts' }, facts.flatMap(([key, value]) => [make('dt', { text: t(`home.guides.${key}`) }), make('dd', {}, value, key === 'hours' ? openNow(guide) : null)]))) : null,
      guide.body || guide.materials.length ? null : nothing(t('home.guides.empty')));
  })] };
}
