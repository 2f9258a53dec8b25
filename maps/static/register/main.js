// The register page: four rooms, one card.

import { expected } from '../page/ask.js';
import { bar } from '../page/bar.js';
import * as decide from './decide.js';
import * as find from './find.js';
import { close, prepare, show } from './household.js';
import * as todo from './todo.js';
import * as upload from './upload.js';

const settings = JSON.parse(document.getElementById('settings').textContent);
const ROOMS = { find, todo, decide, upload };
const place = document.getElementById('room');
const tabs = [...document.querySelectorAll('[data-room]')];

function enter(name) {
  const room = ROOMS[name] ? name : 'find';
  for (const tab of tabs) {
    const here = tab.dataset.room === room;
    if (here) tab.setAttribute('aria-current', 'page');
    else tab.removeAttribute('aria-current');
  }
  place.dataset.room = room;
  ROOMS[room].draw(place);
}

function read() {
  const [room, household] = window.location.hash.replace(/^#/, '').split('/');
  enter(room);
  if (/^[0-9]+$/.test(household ?? '')) show(household);
  else close();
}

prepare(settings.may, () => place.dataset.room !== 'find' && enter(place.dataset.room));
window.addEventListener('hashchange', read);
document.addEventListener('keydown', (event) => {
  const typing = event.target.closest('input, textarea, select, dialog');
  if (event.key === '/' && !typing) {
    event.preventDefault();
    if (place.dataset.room !== 'find') window.location.hash = 'find';
    setTimeout(() => document.getElementById('find')?.focus());
  }
});
read();
bar().catch(expected);
