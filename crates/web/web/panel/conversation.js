// The conversation's state: which session is shown, which answer is on its way, and what to do when something breaks.
// The server finishes an answer whether or not anyone listens, and takes a question once however often it arrives; so
// whatever breaks is simply done again.

import { ApiError } from './api.js';
import { createLine } from './line.js';
import { createTranscript } from './transcript.js';
import { listen } from './turn.js';
import { problemOf } from './problems.js';
import { randomId } from './store.js';
import { TEXT } from './strings.js';

/** @typedef {import('./answer.js').Answer} Answer */
/** @typedef {import('./turn.js').Run} Run */

/**
 * @param {object} parts
 * @param {import('./api.js').Api} parts.api
 * @param {import('./store.js').Store} parts.store
 * @param {import('./thread.js').Thread} parts.thread
 * @param {import('./composer.js').Composer} parts.composer
 * @param {object} parts.on
 * @param {(state: 'idle' | 'typing' | 'resumed') => void} parts.on.change  who is at work
 * @param {(name: 'message' | 'error', detail: object) => void} parts.on.event
 * @param {AbortSignal} parts.end  when the conversation is left for good
 */
export function createConversation({ api, store, thread, composer, on, end }) {
  const line = createLine(end);
  const transcript = createTranscript(thread, again, api);
  /** The session and the newest turn that the thread shows; where the store has others, another tab was at work. */
  let session = store.read().sessionId;
  let turn = store.read().turn;
  /** @type {Run | undefined} */
  let current;
  let busy = false;
  /** A question of the page's that waits until the history is there. */
  let early = '';
  /** Whether the session has been given up since the last answer; a second time in a row would be a circle. */
  let renewed = false;

  /**
   * @param {import('./composer.js').State} state
   * @param {boolean} [typing]  whether the wait is for the assistant and not for the history
   */
  function setState(state, typing = state !== 'ready') {
    busy = state !== 'ready';
    composer.setState(state);
    thread.setBusy(busy);
    on.change(!typing ? 'idle' : current?.isResumed ? 'resumed' : 'typing');
  }

  /** Leaves what is going on. A question that is not confirmed goes off the thread; it waits in the store. */
  function leave() {
    line.hangUp();
    if (current?.question) transcript.takeBack(current);
    current = undefined;
  }

  /**
   * Brings the thread up to the server's state and goes on with what was going on: a question that waits to be sent, or
   * an answer that is being written. For when the page begins or returns, and when another tab was at work.
   *
   * @param {string} [note]  what happened, should the question begin a new conversation
   */
  async function sync(note = '') {
    leave();
    const saved = store.read();
    if (saved.sessionId !== session) transcript.clear();
    session = saved.sessionId;
    turn = saved.turn;
    const isUnknown = session === undefined && api.isProven();
    const open = session || isUnknown ? await load() : undefined;
    const asked = early;
    early = '';
    if (open === null) return composer.giveBack(asked);
    setState('ready');
    const { question } = store.own.read();
    if (question) {
      if (note) thread.addNote(note);
      // The history may have the question already; then it must not stand there twice.
      deliver(question, !session);
    } else if (open) {
      void drive({ ...open, isResumed: true });
    } else if (transcript.isEmpty()) {
      thread.greet();
    }
    if (asked && !ask(asked)) composer.giveBack(asked, TEXT.running);
  }

  /**
   * The history of the session, or of the one that the visitor has on another device.
   *
   * @param {AbortSignal} signal
   */
  async function history(signal) {
    if (session === undefined) {
      session = await api.newest(signal);
      if (session) store.save({ sessionId: session });
    }
    return session ? api.history(signal) : [];
  }

  /** Shows the history. Gives the answer that is being written, if there is one, and null where the server refused. */
  async function load() {
    setState('waiting', false);
    thread.awaitHistory();
    /** @type {Answer | undefined} */
    let place;
    try {
      const messages = await line.keep(history, (long, act) => {
        place ??= thread.addAnswer();
        tell(place, TEXT.reconnecting, long, act);
      });
      place?.element.remove();
      return transcript.show(messages);
    } catch (error) {
      place?.element.remove();
      setState('ready');
      void refused(error);
      return null;
    }
  }

  /**
   * Sends a question. False means that nothing was done and the text should stay where it is.
   *
   * @param {string} text
   */
  function ask(text) {
    if (busy) {
      if (current || early) return false;
      early = text;
      return true;
    }
    const question = { key: randomId(), text };
    store.own.save({ question });
    deliver(question, true);
    return true;
  }

  /**
   * @param {import('../types').Question} question
   * @param {boolean} atOnce  whether it is shown before anything is known about it
   */
  function deliver(question, atOnce) {
    /** @type {Run} */
    const run = { question, begin: (signal) => startSession(signal).then(() => api.send(question, signal)) };
    if (atOnce) transcript.place(run);
    void drive(run);
  }

  /**
   * Brings an answer to its end, through as many connections as it takes.
   *
   * @param {Run} run
   */
  async function drive(run) {
    current = run;
    setState(run.turnId ? 'stoppable' : 'waiting');
    try {
      await line.keep(
        (signal, alive) => follow(run, signal, alive),
        (long, act) => {
          const text = run.question && !navigator.onLine ? TEXT.offline : TEXT.reconnecting;
          tell(transcript.place(run), text, long, act);
        },
      );
      setState('ready');
    } catch (error) {
      setState('ready');
      void refused(error, run);
    }
  }

  /**
   * @param {Run} run
   * @param {AbortSignal} signal
   * @param {() => void} alive
   */
  async function follow(run, signal, alive) {
    const { turnId, position = '', begin } = run;
    const stream = turnId ? await api.resume(turnId, position, signal) : await begin?.(signal);
    const progress = () => {
      line.progress();
      run.answer?.note('');
      on.change(run.isResumed ? 'resumed' : 'typing');
    };
    /** @param {string} code */
    const failed = (code) => on.event('error', { code });
    // Whether the model has something to say or not, the line is there again.
    if (stream) run.answer?.note('');
    if (stream) return listen(run, stream, { alive, progress, started, finished, failed, again });
    if (transcript.show(await api.history(signal))) throw new Error('the history has the answer unfinished');
  }

  /**
   * The server has taken the question, or begins the answer anew.
   *
   * @param {Run} run
   * @param {{ turnId: string, userMessageId: string, messageId: string }} ids
   */
  function started(run, ids) {
    transcript.confirm(run, ids);
    if (run.question) on.event('message', { role: 'user', content: run.question.text });
    run.turnId = ids.turnId;
    run.question = undefined;
    store.own.save({ question: undefined });
    turn = run.position?.replace(/:\d+$/, '');
    store.save({ turn });
    renewed = false;
    setState('stoppable');
  }

  /**
   * @param {Run} run
   * @param {{ messageId: string, content: string, createdAt: string }} message
   */
  function finished({ answer }, { messageId, content, createdAt }) {
    if (answer) transcript.rateable(answer, { id: messageId, content, createdAt });
    on.event('message', { role: 'assistant', content });
  }

  /**
   * @param {Answer} answer
   * @param {string} text
   * @param {boolean} long
   * @param {() => void} act
   */
  function tell(answer, text, long, act) {
    if (long && navigator.onLine) answer.fail(TEXT.lost, { label: TEXT.again, act });
    else answer.note(text);
    on.change('idle');
  }

  /**
   * @param {unknown} error
   * @param {Run} [run]  what was refused; the history if absent
   */
  function refused(error, run) {
    const { status, code } = error instanceof ApiError ? error : { status: 0, code: '' };
    const isGone = code === 'turn_not_found';
    on.event('error', { code, status });
    if (status === 404 && !isGone && !renewed) {
      renewed = true;
      forget();
      return sync(TEXT.anew);
    }
    const question = run?.question;
    // What there was no room for may be tried again, after a reload too.
    if (question && status !== 429 && status < 500) store.own.save({ question: undefined });
    if (run && (status === 409 || isGone)) {
      // Another tab was faster, or an answer is being written already. The history knows.
      if (question) composer.giveBack(question.text, TEXT.running);
      return sync();
    }
    const answer = run ? transcript.place(run) : thread.addAnswer();
    answer.fail(...problemOf(error, () => (run ? rerun(run, answer) : sync())));
  }

  /**
   * @param {Run} run
   * @param {Answer} answer
   */
  function rerun(run, answer) {
    if (busy) return;
    // The button goes, and the focus must not go with it.
    thread.focus();
    answer.reset();
    void drive(run);
  }

  /**
   * The button that has an answer written once more.
   *
   * @param {Answer} answer
   * @param {string} turnId
   * @returns {import('./answer.js').Action}
   */
  function again(answer, turnId) {
    let asked = false;
    /** @param {AbortSignal} signal */
    const begin = (signal) => {
      // Each try is paid for. Whether one whose line broke has arrived, the history knows.
      if (asked) throw new ApiError(409, '', 0, true);
      asked = true;
      return api.retry(turnId, signal).catch((error) => {
        asked = !(error instanceof ApiError);
        throw error;
      });
    };
    return { label: TEXT.again, act: () => rerun({ answer, begin }, answer) };
  }

  /** Has the answer stopped; its stream then ends with what there is. */
  function stop() {
    const run = current;
    setState('waiting');
    api.stop(run?.turnId ?? '').catch(() => {
      if (busy && current === run) setState('stoppable');
    });
  }

  /**
   * Two tabs that write their first message at once make one session.
   *
   * @param {AbortSignal} signal
   */
  async function startSession(signal) {
    const create = async () => {
      if (!store.session()) store.save(await api.createSession(store.visitorId(), signal));
    };
    const locked = navigator.locks?.request('chatloom-session', { signal }, create);
    // Frames on other people's sites may neither store nor lock anything, and pages without TLS have no locks at all.
    await (locked?.catch((error) => (error.name === 'SecurityError' ? create() : Promise.reject(error))) ?? create());
    session = store.read().sessionId;
  }

  function forget() {
    store.save({ sessionId: '', sessionSecret: undefined, turn: undefined });
  }

  /** Leaves the conversation for a new one; the server keeps what was said. */
  function restart() {
    forget();
    store.own.save({ question: undefined });
    void sync();
  }

  /** Follows what another tab did. A hidden one waits until it is looked at: browsers open few connections to a server. */
  function catchUp() {
    const saved = store.read();
    if (!document.hidden && (saved.sessionId !== session || saved.turn !== turn)) void sync();
  }

  addEventListener('storage', catchUp, { signal: end });
  document.addEventListener('visibilitychange', catchUp, { signal: end });
  // A page that the browser keeps for going back has no connections, and may return to another state of things.
  addEventListener('pagehide', leave, { signal: end });
  addEventListener('pageshow', (event) => void (event.persisted && sync()), { signal: end });
  end.addEventListener('abort', leave);

  return { sync, ask, stop, restart };
}
