// The list of messages, the greeting before the first one, and scrolling that follows only a reader who is at the end.

import { el, iconButton } from './dom.js';
import { TEXT } from './strings.js';
import { createAnswer } from './answer.js';
import { avatar } from './avatar.js';

/** How near to the end, in pixels, counts as reading the end. */
const NEAR_END = 48;

/** More starter prompts than this would push the greeting out of sight. */
const PROMPT_LIMIT = 6;

/** @typedef {ReturnType<typeof createThread>} Thread */

/**
 * @param {import('../types').Customization} look
 * @param {(text: string) => void} announce
 * @param {(prompt: string) => void} onPrompt
 */
export function createThread(look, announce, onPrompt) {
  const list = el('div', { class: 'list' });
  const scroller = el('div', { class: 'scroller', tabindex: 0, role: 'region', 'aria-label': TEXT.messages }, list);
  const jump = iconButton('jump', 'down', TEXT.latest, () => {
    // The button goes, and the focus must not go with it.
    focus();
    toEnd();
  });
  const element = el('div', { class: 'thread' }, scroller, jump);
  let following = true;
  jump.hidden = true;

  scroller.addEventListener('scroll', () => {
    following = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < NEAR_END;
    jump.hidden = following;
  });

  function toEnd() {
    following = true;
    jump.hidden = true;
    scroller.scrollTop = scroller.scrollHeight;
  }

  function focus() {
    scroller.focus({ preventScroll: true });
  }

  function changed() {
    if (following) toEnd();
  }

  /** @param {Node} row */
  function add(row) {
    list.querySelector('.greeting')?.remove();
    list.append(row);
    toEnd();
  }

  return {
    element,

    /** Shows the greeting, if it does not stand there yet. */
    greet() {
      if (list.querySelector('.welcome')) return;
      const prompts = el('div', { class: 'prompts' });
      for (const prompt of (look.starterPrompts ?? []).slice(0, PROMPT_LIMIT)) {
        const ask = () => {
          focus();
          onPrompt(prompt);
        };
        prompts.append(el('button', { type: 'button', dir: 'auto', onclick: ask }, prompt));
      }
      const welcome = el('p', { class: 'welcome', dir: 'auto' }, look.welcomeMessage || TEXT.greeting);
      list.replaceChildren(el('div', { class: 'greeting' }, avatar(look.avatarUrl), welcome, prompts));
    },

    clear() {
      list.replaceChildren();
    },

    /** Stands in for a history that is on its way, until the first message is there. */
    awaitHistory() {
      if (list.childElementCount) return;
      const state = { class: 'greeting skeleton', role: 'status', 'aria-label': TEXT.loading };
      list.append(el('div', state, el('i'), el('i'), el('i')));
    },

    /** @param {boolean} now  whether messages are being loaded or written */
    setBusy(now) {
      scroller.setAttribute('aria-busy', String(now));
    },

    /** @param {string} text */
    addQuestion(text) {
      // The bubble's corners follow the panel's direction, its text its own.
      const bubble = el('div', {}, el('span', { dir: 'auto' }, text));
      const row = el('div', { class: 'question' }, el('span', { class: 'hush' }, TEXT.you), bubble);
      add(row);
      return row;
    },

    addAnswer() {
      const answer = createAnswer(announce, changed);
      add(answer.element);
      return answer;
    },

    /** @param {string} text */
    addNote(text) {
      add(el('p', { class: 'note', role: 'status' }, text));
    },

    focus,
    toEnd,
  };
}
