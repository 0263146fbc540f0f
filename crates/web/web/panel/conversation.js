// The conversation's state: which session, which answer is being written, and what to do when something breaks.
// The server finishes an answer whether or not anyone listens, so whatever breaks here is looked up in the history.

import { statusOf } from './api.js';
import { createProgress } from './progress.js';
import { problemOf } from './problems.js';
import { TEXT } from './strings.js';

/** @typedef {import('../types').Message} Message */
/** @typedef {import('./progress.js').Run} Run */

/**
 * @param {object} parts
 * @param {import('./api.js').Api} parts.api
 * @param {import('./store.js').Store} parts.store
 * @param {import('./thread.js').Thread} parts.thread
 * @param {import('./composer.js').Composer} parts.composer
 * @param {(typing: boolean) => void} parts.onTyping
 */
export function createConversation({ api, store, thread, composer, onTyping }) {
  let abort = new AbortController();
  let busy = false;
  /** The last question known to be on the server; a later one with our text is ours. */
  let knownQuestion = '';
  const { listen, follow, settle } = createProgress({
    api,
    store,
    onStart: (questionId) => {
      knownQuestion = questionId;
    },
    askAgain,
    attempt,
  });

  /**
   * @param {boolean} now
   * @param {boolean} [typing]  whether the wait is for the assistant and not for the history
   */
  function setBusy(now, typing = now) {
    busy = now;
    composer.setBusy(now);
    thread.setBusy(now);
    onTyping(typing);
  }

  /** Shows the saved conversation, if there is one, and goes on with an answer that is still being written. */
  async function restore() {
    const session = store.session();
    setBusy(session !== undefined, false);
    if (!session) return thread.greet();
    const { signal } = abort;
    thread.clear();
    try {
      const messages = await api.history(session);
      if (signal.aborted) return;
      if (!messages.length) thread.greet();
      const run = showAll(messages, signal);
      if (run) {
        setBusy(true);
        await follow(run);
      }
    } catch (error) {
      if (signal.aborted) return;
      if (statusOf(error) === 404) forget();
      thread.greet();
      if (statusOf(error) !== 404) thread.addAnswer().fail(TEXT.unloaded, { label: TEXT.again, act: restore });
    } finally {
      if (!signal.aborted) setBusy(false);
    }
  }

  /**
   * @param {Message[]} messages
   * @param {AbortSignal} signal
   * @returns {Run | undefined}  the answer that is still to come
   */
  function showAll(messages, signal) {
    let question = '';
    for (const message of messages) {
      if (message.role === 'user') {
        question = message.content;
        knownQuestion = message.id;
        thread.addQuestion(question);
        continue;
      }
      const answer = thread.addAnswer();
      answer.id = message.id;
      if (message.status === 'streaming') {
        answer.show(message.content);
        return { question, answer, signal };
      }
      answer.quiet();
      settle({ question, answer, signal }, message);
    }
    const last = messages[messages.length - 1];
    return last?.role === 'user' ? { question, answer: thread.addAnswer(), signal } : undefined;
  }

  /**
   * Sends a question. False means that nothing was done and the text should stay where it is.
   *
   * @param {string} question
   */
  function ask(question) {
    if (busy) return false;
    if (!navigator.onLine) {
      composer.hint(TEXT.offline);
      return false;
    }
    const row = thread.addQuestion(question);
    const run = { question, answer: thread.addAnswer(), signal: abort.signal };
    void attempt(run, () => send(run, row));
    return true;
  }

  /**
   * @param {Run} run
   * @param {() => Promise<void>} work
   */
  async function attempt(run, work) {
    setBusy(true);
    try {
      await work();
    } finally {
      if (!run.signal.aborted) setBusy(false);
    }
  }

  /**
   * @param {Run} run
   * @param {Element} row  the question's row, taken back if the server is still at the one before
   * @returns {Promise<void>}
   */
  async function send(run, row) {
    const { answer, signal } = run;
    let stream;
    try {
      stream = await api.send(await startSession(), run.question, signal);
    } catch (error) {
      if (signal.aborted) return;
      const status = statusOf(error);
      if (status === 404) return sendAnew(run, row);
      if (status === 409) return waitForOther(run, row);
      const retry = () => void attempt(run, () => resend(run, row, status === 0));
      return answer.fail(...problemOf(error, retry));
    }
    if (await listen(stream, run)) return;
    if (!signal.aborted) await follow(run);
  }

  /**
   * A send that broke may have arrived: then the history has it, and sending it again would ask twice.
   *
   * @param {Run} run
   * @param {Element} row
   * @param {boolean} uncertain
   */
  async function resend(run, row, uncertain) {
    run.answer.reset();
    const session = store.session();
    if (uncertain && session) {
      const messages = await api.history(session).catch(() => undefined);
      if (run.signal.aborted) return;
      const last = messages?.findLast((message) => message.role === 'user');
      if (last && last.id !== knownQuestion && last.content === run.question) return follow(run);
    }
    return send(run, row);
  }

  /**
   * The session is gone: the question begins a new one, once.
   *
   * @param {Run} run
   * @param {Element} row
   * @returns {Promise<void>}
   */
  async function sendAnew(run, row) {
    const hadSession = store.session() !== undefined;
    forget();
    if (!hadSession) return run.answer.fail(TEXT.gone);
    thread.clear();
    thread.addNote(TEXT.anew);
    const again = thread.addQuestion(run.question);
    run.answer = thread.addAnswer();
    row.remove();
    return send(run, again);
  }

  /**
   * Another tab's question, or the one before a reload, is still being answered: show that, keep the text.
   *
   * @param {Run} run
   * @param {Element} row
   */
  async function waitForOther(run, row) {
    row.remove();
    run.answer.element.remove();
    if (composer.isEmpty()) composer.write(run.question);
    await restore();
    composer.hint(TEXT.running);
  }

  /**
   * The question is on the server already, so asking again is a new question and looks like one.
   *
   * @param {string} question
   */
  function askAgain(question) {
    return { label: TEXT.askAgain, act: () => void ask(question) };
  }

  /** Two tabs that write their first message at once make one session. */
  async function startSession() {
    const create = async () => {
      const known = store.session();
      if (known) return known;
      const session = await api.createSession(store.visitorId());
      store.save({ sessionId: session.sessionId, sessionSecret: session.sessionSecret });
      return session;
    };
    return navigator.locks ? navigator.locks.request('chatloom-session', create) : create();
  }

  function forget() {
    store.save({ sessionId: undefined, sessionSecret: undefined });
  }

  /** Leaves the conversation for a new one; the server keeps what was said. */
  function restart() {
    abort.abort();
    abort = new AbortController();
    forget();
    knownQuestion = '';
    setBusy(false);
    thread.greet();
  }

  return { restore, ask, restart };
}
