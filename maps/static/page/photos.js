// Photographs: made small here, so little is sent and nothing that the camera wrote into them
// leaves the machine; sent one by one.

import { Lost, Refused } from './ask.js';
import { make } from './build.js';

const MOST_PX = 2048;
const THUMBNAIL_PX = 320;
const QUALITY = 0.86;

// `{ image, blob }`: what is shown before it goes, and what goes.
export async function smaller(file) {
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
    ask.addEventListener('load', () => (ask.status < 300 ? done() : fail(new Refused(ask.status, { detail: ask.statusText }))));
    ask.send(form);
  });
}
