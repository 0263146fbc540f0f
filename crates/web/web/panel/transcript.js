// Which message stands where in the thread, so that none stands there twice: the same one may come from the history, from
// a stream, and from the visitor who has just written it.

import { createFeedback } from './feedback.js';
import { TEXT } from './strings.js';

/** @typedef {import('../types').Message} Message */
/** @typedef {import('./answer.js').Answer} Answer */
/** @typedef {import('./turn.js').Run} Run */

/**
 * @param {import('./thread.js').Thread} thread
 * @param {(answer: Answer, turnId: string) => import('./answer.js').Action} again
 * @param {import('./api.js').Api} api
 */
export function createTranscript(thread, again, api) {
  /** Ids of the messages that stand there; the answers by theirs. */
  const questions = new Set();
  /** @type {Map<string, Answer>} */
  const answers = new Map();

  /** @param {Message} message */
  function showAnswer(message) {
    const { id, content, status, turnId } = message;
    let answer = answers.get(id);
    if (!answer) {
      answer = thread.addAnswer();
      answers.set(id, answer);
      if (status !== 'streaming') answer.quiet();
    }
    if (status === 'streaming') return answer.show(content);
    // A complete answer without a word is one that was stopped before the first.
    answer.stopped ||= !status && !content;
    answer.finish(content);
    rateable(answer, message);
    if (status) answer.fail(status === 'failed' ? TEXT.failed : TEXT.interrupted, turnId ? again(answer, turnId) : undefined);
  }

  /**
   * What can be thought of an answer, once all of it is there.
   *
   * @param {Answer} answer
   * @param {Pick<Message, 'id' | 'content' | 'createdAt' | 'feedback'>} message
   */
  function rateable(answer, message) {
    if (!message.content) return;
    /** @type {Parameters<typeof createFeedback>[1]} */
    const save = (rating, reason) => api.rate(message.id, rating, reason);
    answer.close(createFeedback(message, save, answer.changed));
  }

  /**
   * Where the run's answer stands; if nowhere yet, then below its question, at the end.
   *
   * @param {Run} run
   */
  function place(run) {
    if (!run.answer) {
      run.row = thread.addQuestion(run.question?.text ?? '');
      run.answer = thread.addAnswer();
    }
    return run.answer;
  }

  /**
   * Takes a question off the thread that the server has not confirmed.
   *
   * @param {Run} run
   */
  function takeBack(run) {
    run.row?.remove();
    run.answer?.element.remove();
    run.answer = undefined;
  }

  return {
    place,
    takeBack,
    rateable,
    isEmpty: () => !answers.size,

    clear() {
      questions.clear();
      answers.clear();
      thread.clear();
    },

    /**
     * Brings the thread up to the history. Gives the answer that is still being written, if there is one.
     *
     * @param {Message[]} messages
     * @returns {{ turnId?: string, answer?: Answer } | undefined}
     */
    show(messages) {
      for (const message of messages) {
        if (message.role === 'assistant') showAnswer(message);
        else if (!questions.has(message.id)) thread.addQuestion(message.content);
        questions.add(message.id);
      }
      const open = messages.findLast((message) => message.status === 'streaming');
      return open && { turnId: open.turnId, answer: answers.get(open.id) };
    },

    /**
     * The server has told where the run's messages belong: here, or where the history has put them already.
     *
     * @param {Run} run
     * @param {{ userMessageId: string, messageId: string }} ids
     */
    confirm(run, { userMessageId, messageId }) {
      const known = answers.get(messageId);
      if (known && known !== run.answer) takeBack(run);
      run.answer = known ?? place(run);
      answers.set(messageId, run.answer);
      questions.add(userMessageId);
    },
  };
}
