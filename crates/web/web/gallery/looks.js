// What owners can change.

import { EN } from './texts.js';
import { look, talk } from './talk.js';

/** @typedef {import('./visitor.js').Visitor} Visitor */

const open = (/** @type {Visitor} */ visitor) => visitor.do('open');
const history = talk([EN.question, EN.first, EN.followUp, EN.short]);
const shows = '.open .answer .foot';

export const looks = {
  title: 'Looks',
  about: 'One colour is enough: the ones that stand on it and beside it are chosen so that they can be read.',
  /** @type {import('./scenes.js').Scene[]} */
  scenes: [
    {
      id: 'dark',
      title: 'Dark',
      about: 'With the visitor’s system, or always.',
      setting: 'theme: dark',
      shows: '.dark.open .answer .foot',
      look: look(EN, { theme: 'dark' }),
      history: talk([EN.question, EN.answer]),
      act: open,
    },
    {
      id: 'yellow',
      title: 'A light brand',
      about: 'White could not be read on this yellow, so the sign on it is dark, and links are a deeper shade.',
      setting: 'primaryColor: #facc15',
      shows,
      look: look(EN, { primaryColor: '#facc15' }),
      history,
      act: open,
    },
    {
      id: 'bubbles',
      title: 'Bubbles',
      about: 'Answers in a colour of their own stand in bubbles, too.',
      setting: 'agentMessageBackground, userMessageBackground',
      shows: '.bubbles.open .answer .foot',
      look: look(EN, { primaryColor: '#2f5d50', agentMessageBackground: '#eef3f1', userMessageBackground: '#2f5d50' }),
      history,
      act: open,
    },
    {
      id: 'square',
      title: 'Square, on the left',
      about: 'Radius, font, sizes and distances are custom properties.',
      setting: 'customCss, position: bottom-left',
      shows,
      look: look(EN, {
        primaryColor: '#111827',
        position: 'bottom-left',
        customCss: '--chatloom-radius: 3px; --chatloom-font: Georgia, serif; --chatloom-width: 380px',
      }),
      history,
      act: open,
    },
    {
      id: 'hosted',
      title: 'A page of its own',
      about: 'The same chat without a site around it: for a link, a QR code, or a frame.',
      setting: 'hostedPage, at /chat/:token',
      shows: '.inline .answer .foot',
      frame: 'page',
      look: look(),
      history: talk([EN.question, EN.answer]),
    },
  ],
};
