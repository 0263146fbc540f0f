// The box to write in: grows with its text, keeps the draft, sends on Enter. While an answer is being written, the button
// beside it stops that.

import { el, icon } from './dom.js';
import { TEXT } from './strings.js';

/** The longest message that the server takes, in characters. */
const MESSAGE_LIMIT = 8000;

/** The box grows up to this height, in pixels, and scrolls from there on. */
const HEIGHT_LIMIT = 148;

/**
 * What the conversation is at: `ready` for a question, `waiting` for the server, or `stoppable`.
 *
 * @typedef {'ready' | 'waiting' | 'stoppable'} State
 * @typedef {ReturnType<typeof createComposer>} Composer
 */

/**
 * @param {string | null | undefined} placeholder
 * @param {import('./store.js').Store} store
 * @param {object} on
 * @param {(text: string) => boolean} on.send  false leaves the text in the box
 * @param {() => void} on.stop
 * @param {() => void} on.focus
 */
export function createComposer(placeholder, store, on) {
  const hint = placeholder || TEXT.placeholder;
  const box = el('textarea', { rows: 1, enterkeyhint: 'send', 'aria-label': hint, placeholder: hint });
  const button = el('button', { type: 'button' });
  const hintLine = el('p', { class: 'hint', role: 'status' }, TEXT.disclaimer);
  const element = el('div', { class: 'composer' }, el('div', { class: 'box' }, box, button), hintLine);
  /** @type {State} */
  let state = 'ready';
  let label = '';

  function refresh() {
    // An empty box with dir=auto would put a right-to-left placeholder on the left.
    if (box.value) box.dir = 'auto';
    else box.removeAttribute('dir');
    const stops = state === 'stoppable';
    // A button that is really disabled would lose the focus, and with it the keyboard's place in the panel.
    button.setAttribute('aria-disabled', String(!stops && (state !== 'ready' || !box.value.trim())));
    name(stops ? TEXT.stop : TEXT.send, stops ? 'stop' : 'send');
    box.style.height = 'auto';
    box.style.height = `${Math.min(box.scrollHeight, HEIGHT_LIMIT)}px`;
  }

  /**
   * @param {string} text
   * @param {'send' | 'stop'} picture
   */
  function name(text, picture) {
    if (text === label) return;
    label = text;
    button.setAttribute('aria-label', label);
    button.className = `send ${picture}`;
    button.replaceChildren(icon(picture));
  }

  /** @param {string} text */
  function write(text) {
    box.value = text;
    store.save({ draft: text || undefined });
    refresh();
  }

  function send() {
    const text = box.value.trim();
    if (text && state === 'ready' && !excess() && on.send(text)) write('');
  }

  /** By how many characters, as the server counts them, the text is too long. */
  function excess() {
    const count = Math.max(0, [...box.value.trim()].length - MESSAGE_LIMIT);
    // Cutting a text that somebody has pasted would lose its end without a word.
    const hint = count ? TEXT.tooLong.replace('{count}', String(count)) : TEXT.disclaimer;
    // The same text again would be read aloud again.
    if (hintLine.textContent !== hint) hintLine.textContent = hint;
    return count;
  }

  box.addEventListener('input', () => {
    excess();
    write(box.value);
  });
  box.addEventListener('focus', on.focus);
  box.addEventListener('keydown', (event) => {
    // 229 is what an input method's own Enter is in Safari, where the composition has ended by then.
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    send();
  });
  button.addEventListener('click', (event) => {
    if (state !== 'stoppable') send();
    // The second half of a double click on "send" must not stop the answer.
    else if (event.detail < 2) on.stop();
  });

  return {
    element,
    write,
    refresh,
    focus: () => box.focus({ preventScroll: true }),

    /** @param {State} now */
    setState(now) {
      state = now;
      refresh();
    },

    /**
     * Puts a question that could not be asked before what has been written since.
     *
     * @param {string} text
     * @param {string} [reason]  shown below the box until the visitor writes on
     */
    giveBack(text, reason = TEXT.disclaimer) {
      write(text && box.value ? `${text}\n${box.value}` : text || box.value);
      hintLine.textContent = reason;
    },
  };
}
