// While an answer is written, and after it.

import { EN } from './texts.js';
import { look, talk } from './talk.js';
import { answer } from './wire.js';

const HALF = EN.answer.slice(0, EN.answer.indexOf('\n\n| Runner'));

export const answers = {
  title: 'Answers',
  about: 'Answers have the whole width, so that lists, tables and code have room. Only the visitor’s words get a bubble.',
  /** @type {import('./scenes.js').Scene[]} */
  scenes: [
    {
      id: 'waiting',
      title: 'Thinking',
      about: 'The message is sent, and the model has not begun yet.',
      shows: '.open .dots:not([hidden])',
      look: look(),
      replies: [answer('', 'silence')],
      act: (visitor) => visitor.do('send', EN.question),
    },
    {
      id: 'streaming',
      title: 'Streaming',
      about: 'The answer grows as it is written, without a mark of Markdown flashing by. The send button has become one to stop.',
      shows: '.open .answer li + li',
      look: look(),
      replies: [answer(HALF, 'pause')],
      act: (visitor) => visitor.do('send', EN.question),
    },
    {
      id: 'answer',
      title: 'A full answer',
      about: 'A list, a table whose numbers stand below each other, code that can be copied.',
      shows: '.open .answer .foot',
      look: look(),
      history: talk([EN.question, EN.answer]),
      act: (visitor) => visitor.do('open'),
    },
    {
      id: 'thumbs',
      title: 'A good answer',
      about: 'Two thumbs below each answer. The visitor can take them back, and the owner reads them.',
      shows: '.open .foot [aria-pressed=true]:not(.down)',
      look: look(),
      history: talk([EN.question, EN.first, EN.followUp, EN.short]),
      async act(visitor) {
        visitor.do('open');
        await visitor.click('.answer:last-child .foot button');
        await visitor.see('.foot span:not(:empty)');
      },
    },
    {
      id: 'reason',
      title: 'A bad answer',
      about: 'A thumb down asks for a reason, which nobody has to give.',
      shows: '.open .foot .reason',
      look: look(),
      history: talk([EN.question, EN.first, EN.followUp, EN.short]),
      async act(visitor) {
        visitor.do('open');
        await visitor.click('.answer:last-child .foot .down');
      },
    },
    {
      id: 'stopped',
      title: 'Stopped',
      about: 'What was written before the visitor stopped it stays.',
      shows: '.open .answer .note',
      look: look(),
      replies: [answer(HALF, 'pause')],
      async act(visitor) {
        visitor.do('send', EN.question);
        await visitor.see('.answer li + li');
        await visitor.click('.send.stop');
      },
    },
    {
      id: 'resumed',
      title: 'Still writing',
      about: 'The page was loaded again while an answer was written. It goes on where it was.',
      shows: '.open .answer li + li',
      look: look(),
      history: talk([EN.question, HALF.slice(0, 120)], { status: 'streaming', turnId: '0192f3a0-5c1e-7a00-8000-700000000010' }),
      resumed: answer(HALF, 'pause'),
      act: (visitor) => visitor.do('open'),
    },
  ],
};
