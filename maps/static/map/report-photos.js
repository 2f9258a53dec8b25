// Photographs of a report: made small here, so little is sent and nothing that the camera wrote
// into them leaves the machine; shown before they go; sent one by one.

import { Lost, Refused } from './ask.js';
import { both, icon, make } from './build.js';

const MOST = 3;
const MOST_PX = 2048;
const THUMBNAIL_PX = 320;
const QUALITY = 0.86;

async function smaller(file) {
  const whole = await createImageBitmap(file, { imageOrientation: 'from-image' });
  const canvas = drawn(whole, MOST_PX);
  const thumbnail = drawn(whole, THUMBNAIL_PX).toDataURL('image/jpeg', QUALITY);
  whole.close();
  const blob = await new Promise((done) => { canvas.toBlob(done, 'image/jpeg', QUALITY); });
  if (!blob) throw new Error('the picture cannot be written');
  return { image: make('img', { src: thumbnail }), blob };
}

function drawn(whole, most) {
  const scale = Math.min(1, most / Math.max(whole.width, whole.height));
  const canvas = make('canvas');
  canvas.width = Math.max(1, Math.round(whole.width * scale));
  canvas.height = Math.max(1, Math.round(whole.height * scale));
  const brush = canvas.getContext('2d');
  brush.imageSmoothingQuality = 'high';
  brush.fillStyle = '#fff'; // a JPEG has no glass
  brush.fillRect(0, 0, canvas.width, canvas.height);
  brush.drawImage(whole, 0, 0, canvas.width, canvas.height);
  return canvas;
}

// `fault(chinese, english)` says at the field what cannot be taken; without words it is quiet.
export function photosField(fault, changed) {
  const input = make('input', { id: 'report-photos', class: 'unseen', type: 'file', accept: 'image/*', multiple: true, 'aria-describedby': 'fault-photos' });
  const add = make('label', { class: 'add', for: 'report-photos' }, icon('M10 4v12', 'M4 10h12'), make('span', { text: '加照片' }), make('small', { lang: 'en', text: 'Add' }));
  const list = make('ul', { class: 'shots' }, make('li', {}, input, add));
  let taken = [];

  function draw() {
    const shown = taken.map((one, index) => {
      one.image.alt = `照片 ${index + 1} Photograph ${index + 1}`;
      return make('li', {}, one.image, make('button', { type: 'button', class: 'drop', 'aria-label': `去掉照片 ${index + 1} Remove`, onclick: () => drop(one) },
        make('span', {}, icon('m5 5 10 10', 'm15 5-10 10'))));
    });
    list.replaceChildren(...shown, list.lastElementChild);
    list.lastElementChild.hidden = taken.length >= MOST;
    changed();
  }

  function drop(one) {
    taken = taken.filter((other) => other !== one);
    draw();
    fault();
    input.focus();
  }

  input.addEventListener('change', async () => {
    const files = [...input.files];
    input.value = '';
    fault();
    const bad = [];
    for (const file of files.slice(0, MOST - taken.length)) {
      try {
        taken = [...taken, await smaller(file)].slice(0, MOST);
      } catch {
        bad.push(file.name);
      }
    }
    draw();
    if (bad.length) fault(`打不开 ${bad.join('、')}。请换 JPEG、PNG 或 WebP；iPhone 可在设置里把相机格式改为“兼容性最佳”。`, 'Not a picture this browser can open.');
    else if (files.length > MOST || taken.length < files.length) fault(`最多 ${MOST} 张，多出的没有加。`, `At most ${MOST}.`);
  });
  return {
    element: list,
    input,
    all: () => taken,
    empty() {
      taken = [];
      draw();
    },
  };
}

// One photograph to a case of one's own; `progress` hears the share that is on its way, 0 … 1.
export function sendPhoto(code, requestId, blob, progress) {
  const form = new FormData();
  form.append('file', blob, 'photo.jpg');
  form.append('request_id', requestId);
  return new Promise((done, fail) => {
    const ask = new XMLHttpRequest(); // fetch does not tell how far it got
    ask.open('POST', `/cases/${encodeURIComponent(code)}/photos`);
    ask.timeout = 120_000;
    ask.upload.addEventListener('progress', ({ loaded, total }) => progress(total ? loaded / total : 0));
    for (const end of ['error', 'timeout', 'abort']) ask.addEventListener(end, () => fail(new Lost(end)));
    ask.addEventListener('load', () => (ask.status < 300 ? done() : fail(new Refused(ask.status, ask.statusText))));
    ask.send(form);
  });
}
