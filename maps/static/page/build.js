// Building elements. Text is always set as text: whatever a name holds, it stays a name.

export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === 'text') element.textContent = value;
    else if (name === 'css') Object.assign(element.style, value);
    else if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, '');
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

// An icon of 20 × 20 drawn with lines.
export function icon(...paths) {
  const space = 'http://www.w3.org/2000/svg';
  const svg = document.createElementNS(space, 'svg');
  svg.setAttribute('viewBox', '0 0 20 20');
  svg.setAttribute('class', 'icon');
  svg.setAttribute('aria-hidden', 'true');
  for (const path of paths) {
    const line = document.createElementNS(space, 'path');
    line.setAttribute('d', path);
    svg.append(line);
  }
  return svg;
}

// The icons of our pages, by name.
export const ICONS = {
  close: ['m5 5 10 10', 'm15 5-10 10'],
  plus: ['M10 4v12', 'M4 10h12'],
  search: ['M8.5 3a5.5 5.5 0 1 1 0 11 5.5 5.5 0 0 1 0-11', 'm12.8 12.8 4.7 4.7'],
  phone: ['M5 3h3l1.5 4-2 1.5a10 10 0 0 0 4 4l1.5-2 4 1.5v3a1.5 1.5 0 0 1-1.6 1.5A13.5 13.5 0 0 1 3.5 4.6 1.5 1.5 0 0 1 5 3'],
  way: ['m17 3-6 14-2.5-5.5L3 9z'],
  camera: ['M3 6h3.5L8 4h4l1.5 2H17v10H3z', 'M10 8.2a2.8 2.8 0 1 1 0 5.6 2.8 2.8 0 0 1 0-5.6'],
  check: ['m4.5 10.5 4 4 7-8.5'],
  back: ['M12.5 4 6 10l6.5 6'],
  next: ['m7.5 4 6.5 6-6.5 6'],
  whistle: ['M3 7h9l5-2v4l-3.2 1.2A4.8 4.8 0 1 1 3.6 9z', 'M8.5 9.8a1.7 1.7 0 1 1 0 3.4 1.7 1.7 0 0 1 0-3.4'],
  clock: ['M10 2.5a7.5 7.5 0 1 1 0 15 7.5 7.5 0 0 1 0-15', 'M10 6v4.3l3 1.7'],
  pin: ['M10 2.5a5.5 5.5 0 0 1 5.5 5.5c0 3.9-5.5 9.5-5.5 9.5S4.5 11.9 4.5 8A5.5 5.5 0 0 1 10 2.5', 'M10 6.2a1.9 1.9 0 1 1 0 3.8 1.9 1.9 0 0 1 0-3.8'],
  home: ['m3 9.5 7-6 7 6', 'M5 8.5V17h10V8.5'],
  people: ['M7 4a2.7 2.7 0 1 1 0 5.4A2.7 2.7 0 0 1 7 4', 'M2.5 16c0-3 2-4.6 4.5-4.6s4.5 1.6 4.5 4.6', 'M13 4.4a2.4 2.4 0 0 1 0 4.6', 'M14.2 11.7c2 .4 3.3 1.9 3.3 4.3'],
  list: ['M7 5h10', 'M7 10h10', 'M7 15h10', 'M3.2 5h.01', 'M3.2 10h.01', 'M3.2 15h.01'],
  map: ['m2.5 5 5-2 5 2 5-2v12l-5 2-5-2-5 2z', 'M7.5 3v12', 'M12.5 5v12'],
  offline: ['M2.5 7.5a11 11 0 0 1 15 0', 'M5.5 11a7 7 0 0 1 9 0', 'M10 15.5h.01', 'm3.5 17 13-14'],
  send: ['M3 10 17 4l-4.5 13-3-5.5z'],
  undo: ['M4 8h8a4 4 0 0 1 0 8H8', 'M7 4.5 3.5 8 7 11.5'],
  edit: ['m4 16 1-4 8.5-8.5 3 3L8 15z'],
  more: ['M4 10h.01', 'M10 10h.01', 'M16 10h.01'],
  bell: ['M5 14V9a5 5 0 0 1 10 0v5l1.5 1.5h-13z', 'M8.5 17.5h3'],
  layers: ['m10 3 7.5 4-7.5 4-7.5-4z', 'm3 11 7 3.8 7-3.8'],
  sun: ['M10 6.5a3.5 3.5 0 1 1 0 7 3.5 3.5 0 0 1 0-7', 'M10 2v1.5', 'M10 16.5V18', 'M2 10h1.5', 'M16.5 10H18'],
};
export const sign = (name) => icon(...ICONS[name]);
