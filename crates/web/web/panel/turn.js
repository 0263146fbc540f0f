// Reads the stream of one answer: every event once, whichever connection brought it.

import { readEvents } from './sse.js';
import { streamProblem } from './problems.js';

/** @typedef {import('./answer.js').Answer} Answer */

/**
 * One answer on its way.
 *
 * @typedef {object} Run
 * @property {import('../types').Question} [question]  absent once the server has confirmed it
 * @property {Element} [row]  where the question stands, as long as it is not confirmed
 * @property {Answer} [answer]
 * @property {boolean} [isResumed]  whether it was begun before the page was there
 * @property {(signal: AbortSignal) => Promise<ReadableStream<Uint8Array> | null>} [begin]  how it begins, where it is
 *   not running yet
 * @property {string} [turnId]  once it runs
 * @property {string} [position]  id of the last event
 */

/**
 * @typedef {object} Listener
 * @property {() => void} alive  called for every sign of life
 * @property {() => void} progress  called for every new event
 * @property {(run: Run, data: { turnId: string, userMessageId: string, messageId: string }) => void} started  gives the
 *   run its answer, if it has none
 * @property {(run: Run, data: { messageId: string, content: string, createdAt: string }) => void} finished
 * @property {(code: string) => void} failed
 * @property {(answer: Answer, turnId: string) => import('./answer.js').Action} again
 */

/**
 * Reads until the answer ends. Throws where the stream ends before that.
 *
 * @param {Run} run
 * @param {ReadableStream<Uint8Array>} stream
 * @param {Listener} listener
 */
export async function listen(run, stream, listener) {
  const events = readEvents(stream, listener.alive);
  for (let next = await events.next(); !next.done; next = await events.next()) {
    const { name, data, id } = next.value;
    if (orderOf(id) <= orderOf(run.position)) continue;
    run.position = id;
    listener.progress();
    if (take(run, name, data, listener)) {
      // Read on to the end of the response, unlike a loop that breaks: then its connection can be used again.
      events.next().catch(() => {});
      return;
    }
  }
  throw new Error('the stream ended before the answer');
}

/**
 * True for the event that ends an answer. Whatever else a stream may carry is passed over.
 *
 * @param {Run} run
 * @param {string} name
 * @param {string} json
 * @param {Listener} listener
 */
function take(run, name, json, { started, finished, failed, again }) {
  const data = JSON.parse(json);
  if (name === 'start') started(run, data);
  const { answer } = run;
  if (!answer) return false;
  if (name === 'start') answer.begin();
  if (name === 'token') answer.append(data.content);
  if (name === 'done') {
    answer.stopped = data.finishReason === 'stopped';
    answer.finish(data.content);
    finished(run, data);
  }
  if (name === 'error') {
    answer.fail(streamProblem(data.code), data.retryable ? again(answer, run.turnId ?? '') : undefined);
    failed(data.code);
  }
  return name === 'done' || name === 'error';
}

/**
 * Where an event stands in its turn: `<turnId>:<generation>:<number>`, the number below 2^32.
 *
 * @param {string} [id]
 */
function orderOf(id = '::') {
  const [, generation, number] = id.split(':');
  return Number(generation) * 2 ** 32 + Number(number);
}
