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
  const element = el('div', { class: 'answer' }, author, dots, body);
  const markdown = createMarkdown(body);
  let source = '';
  let frame = 0;
  let announced = 0;

  /** @param {boolean} open */
  function render(open) {
    cancelAnimationFrame(frame);
    frame = 0;
    dots.hidden = !open || source.trim() !== '';
    const blocks = markdown.render(source, open);
    for (const block of blocks.slice(announced, open ? -1 : undefined)) announce(spoken(block));
    announced = Math.max(announced, open ? blocks.length - 1 : blocks.length);
    changed();
  }

  function paintSoon() {
    // At most one paint a frame, however small the pieces are.
    frame = frame || requestAnimationFrame(() => render(true));
  }

  return {
    element,
    /** Id of the message, once the server has told it. */
    id: '',

    /** @param {string} piece */
    append(piece) {
      source += piece;
      paintSoon();
    },

    /** @param {string} content  all of the answer that there is so far */
    show(content) {
      source = content;
      paintSoon();
    },

    /** @param {string} content  the whole answer */
    finish(content) {
      source = content;
      render(false);
    },

    /** Marks the answer as one from the history, which nobody wants read aloud again. */
    quiet() {
      announced = Infinity;
    },

    /** Back to the dots, for another attempt. */
    reset() {
      source = '';
      announced = 0;
      element.querySelector('.problem')?.remove();
      render(true);
    },

    /**
     * Ends the answer with what went wrong; what has arrived stays.
     *
     * @param {string} text
     * @param {Action} [action]
     */
    fail(text, action) {
      render(false);
      element.querySelector('.problem')?.remove();
      element.append(problem(text, action));
      changed();
    },
  };
}

/**
 * @param {string} text
 * @param {Action} [action]
 */
function problem(text, action) {
  const row = el('div', { class: 'problem', role: 'alert' }, icon('alert'), el('span', {}, text));
  if (action) row.append(actionButton(action));
  return row;
}

/** @param {Action} action */
function actionButton({ label, act, wait = 0 }) {
  const button = el('button', { type: 'button', class: 'again' }, label);
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
  button.textContent = seconds > 0 ? TEXT.wait(seconds) : label;
  if (seconds > 0) setTimeout(() => countDown(button, label, seconds - 1), 1000);
}
