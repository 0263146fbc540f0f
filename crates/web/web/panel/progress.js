// Brings one answer to its end: by its stream, and where that breaks, by looking into the history.

import { statusOf } from './api.js';
import { readEvents } from './sse.js';
import { streamProblem } from './problems.js';
import { TEXT } from './strings.js';

/** Pauses between looks at the history, in milliseconds; the last one repeats. Growth begins again at the first. */
const PAUSES = [500, 1000, 2000, 4000, 8000];

/** So many looks in a row without news, about a minute and a half, and the visitor is asked instead. */
const LOOKS_WITHOUT_NEWS = 14;

/** The events of a stream that matter here; whatever else it may carry is passed over. */
const EVENTS = ['start', 'token', 'done', 'error'];

/** @typedef {import('../types').Message} Message */
/** @typedef {import('./answer.js').Action} Action */
/** @typedef {{ question: string, answer: import('./answer.js').Answer, signal: AbortSignal }} Run */

/**
 * @param {object} parts
 * @param {import('./api.js').Api} parts.api
 * @param {import('./store.js').Store} parts.store
 * @param {(questionId: string) => void} parts.onStart  the server has taken the question under this id
 * @param {(question: string) => Action} parts.askAgain
 * @param {(run: Run, work: () => Promise<void>) => Promise<void>} parts.attempt
 */
export function createProgress({ api, store, onStart, askAgain, attempt }) {
  /**
   * Reads the stream into the answer. True means that it came to its end.
   *
   * @param {ReadableStream<Uint8Array>} stream
   * @param {Run} run
   */
  async function listen(stream, { question, answer, signal }) {
    try {
      const events = readEvents(stream);
      for (let next = await events.next(); !next.done; next = await events.next()) {
        const event = next.value;
        if (!EVENTS.includes(event.name)) continue;
        const data = JSON.parse(event.data);
        if (event.name === 'start') {
          onStart(data.userMessageId);
          answer.id = data.messageId;
        } else if (event.name === 'token') {
          answer.append(data.content);
        } else {
          if (event.name === 'done') answer.finish(data.content);
          else answer.fail(streamProblem(data.code), askAgain(question));
          // Read on to the end of the response, unlike a loop that breaks: then its connection can be used again.
          events.next().catch(() => {});
          return true;
        }
      }
    } catch (error) {
      if (!signal.aborted) console.debug('Chatloom lost the stream and looks the answer up.', error);
    }
    return false;
  }

  /**
   * Looks the answer up in the history until it is final.
   *
   * @param {Run} run
   */
  async function follow(run) {
    const { answer, signal } = run;
    let seen = -1;
    for (let look = 0; look < LOOKS_WITHOUT_NEWS; look++) {
      const session = store.session();
      const messages = session && (await api.history(session).catch((error) => fatal(error)));
      if (signal.aborted) return;
      if (!session || messages === null) return answer.fail(TEXT.lost);
      const message = messages && answerTo(messages, run);
      if (message && message.status !== 'streaming') return settle(run, message);
      if (message && message.content.length > seen) {
        seen = message.content.length;
        answer.show(message.content);
        look = 0;
      }
      await pause(PAUSES[Math.min(look, PAUSES.length - 1)]);
      if (signal.aborted) return;
    }
    const act = () => void attempt(run, () => (answer.reset(), follow(run)));
    answer.fail(TEXT.lost, { label: TEXT.again, act });
  }

  /**
   * @param {Message[]} messages
   * @param {Run} run
   */
  function answerTo(messages, { answer, question }) {
    if (answer.id) return messages.find((message) => message.id === answer.id);
    const asked = messages.findLastIndex((message) => message.role === 'user' && message.content === question);
    return asked < 0 ? undefined : messages.slice(asked).find((message) => message.role === 'assistant');
  }

  /**
   * @param {Run} run
   * @param {Message} message
   */
  function settle({ answer, question }, { content, status }) {
    answer.finish(content);
    if (status) answer.fail(status === 'failed' ? TEXT.failed : TEXT.interrupted, askAgain(question));
  }

  return { listen, follow, settle };
}

/**
 * Null where looking again is of no use, undefined where it is.
 *
 * @param {unknown} error
 */
function fatal(error) {
  return [401, 403, 404, 410].includes(statusOf(error)) ? null : undefined;
}

/** @param {number} ms  spread by a fifth, so that visitors of a restarted server do not return in step */
function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms * (0.8 + 0.4 * Math.random())));
}
