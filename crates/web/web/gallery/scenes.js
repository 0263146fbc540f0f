// The states of the widget that the gallery shows, in the order in which a visitor could meet them.

import { beginnings } from './beginnings.js';
import { answers } from './answers.js';
import { looks } from './looks.js';
import { troubles } from './troubles.js';

/**
 * One state of the widget.
 *
 * @typedef {object} Scene
 * @property {string} id  names it in addresses
 * @property {string} title
 * @property {string} about  what is to be seen
 * @property {string} [setting]  what an owner sets to get it
 * @property {string} shows  matches something in the widget once the state is reached
 * @property {'phone' | 'page'} [frame]  a telephone, or a page that the chat fills; else a part of a desktop page
 * @property {import('../types').Customization} [look]
 * @property {(exchange: { turn: string }) => Response | Promise<Response>} [history]
 * @property {import('./wire.js').Reply} [resumed]  the rest of an answer that was begun before the page was loaded
 * @property {object} [saved]  what the browser remembers
 * @property {import('./wire.js').Reply[]} [replies]  to the visitor's messages, one after the other
 * @property {boolean} [isOffline]
 * @property {(visitor: import('./visitor.js').Visitor) => unknown} [act]  what the visitor does
 */

/** @type {{ title: string, about: string, scenes: Scene[] }[]} */
export const chapters = [beginnings, answers, looks, troubles];

export const scenes = chapters.flatMap((chapter) => chapter.scenes);
