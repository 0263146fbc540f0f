// Before the first message.

import { AR, EN, JA } from './texts.js';
import { look, talk } from './talk.js';

/** @typedef {import('./visitor.js').Visitor} Visitor */

const open = (/** @type {Visitor} */ visitor) => visitor.do('open');

export const beginnings = {
  title: 'Before the first message',
  about: 'The launcher is all that a page has until somebody wants to chat. The panel is fetched when a pointer comes near.',
  /** @type {import('./scenes.js').Scene[]} */
  scenes: [
    {
      id: 'launcher',
      title: 'Launcher',
      about: 'A round button in a corner, in the colour of the brand, with a sign that can be read on it.',
      setting: 'primaryColor, position',
      shows: '.launcher:not(.unread)',
      look: look(),
    },
    {
      id: 'unread',
      title: 'Unread answer',
      about: 'The visitor closed the panel before the answer was there. A dot says that it is now.',
      shows: '.launcher.unread',
      look: look(),
      history: talk([EN.question, EN.first]),
      saved: { unread: true, open: false },
    },
    {
      id: 'greeting',
      title: 'Greeting',
      about: 'A welcome, and questions that can be asked with one click.',
      setting: 'title, welcomeMessage, starterPrompts',
      shows: '.open .prompts button',
      look: look(),
      act: open,
    },
    {
      id: 'phone',
      title: 'On a telephone',
      about: 'On narrow screens the panel is a sheet over the whole page.',
      shows: '.open .answer .foot',
      frame: 'phone',
      look: look(),
      history: talk([EN.question, EN.answer]),
      act: open,
    },
    {
      id: 'arabic',
      title: 'Right to left',
      about: 'The widget speaks the language of the page, in its direction.',
      setting: 'locale, or the page’s own lang',
      shows: '[dir=rtl].open .answer .foot',
      look: look(AR, { locale: 'ar' }),
      history: talk([AR.question, AR.answer]),
      act: open,
    },
    {
      id: 'japanese',
      title: 'Japanese',
      about: 'Everything that the widget says by itself is there in fourteen languages.',
      setting: 'locale, strings',
      shows: '[lang=ja].open .prompts button',
      look: look(JA, { locale: 'ja' }),
      act: open,
    },
  ],
};
