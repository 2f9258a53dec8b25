// What the page says when there is nothing to show, or nobody to ask.

import { both, make } from './build.js';

const notice = document.getElementById('notice');
const said = document.getElementById('said');

export function quiet() {
  notice.hidden = true;
}

// With a map on the screen one line above it is enough; it can still be read and moved.
export function lost(retry, mapIsThere) {
  notice.classList.add('warning');
  notice.classList.toggle('slim', mapIsThere);
  notice.replaceChildren(
    make('h2', {}, ...both('连接不上服务器', 'The server does not answer')),
    make('p', { text: '地图上的内容可能不是最新的。恢复后会自动继续，不需要刷新页面。' }),
    make('p', { class: 'english', lang: 'en', text: 'What you see may be out of date. It goes on by itself once the server is back.' }),
    make('button', { class: 'main', type: 'button', onclick: retry }, ...both('现在重试', 'Try again now')),
  );
  notice.hidden = false;
}

export function nothingYet() {
  notice.classList.remove('warning', 'slim');
  notice.replaceChildren(
    make('h2', {}, ...both('还没有网格', 'No cells yet')),
    make('p', { text: '导入一份网格数据，或者先装一座示范小城看看：' }),
    make('pre', {}, make('code', { text: 'wangge import cells 网格.geojson --datum wgs84\nwangge demo' })),
    make('p', { class: 'english', lang: 'en', text: 'Import your cells, or load the invented demo town first. Then reload this page.' }),
    make('button', { class: 'main', type: 'button', onclick: () => window.location.reload() }, ...both('重新载入', 'Reload')),
  );
  notice.hidden = false;
}

let hiding;

// A passing sentence at the foot of the map.
export function say(chinese, english) {
  said.replaceChildren(...both(chinese, english));
  said.hidden = false;
  clearTimeout(hiding);
  hiding = setTimeout(() => { said.hidden = true; }, 8000);
}
