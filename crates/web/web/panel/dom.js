// Building nodes. Text only ever becomes text nodes, and attributes are set by name, so nothing here can run code.

const SVG = 'http://www.w3.org/2000/svg';

const PATHS = {
  spark: 'M12 3.5c.6 4.9 3.1 7.6 8.5 8.5-5.4.9-7.9 3.6-8.5 8.5-.6-4.9-3.1-7.6-8.5-8.5 5.4-.9 7.9-3.6 8.5-8.5Z',
  chevron: 'm6 9.5 6 6 6-6',
  restart: 'M4.5 12a7.5 7.5 0 1 0 2.3-5.4L4.5 8.8M4.5 4.2v4.6h4.6',
  send: 'M12 19V5.5M6 11l6-6 6 6',
  stop: 'M7.5 7.5h9v9h-9z',
  down: 'M12 5v13.5M6 13l6 6 6-6',
  copy: 'M9 9h10.5v10.5H9zM5.5 15H4.5V4.5H15v1',
  check: 'm5 12.5 4.5 4.5L19 7.5',
  good: 'M7.5 10.5v9H4v-9zM7.5 10.5l3.4-7a2.2 2.2 0 0 1 2.3 2.6l-.6 3.4h5.2a2 2 0 0 1 2 2.4l-1.2 6a2 2 0 0 1-2 1.6H7.5',
  alert: 'M12 7.5v5.5M12 16.5v.01M12 3.5a8.5 8.5 0 1 1 0 17 8.5 8.5 0 0 1 0-17Z',
};

/**
 * An element with attributes (`true` is an empty one, `null` and `false` leave it out), listeners (`onclick`) and children.
 *
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Record<string, string | number | boolean | null | undefined | ((event: any) => void)>} [attributes]
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') element.addEventListener(name.replace(/^on/, ''), value);
    else if (value === true) element.setAttribute(name, '');
    else if (value !== null && value !== undefined && value !== false) element.setAttribute(name, String(value));
  }
  element.append(...children);
  return element;
}

/** @param {keyof typeof PATHS} name */
export function icon(name) {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('aria-hidden', 'true');
  const path = document.createElementNS(SVG, 'path');
  path.setAttribute('d', PATHS[name]);
  svg.append(path);
  return svg;
}

/**
 * A button with a picture and a name.
 *
 * @param {string} className
 * @param {keyof typeof PATHS} picture
 * @param {string} label
 * @param {(event: MouseEvent) => void} act
 */
export function iconButton(className, picture, label, act) {
  const attributes = { type: 'button', class: className, 'aria-label': label, title: label, onclick: act };
  return el('button', attributes, icon(picture));
}
