// What the page says when there is nothing to show, or nobody to ask.

import { both, icon, make } from './build.js';

const notice = document.getElementById('notice');
const said = document.getElementById('said');

export function quiet() {
  notice.hidden = true;
}

// The first picture is there, or it is said why not.
export function loaded() {
  document.getElementById('loading').hidden = true;
}

// With a map on the screen one line above it is enough; it can still be read and moved.
export function lost(retry, mapIsThere) {
  loaded();
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
  loaded();
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

// A passing sentence; it goes by itself or by its button.
export function say(chinese, english) {
  said.replaceChildren(make('span', {}, ...both(chinese, english)),
    make('button', { type: 'button', class: 'close', 'aria-label': '知道了 Dismiss', onclick: unsay }, icon('m5 5 10 10', 'm15 5-10 10')));
  said.hidden = false;
  clearTimeout(hiding);
  hiding = setTimeout(unsay, 8000);
}

export function unsay() {
  said.hidden = true;
}
