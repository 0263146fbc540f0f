// Bold, italic and struck text: a stack of open marks, as CommonMark describes it, with limits that keep the work linear
// and the tree shallow for hostile text.

import { el } from './dom.js';
import { literal, runLength } from './scan.js';

/** Marks that may be open at once, and the longest run of them: both bound how deep elements can nest. */
const OPEN_MARKS = 64;
const MARK_RUN = 8;

/** Of the marks left open at the end of a text that is still arriving, so many are shown as if closed. */
const CLOSED_AT_END = 4;

const SPACE = /\s/;
const PUNCTUATION = /[\p{P}\p{S}]/u;

/** @typedef {import('./scan.js').Scan} Scan */

/**
 * A run of emphasis marks, which may close what is open, open something, or be plain text.
 *
 * @param {Scan} scan
 * @param {number} at
 */
export function mark(scan, at) {
  const { text, parent, marks, open } = scan;
  const char = text[at];
  const run = runLength(text, at);
  const next = text[at + run];
  if (next === undefined && open) return at + run;
  if (run > MARK_RUN || (char === '~' && run !== 2)) return literal(scan, at, run);
  const { opens, closes } = flanks(char, text[at - 1], next);
  let left = run;
  while (closes && left > 0) {
    const index = marks.findLastIndex((mark) => mark.char === char);
    if (index < 0) break;
    marks.length = index + 1;
    left -= wrap(scan, left);
  }
  if (!left) return at + run;
  const node = document.createTextNode(char.repeat(left));
  parent.append(node);
  if (opens && marks.length < OPEN_MARKS) marks.push({ char, count: left, node });
  return at + run;
}

/**
 * Whether a run may open or close emphasis, by its neighbours (CommonMark 0.31, section 6.2).
 *
 * @param {string} char
 * @param {string | undefined} before
 * @param {string | undefined} after
 */
function flanks(char, before, after) {
  const spaceBefore = before === undefined || SPACE.test(before);
  const spaceAfter = after === undefined || SPACE.test(after);
  const signBefore = before !== undefined && PUNCTUATION.test(before);
  const signAfter = after !== undefined && PUNCTUATION.test(after);
  const left = !spaceAfter && (!signAfter || spaceBefore || signBefore);
  const right = !spaceBefore && (!signBefore || spaceAfter || signAfter);
  if (char !== '_') return { opens: left, closes: right };
  return { opens: left && (!right || signBefore), closes: right && (!left || signAfter) };
}

/**
 * Puts everything since the topmost mark into an element and returns how many characters of the mark that used up.
 *
 * @param {Scan} scan
 * @param {number} available  characters of the closing run
 */
function wrap({ marks }, available) {
  const opener = marks[marks.length - 1];
  const used = opener.count >= 2 && available >= 2 ? 2 : 1;
  const element = el(opener.char === '~' ? 'del' : used === 2 ? 'strong' : 'em');
  while (opener.node.nextSibling) element.append(opener.node.nextSibling);
  opener.node.after(element);
  opener.count -= used;
  opener.node.data = opener.char.repeat(opener.count);
  if (!opener.count) {
    opener.node.remove();
    marks.pop();
  }
  return used;
}

/**
 * Shows what is open at the end of an unfinished text as if it were closed.
 *
 * @param {Scan} scan
 */
export function closeMarks(scan) {
  for (let budget = CLOSED_AT_END; budget > 0 && scan.marks.length; budget--) {
    const opener = scan.marks[scan.marks.length - 1];
    if (opener.node.nextSibling) {
      wrap(scan, opener.count);
    } else {
      opener.node.remove();
      scan.marks.pop();
    }
  }
}
