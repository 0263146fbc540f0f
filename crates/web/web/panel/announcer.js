// A hidden polite live region. The visible thread is not live, so that a screen reader hears whole blocks of an answer
// once they are finished, and not every piece of it.

import { el } from './dom.js';

/** Older announcements are removed; a reader who wants them reads the thread. */
const KEPT = 6;

export function createAnnouncer() {
  const element = el('div', { class: 'hush', role: 'log', 'aria-live': 'polite' });
  return {
    element,
    /** @param {string} text */
    say(text) {
      if (!text.trim()) return;
      element.append(el('p', {}, text));
      while (element.childElementCount > KEPT) element.firstChild?.remove();
    },
  };
}

/**
 * A block as one would read it aloud: cells and items separated, layout left out.
 *
 * @param {Element} block
 * @returns {string}
 */
export function spoken(block) {
  const rows = block.querySelectorAll('tr');
  if (rows.length) return Array.from(rows, (row) => Array.from(row.children, (cell) => cell.textContent).join(', ')).join('. ');
  const items = block.querySelectorAll('li');
  if (items.length) return Array.from(items, ownText).join('. ');
  return block.textContent ?? '';
}

/** What an item says without the items within it. @param {Element} item */
function ownText(item) {
  const own = Array.from(item.childNodes).filter((node) => !/^[OU]L$/.test(node.nodeName));
  return own.map((node) => node.textContent).join('').trim();
}
