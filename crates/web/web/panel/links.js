// Which addresses an answer may link to, and the link itself.

import { el } from './dom.js';

/**
 * The address if a visitor may follow it: no scheme that runs code, no name that hides where it leads.
 *
 * @param {string} address
 */
export function addressOf(address) {
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
export function anchor(url, label) {
  const attributes = { href: url.href, target: '_blank', rel: 'noopener noreferrer nofollow', title: url.host || null };
  return el('a', attributes, ...(label ? [label] : []));
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
export function closing(text, start, opener, closer, limit) {
  let depth = 1;
  const end = Math.min(text.length, start + limit);
  for (let at = start; at < end; at++) {
    if (text[at] === '\\') at++;
    else if (text[at] === opener) depth++;
    else if (text[at] === closer && --depth === 0) return at;
  }
  return -1;
}
