// What stands below a finished answer: two thumbs, a line for the reason, and the time.

import { el, iconButton } from './dom.js';
import { SPOKEN, TEXT } from './strings.js';

/** The longest reason that the server takes, in characters. */
const REASON_LIMIT = 1000;

/** @typedef {import('../types').Rating} Rating */

/**
 * Gives the row; `changed` is called after it has changed its height.
 *
 * @param {object} answer
 * @param {string} answer.createdAt
 * @param {Rating} [answer.feedback]  what the visitor thought of it before
 * @param {(rating: Rating | null, reason?: string) => Promise<unknown>} save
 * @param {() => void} changed
 */
export function createFeedback({ createdAt, feedback }, save, changed) {
  /** @type {Rating | null} */
  let rating = feedback ?? null;
  const good = iconButton('tool', 'good', TEXT.good, () => rate('good'));
  const bad = iconButton('tool down', 'good', TEXT.bad, () => rate('bad'));
  const time = el('time', { datetime: createdAt }, clock(createdAt));
  const word = el('span', { role: 'status' });
  const hint = { placeholder: TEXT.reason, 'aria-label': TEXT.reason };
  const reason = el('input', { ...hint, maxlength: REASON_LIMIT, enterkeyhint: 'send', onkeydown: onKey });
  const form = el('div', { class: 'reason' }, reason, iconButton('tool', 'send', TEXT.sendReason, explain));
  const element = el('div', { class: 'foot' }, good, bad, time, word);

  function paint() {
    good.setAttribute('aria-pressed', String(rating === 'good'));
    bad.setAttribute('aria-pressed', String(rating === 'bad'));
  }

  /** @param {string} text */
  function say(text) {
    word.textContent = text;
    changed();
  }

  /** @param {Rating} wanted */
  async function rate(wanted) {
    const before = rating;
    rating = rating === wanted ? null : wanted;
    paint();
    form.remove();
    try {
      await save(rating);
      if (rating === 'bad') element.append(form);
      say(rating ? TEXT.thanks : '');
    } catch {
      rating = before;
      paint();
      say(TEXT.unsaved);
    }
  }

  /** @param {KeyboardEvent} event */
  function onKey(event) {
    if (event.key === 'Enter' && !event.isComposing) void explain();
  }

  async function explain() {
    try {
      if (reason.value.trim()) await save(rating, reason.value);
      // The field goes, and the focus must not go with it.
      bad.focus({ preventScroll: true });
      form.remove();
      say(TEXT.thanks);
    } catch {
      say(TEXT.unsaved);
    }
  }

  paint();
  return element;
}

/** The time of day, and the day where it is another one. @param {string} at */
function clock(at) {
  const date = new Date(at);
  const isToday = date.toDateString() === new Date().toDateString();
  return date.toLocaleString(SPOKEN.language, isToday ? { timeStyle: 'short' } : { dateStyle: 'medium', timeStyle: 'short' });
}
