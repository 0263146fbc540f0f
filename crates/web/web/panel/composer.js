// The box to write in: grows with its text, keeps the draft, sends on Enter.

import { el, icon } from './dom.js';
import { TEXT } from './strings.js';

/** The longest message that the server takes, in characters. */
const MESSAGE_LIMIT = 8000;

/** The box grows up to this height, in pixels, and scrolls from there on. */
const HEIGHT_LIMIT = 148;

/** @typedef {ReturnType<typeof createComposer>} Composer */

/**
 * @param {string | null | undefined} placeholder
 * @param {import('./store.js').Store} store
 * @param {(text: string) => boolean} onSend  false leaves the text in the box
 */
export function createComposer(placeholder, store, onSend) {
  const hint = placeholder || TEXT.placeholder;
  const box = el('textarea', { rows: 1, maxlength: MESSAGE_LIMIT, enterkeyhint: 'send', 'aria-label': hint, placeholder: hint });
  const button = el('button', { type: 'submit', class: 'send', 'aria-label': TEXT.send }, icon('send'));
  const hintLine = el('p', { class: 'hint', role: 'status' }, TEXT.disclaimer);
  const form = el('form', { class: 'composer' }, el('div', { class: 'box' }, box, button), hintLine);
  let busy = false;

  function refresh() {
    // An empty box with dir=auto would put a right-to-left placeholder on the left.
    if (box.value) box.dir = 'auto';
    else box.removeAttribute('dir');
    button.disabled = busy || !box.value.trim();
    box.style.height = 'auto';
    box.style.height = `${Math.min(box.scrollHeight, HEIGHT_LIMIT)}px`;
  }

  /** @param {string} text */
  function write(text) {
    box.value = text;
    store.save({ draft: text || undefined });
    refresh();
  }

  box.addEventListener('input', () => {
    hintLine.textContent = TEXT.disclaimer;
    write(box.value);
  });
  box.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    form.requestSubmit();
  });
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const text = box.value.trim();
    if (text && !busy && onSend(text)) write('');
  });

  return {
    element: form,
    write,
    refresh,
    focus: () => box.focus({ preventScroll: true }),
    isEmpty: () => !box.value.trim(),

    /** @param {boolean} now */
    setBusy(now) {
      busy = now;
      refresh();
    },

    /** @param {string} text  shown below the box until the visitor writes on */
    hint(text) {
      hintLine.textContent = text;
    },
  };
}
