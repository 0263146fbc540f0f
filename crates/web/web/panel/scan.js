// What the parts of the inline renderer share while they go through a text.

/** @typedef {{ char: string, count: number, node: Text }} Mark */

/**
 * @typedef {object} Scan
 * @property {Element} parent
 * @property {string} text
 * @property {boolean} open  more text will follow: what is unfinished at the end is shown as if it were finished
 * @property {boolean} inLink
 * @property {Mark[]} marks
 * @property {Set<number>} lonelyTicks  lengths of backtick runs that have no partner further on
 */

/**
 * Appends what stands there as plain text and returns where to go on.
 *
 * @param {Scan} scan
 * @param {number} at
 * @param {number} length
 */
export function literal(scan, at, length) {
  scan.parent.append(scan.text.slice(at, at + length));
  return at + length;
}

/**
 * How often the character at `at` is repeated.
 *
 * @param {string} text
 * @param {number} at
 */
export function runLength(text, at) {
  let end = at;
  while (text[end] === text[at]) end++;
  return end - at;
}
