// When something is in the way.

import { EN } from './texts.js';
import { look, talk } from './talk.js';
import { answer, brokenLine, refusal } from './wire.js';

/** @typedef {import('./visitor.js').Visitor} Visitor */

const history = talk([EN.question, EN.first]);

/** The conversation is there first, then the visitor goes on. @param {Visitor} visitor */
async function ask(visitor) {
  visitor.do('open');
  await visitor.see('.answer .foot');
  visitor.do('send', EN.followUp);
}

const problem = '.open .problem';

export const troubles = {
  title: 'When something is in the way',
  about: 'The visitor hears what is the matter and what can be done. No text is lost, and no question is asked twice.',
  /** @type {import('./scenes.js').Scene[]} */
  scenes: [
    {
      id: 'interrupted',
      title: 'Broken off',
      about: 'The model stopped in the middle. What is there stays, and can be written again.',
      shows: '.open .problem button',
      look: look(),
      history,
      replies: [answer('Both are in stock, and delivery takes **three days**. If a runner', 'error')],
      act: ask,
    },
    {
      id: 'offline',
      title: 'Offline',
      about: 'The message waits, and is sent by itself when the visitor is back.',
      shows: '.open .answer .note',
      look: look(),
      history,
      isOffline: true,
      replies: Array(50).fill(brokenLine),
      act: ask,
    },
    {
      id: 'rate',
      title: 'Too fast',
      about: 'The button counts down what the server asked for.',
      setting: 'SESSION_RATE_LIMIT_PER_MINUTE',
      shows: '.open .problem button[disabled]',
      look: look(),
      history,
      replies: [refusal(429, 'rate_limited', 'too many requests, please try again in 24 s', 24)],
      act: ask,
    },
    {
      id: 'quota',
      title: 'Enough for today',
      about: 'A daily budget is used up. Visitors are told no numbers.',
      setting: 'dailyMessages, dailyTokens',
      shows: problem,
      look: look(),
      history,
      replies: [refusal(429, 'quota_reached', 'the widget’s quota of messages is used up for today', 30_000)],
      act: ask,
    },
    {
      id: 'busy',
      title: 'Too many at once',
      about: 'More answers are being written than the server takes.',
      setting: 'MODEL_CONCURRENCY',
      shows: '.open .problem button',
      look: look(),
      history,
      replies: [refusal(503, 'busy', 'too many answers are being written just now', 1)],
      act: ask,
    },
    {
      id: 'gone',
      title: 'Switched off',
      about: 'The owner has switched the widget off while somebody was using it.',
      setting: 'active: false',
      shows: problem,
      look: look(),
      history,
      replies: [refusal(410, 'widget_gone', 'the widget has been deleted or switched off')],
      act: ask,
    },
    {
      id: 'forbidden',
      title: 'Another site',
      about: 'The page’s site was taken off the list while somebody was using it. Where it never was on it, there is no launcher.',
      setting: 'allowedDomains',
      shows: problem,
      look: look(),
      history,
      replies: [refusal(403, 'origin_not_allowed', 'the widget is not allowed on this site')],
      act: ask,
    },
    {
      id: 'anew',
      title: 'A conversation that has ended',
      about: 'The server knows the conversation no longer. The question begins a new one by itself.',
      setting: 'retentionDays, erasures',
      shows: '.open .note ~ .answer .foot',
      look: look(),
      history,
      replies: [refusal(404, 'session_not_found', 'there is no such session'), answer(EN.short)],
      act: ask,
    },
    {
      id: 'loading',
      title: 'A slow line',
      about: 'The conversation is on its way.',
      shows: '.open .skeleton',
      look: look(),
      history: () => new Promise(() => {}),
      act: (visitor) => visitor.do('open'),
    },
  ],
};
