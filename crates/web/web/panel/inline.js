// Inline Markdown (emphasis, code, links) into nodes, in one pass over the text.

import { el } from './dom.js';
import { literal, runLength } from './scan.js';
import { closeMarks, mark } from './emphasis.js';
import { addressOf, anchor, closing } from './links.js';

/** Longest link label and address that are searched for their closing bracket. */
const LABEL_LIMIT = 1000;
const ADDRESS_LIMIT = 2000;

const SPECIAL = /[\\\x60*_~[!<&\n]|https?:\/\//g;
const ESCAPABLE = /[!-/:-@[-\x60{-~]/;
const ENTITY = /&(amp|lt|gt|quot|#39|nbsp);/y;
const ENTITIES = new Map([['amp', '&'], ['lt', '<'], ['gt', '>'], ['quot', '"'], ['#39', "'"], ['nbsp', '\u00a0']]);
const BARE_ADDRESS = /https?:\/\/[^\s<>"\x60]+/y;
const ANGLED = /<(?:(br) ?\/?|(https?:\/\/[^\s<>]{1,2000})|([^\s<>@]{1,64}@[^\s<>@]{1,255}))>/y;

/** @typedef {import('./scan.js').Scan} Scan */

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
