// One answer in the thread: dots, growing Markdown, and a line below it when something went wrong.

import { el, icon } from './dom.js';
import { TEXT } from './strings.js';
import { createMarkdown } from './markdown.js';
import { spoken } from './announcer.js';

/** @typedef {{ label: string, act: () => void, wait?: number }} Action */
/** @typedef {ReturnType<typeof createAnswer>} Answer */

/**
 * @param {(text: string) => void} announce
 * @param {() => void} changed  called after the answer has changed its height
 */
export function createAnswer(announce, changed) {
  const body = el('div', { class: 'text', dir: 'auto' });
  const dots = el('div', { class: 'dots', 'aria-hidden': 'true' }, el('i'), el('i'), el('i'));
  const author = el('span', { class: 'hush' }, TEXT.they);
  const element = el('div', { class: 'answer' }, author, body, dots);
  const markdown = createMarkdown(body);
  let source = '';
  /** What was there before the answer began anew: it stays as long as the new text is the same so far. */
  let before = '';
  let frame = 0;
  let announced = 0;
  /** @type {HTMLElement} the line below the answer */
  let tail = el('p');
  /** What that line says. */
  let said = '';
  /** @type {HTMLElement} what can be done about the whole answer */
  let foot = el('p');

  /** @param {boolean} open */
  function render(open) {
    cancelAnimationFrame(frame);
    frame = 0;
    dots.hidden = !open || source.trim() !== '';
    const blocks = markdown.render(before.startsWith(source) ? before : source, open);
    for (const block of blocks.slice(announced, open ? -1 : undefined)) announce(spoken(block));
    announced = Math.max(announced, open ? blocks.length - 1 : blocks.length);
    changed();
  }

  function paintSoon() {
    // At most one paint a frame, however small the pieces are.
    frame = frame || requestAnimationFrame(() => render(true));
  }

  /**
   * @param {string} text  empty takes the line away
   * @param {() => HTMLElement} make
   */
  function say(text, make) {
    // The same line again would take the focus off its button and be read aloud again.
    if (text === said) return;
    said = text;
    tail.remove();
    tail = make();
    if (text) element.append(tail);
    changed();
  }

  /** What the history tells is nothing to interrupt a screen reader for. */
  const isQuiet = () => announced === Infinity;

  const answer = {
    element,
    changed,
    /** Whether the visitor stopped it, as far as this page knows: the history keeps no note of it. */
    stopped: false,

    /** The stream begins, perhaps not for the first time. */
    begin() {
      before = source || before;
      source = '';
    },

    /** @param {string} piece */
    append(piece) {
      source += piece;
      paintSoon();
    },

    /** @param {string} content  all of the answer that there is so far */
    show(content) {
      answer.note('');
      answer.begin();
      source = content;
      paintSoon();
    },

    /** @param {string} content  the whole answer */
    finish(content) {
      source = content;
      before = '';
      render(false);
      answer.note(answer.stopped ? TEXT.stopped : '');
    },

    /** Marks the answer as one from the history, which nobody wants read aloud again. */
    quiet() {
      announced = Infinity;
    },

    /**
     * Puts what can be done about the whole answer below it.
     *
     * @param {HTMLElement} row
     */
    close(row) {
      foot.remove();
      foot = row;
      element.append(foot);
      changed();
    },

    /** Waits for another attempt at the same answer. */
    reset() {
      foot.remove();
      announced = 0;
      answer.begin();
      answer.note('');
      render(true);
    },

    /** @param {string} text  a quiet line below the answer */
    note(text) {
      say(text, () => el('p', { class: 'note', role: isQuiet() ? null : 'status' }, text));
    },

    /**
     * Says what went wrong; what has arrived stays.
     *
     * @param {string} text
     * @param {Action} [action]
     */
    fail(text, action) {
      if (source) before = '';
      render(false);
      say(text, () => {
        const row = el('div', { class: 'problem', role: isQuiet() ? null : 'alert' }, icon('alert'), el('span', {}, text));
        if (action) row.append(actionButton(action));
        return row;
      });
    },
  };
  return answer;
}

/** @param {Action} action */
function actionButton({ label, act, wait = 0 }) {
  const button = el('button', { type: 'button', class: 'again', 'aria-live': 'off' }, label);
  button.addEventListener('click', act);
  if (wait > 0) countDown(button, label, wait);
  return button;
}

/**
 * @param {HTMLButtonElement} button
 * @param {string} label
 * @param {number} seconds
 */
function countDown(button, label, seconds) {
  button.disabled = seconds > 0;
  button.textContent = seconds > 0 ? TEXT.wait.replace('{seconds}', String(seconds)) : label;
  if (seconds > 0) setTimeout(() => countDown(button, label, seconds - 1), 1000);
}
