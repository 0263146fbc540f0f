// The gallery: each state of the widget in a frame of its own, with a few words on how it comes about.

import { chapters } from './scenes.js';

/** @typedef {import('./scenes.js').Scene} Scene */

/**
 * What the visitor of the gallery has chosen for all frames; empty leaves each as it is.
 *
 * @type {Record<string, string>}
 */
const choice = { theme: '', locale: '' };

/** @type {{ frame: HTMLIFrameElement, alone: HTMLAnchorElement, scene: Scene }[]} */
const shown = [];

const page = /** @type {HTMLElement} */ (document.getElementById('chapters'));
for (const { title, about, scenes } of chapters) {
  const grid = make('div', { className: 'grid' }, ...scenes.map(card));
  page.append(make('section', {}, make('h2', {}, title), make('p', { className: 'about' }, about), grid));
}
for (const select of document.querySelectorAll('select')) {
  select.addEventListener('change', () => {
    choice[select.name] = select.value;
    shown.forEach(point);
  });
}

/** @param {Scene} scene */
function card(scene) {
  const frame = make('iframe', { title: `${scene.title}, shown`, loading: 'lazy' });
  const alone = make('a', { target: '_blank', className: 'alone' }, 'Open alone');
  const entry = { frame, alone, scene };
  shown.push(entry);
  point(entry);
  const words = make('figcaption', {}, make('h3', {}, scene.title), make('p', {}, scene.about));
  if (scene.setting) words.append(make('p', { className: 'setting' }, scene.setting));
  words.append(alone);
  return make('figure', { id: scene.id, className: scene.frame ?? '' }, make('div', { className: 'frame' }, frame), words);
}

/** Has a frame show its scene as it was chosen. @param {(typeof shown)[number]} entry */
function point({ frame, alone, scene }) {
  const query = new URLSearchParams({ state: scene.id });
  for (const [name, value] of Object.entries(choice)) if (value) query.set(name, value);
  const address = '/demo/gallery/frame?' + query;
  // Setting `src` would add to the browser's history.
  if (frame.contentWindow) frame.contentWindow.location.replace(address);
  else frame.src = address;
  alone.href = address;
}

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Partial<HTMLElementTagNameMap[Tag]>} properties
 * @param {...(Node | string)} children
 */
function make(tag, properties, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}
