// Building elements. Text is always set as text: whatever a name holds, it stays a name.

export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === 'text') element.textContent = value;
    else if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, '');
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

// 中文 with its English beside it, small.
export function both(chinese, english) {
  return [document.createTextNode(chinese), make('small', { lang: 'en', text: english })];
}

const numbers = new Intl.NumberFormat('zh-CN');

export function count(value) {
  return value === null || value === undefined ? '—' : numbers.format(value);
}

// Small numbers of people and cases are told only to those in charge of the cell.
export const HIDDEN = ['不公开', 'hidden'];
export const whyHidden = '不足 5 的数及其邻格不公开，负责人登录后可见 Fewer than 5, or beside such a cell: shown to those in charge';

export function isHidden(cell, name) {
  return Boolean(cell.hidden?.includes(name));
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
