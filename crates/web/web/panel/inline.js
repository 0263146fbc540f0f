// Inline Markdown (emphasis, code, links) into nodes. One pass with a stack of open marks, as CommonMark describes it,
// with limits that keep the work linear and the tree shallow for hostile text.

import { el } from './dom.js';

/** Longest link label and address that are searched for their closing bracket. */
const LABEL_LIMIT = 1000;
const ADDRESS_LIMIT = 2000;

/** Marks that may be open at once, and the longest run of them: both bound how deep elements can nest. */
const OPEN_MARKS = 64;
const MARK_RUN = 8;

/** Of the marks left open at the end of a text that is still arriving, so many are shown as if closed. */
const CLOSED_AT_END = 4;

const SPECIAL = /[\\\x60*_~[!<&\n]|https?:\/\//g;
const SPACE = /\s/;
const PUNCTUATION = /[\p{P}\p{S}]/u;
const ESCAPABLE = /[!-/:-@[-\x60{-~]/;
const ENTITY = /&(amp|lt|gt|quot|#39|nbsp);/y;
const ENTITIES = new Map([['amp', '&'], ['lt', '<'], ['gt', '>'], ['quot', '"'], ['#39', "'"], ['nbsp', '\u00a0']]);
const BARE_ADDRESS = /https?:\/\/[^\s<>"\x60]+/y;
const ANGLED = /<(?:(br) ?\/?|(https?:\/\/[^\s<>]{1,2000})|([^\s<>@]{1,64}@[^\s<>@]{1,255}))>/y;

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
 * @param {Element} parent
 * @param {string} text
 * @param {boolean} open
 * @param {boolean} [inLink]
 */
export function renderInline(parent, text, open, inLink = false) {
  /** @type {Scan} */
  const scan = { parent, text, open, inLink, marks: [], lonelyTicks: new Set() };
  for (let at = 0; at < text.length; ) {
    SPECIAL.lastIndex = at;
    const found = SPECIAL.exec(text)?.index ?? text.length;
    if (found > at) parent.append(text.slice(at, found));
    at = found < text.length ? special(scan, found) : found;
  }
  if (open) closeMarks(scan);
}

/**
 * Handles the special character at `at` and returns where to go on.
 *
 * @param {Scan} scan
 * @param {number} at
 * @returns {number}
 */
function special(scan, at) {
  switch (scan.text[at]) {
    case '\\':
      return escaped(scan, at);
    case '\n':
      return lineBreak(scan, at);
    case '`':
      return code(scan, at);
    case '[':
      return link(scan, at, at + 1);
    case '!':
      // Images become links: loading one would tell a stranger's server that the answer is being read.
      return scan.text[at + 1] === '[' ? link(scan, at, at + 2) : literal(scan, at, 1);
    case '<':
      return angled(scan, at);
    case '&':
      return entity(scan, at);
    case 'h':
      return bareAddress(scan, at);
    default:
      return mark(scan, at);
  }
}

/**
 * @param {Scan} scan
 * @param {number} at
 * @param {number} length
 */
function literal(scan, at, length) {
  scan.parent.append(scan.text.slice(at, at + length));
  return at + length;
}

/**
 * @param {Scan} scan
 * @param {number} at
 */
function escaped(scan, at) {
  const next = scan.text[at + 1];
  if (next === undefined && scan.open) return at + 1;
  return next !== undefined && ESCAPABLE.test(next) ? literal(scan, at + 1, 1) : literal(scan, at, 1);
}

/**
 * @param {Scan} scan
 * @param {number} at
 */
function lineBreak(scan, at) {
  if (at + 1 < scan.text.length) scan.parent.append(el('br'));
  return at + 1;
}

/**
 * @param {Scan} scan
 * @param {number} at
 */
function entity(scan, at) {
  ENTITY.lastIndex = at;
  const found = ENTITY.exec(scan.text);
  if (!found) return literal(scan, at, 1);
  scan.parent.append(ENTITIES.get(found[1]) ?? '');
  return at + found[0].length;
}

/**
 * @param {string} text
 * @param {number} at
 */
function runLength(text, at) {
  let end = at;
  while (text[end] === text[at]) end++;
  return end - at;
}

/**
 * @param {Scan} scan
 * @param {number} at
 */
function code(scan, at) {
  const { text, open, lonelyTicks } = scan;
  const ticks = runLength(text, at);
  const start = at + ticks;
  if (lonelyTicks.has(ticks)) return literal(scan, at, ticks);
  let end = text.indexOf('`', start);
  while (end >= 0 && runLength(text, end) !== ticks) end = text.indexOf('`', end + runLength(text, end));
  if (end < 0 && !open) {
    lonelyTicks.add(ticks);
    return literal(scan, at, ticks);
  }
  let content = text.slice(start, end < 0 ? text.length : end).replace(/\n/g, ' ');
  if (end < 0) content = content.replace(/\x60+$/, '');
  if (content.trim() && content.startsWith(' ') && content.endsWith(' ')) content = content.slice(1, -1);
  if (content) scan.parent.append(el('code', { dir: 'ltr' }, content));
  return end < 0 ? text.length : end + ticks;
}

/**
 * A run of emphasis marks, which may close what is open, open something, or be plain text.
 *
 * @param {Scan} scan
 * @param {number} at
 */
function mark(scan, at) {
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

/** @param {Scan} scan */
function closeMarks(scan) {
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

/**
 * `[label](address)` and `![label](address)`; `start` is where the label begins.
 *
 * @param {Scan} scan
 * @param {number} at
 * @param {number} start
 */
function link(scan, at, start) {
  const { text, open, inLink } = scan;
  if (inLink) return literal(scan, at, start - at);
  const labelEnd = closing(text, start, '[', ']', LABEL_LIMIT);
  const unfinished = open && text.length - start < LABEL_LIMIT && !text.includes('\n', start);
  if (labelEnd < 0 || labelEnd + 1 === text.length) {
    if (!unfinished) return literal(scan, at, start - at);
    renderInline(scan.parent, text.slice(start, labelEnd < 0 ? text.length : labelEnd), true, true);
    return text.length;
  }
  if (text[labelEnd + 1] !== '(') return literal(scan, at, start - at);
  const addressEnd = closing(text, labelEnd + 2, '(', ')', ADDRESS_LIMIT);
  if (addressEnd < 0 && !unfinished) return literal(scan, at, start - at);
  const target = addressEnd < 0 ? '' : text.slice(labelEnd + 2, addressEnd).trim().split(/\s/, 1)[0];
  const url = addressOf(target.replace(/^<|>$/g, ''));
  const element = url ? anchor(url) : el('span', { class: addressEnd < 0 ? 'link' : null });
  renderInline(element, text.slice(start, labelEnd), false, true);
  if (!element.textContent && url) element.append(url.host || url.href);
  scan.parent.append(element);
  return addressEnd < 0 ? text.length : addressEnd + 1;
}

/**
 * Where the bracket that is open before `start` closes, or -1.
 *
 * @param {string} text
 * @param {number} start
 * @param {string} opener
 * @param {string} closer
 * @param {number} limit
 */
function closing(text, start, opener, closer, limit) {
  let depth = 1;
  const end = Math.min(text.length, start + limit);
  for (let at = start; at < end; at++) {
    if (text[at] === '\\') at++;
    else if (text[at] === opener) depth++;
    else if (text[at] === closer && --depth === 0) return at;
  }
  return -1;
}

/**
 * @param {Scan} scan
 * @param {number} at
 */
function angled(scan, at) {
  ANGLED.lastIndex = at;
  const found = ANGLED.exec(scan.text);
  const url = found && addressOf(found[3] ? 'mailto:' + found[3] : found[2] ?? '');
  if (!found || (!found[1] && (!url || scan.inLink))) return literal(scan, at, 1);
  scan.parent.append(found[1] || !url ? el('br') : anchor(url, found[2] ?? found[3]));
  return at + found[0].length;
}

/**
 * @param {Scan} scan
 * @param {number} at
 */
function bareAddress(scan, at) {
  BARE_ADDRESS.lastIndex = at;
  let address = BARE_ADDRESS.exec(scan.text)?.[0] ?? 'h';
  address = address.replace(/[.,;:!?'*_~]+$/, '');
  // A closing bracket belongs to the sentence unless the address opened it.
  if (address.endsWith(')') && !address.includes('(')) address = address.slice(0, -1);
  const inWord = /\w/.test(scan.text[at - 1] ?? '');
  const url = scan.inLink || inWord ? undefined : addressOf(address);
  if (!url) return literal(scan, at, 1);
  scan.parent.append(anchor(url, address));
  return at + address.length;
}

/**
 * The address if a visitor may follow it: no scheme that runs code, no name that hides where it leads.
 *
 * @param {string} address
 */
function addressOf(address) {
  try {
    const url = new URL(address);
    return /^(https?|mailto|tel):$/.test(url.protocol) && !url.username && !url.password ? url : undefined;
  } catch {
    return undefined;
  }
}

/**
 * @param {URL} url
 * @param {string} [label]
 */
function anchor(url, label) {
  const attributes = { href: url.href, target: '_blank', rel: 'noopener noreferrer nofollow', title: url.host || null };
  return el('a', attributes, ...(label ? [label] : []));
}
