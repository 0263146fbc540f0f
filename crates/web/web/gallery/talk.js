// Conversations that scenes begin with, and the looks that most of them share.

import { EN } from './texts.js';
import { json } from './wire.js';

/**
 * @param {{ title: string, welcome: string, prompts: string[] }} texts
 * @param {import('../types').Customization} [more]
 * @returns {import('../types').Customization}
 */
export function look(texts = EN, more = {}) {
  return { title: texts.title, welcomeMessage: texts.welcome, starterPrompts: texts.prompts, primaryColor: '#4f46e5', ...more };
}

/**
 * The history of a conversation: questions and answers in turn.
 *
 * @param {string[]} texts
 * @param {object} [last]  what else is to be said of the last message
 */
export function talk(texts, last = {}) {
  return (/** @type {{ turn: string }} */ { turn }) => {
    // Some minutes ago, and in an order that can be told.
    const begin = Date.now() - 4 * 60_000;
    const messages = texts.map((content, index) => ({
      id: turn.replace(/.$/, 'cdef'[index]),
      role: index % 2 ? 'assistant' : 'user',
      content,
      createdAt: new Date(begin + index * 20_000).toISOString(),
      ...(index === texts.length - 1 && last),
    }));
    return json({ messages });
  };
}
