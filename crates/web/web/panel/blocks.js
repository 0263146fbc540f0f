// Cuts Markdown into blocks. Only lines are looked at here; markdown.js makes the nodes.

/**
 * @typedef {'code' | 'heading' | 'rule' | 'quote' | 'list' | 'table' | 'text'} Kind
 * @typedef {{ kind: Kind, lines: string[] }} Block
 * @typedef {{ indent: number, ordered: boolean, start: number, offset: number }} ItemMark
 */

const FENCE = /^ {0,3}(\x60{3,}(?=[^\x60]*$)|~{3,})/;
const HEADING = /^ {0,3}#{1,6}(?:\s|$)/;
const RULE = /^ {0,3}(?:(?:-[ \t]*){3,}|(?:\*[ \t]*){3,}|(?:_[ \t]*){3,})$/;
const QUOTE = /^ {0,3}>/;
const ITEM = /^( *)([-*+]|(\d{1,9})[.)])( {1,4}|\t|$)/;
const DIVIDER = /^[\s|:-]*-[\s|:-]*$/;

/** What may be the beginning of a mark: not shown while it is all there is of the last line. */
const HALF_MARK = /^\s*(?:[-*+_=#>~\x60|]{1,6}|\d{1,3}[.)]?)\s*$/;

/**
 * The blocks of a text. While it is still arriving, a last line that is only a mark is left out.
 *
 * @param {string[]} lines
 * @param {boolean} open
 * @returns {Block[]}
 */
export function cut(lines, open) {
  const blocks = cutAll(lines);
  const last = blocks[blocks.length - 1];
  if (!open || !last || !HALF_MARK.test(lines[lines.length - 1])) return blocks;
  return last.kind === 'code' ? blocks : cutAll(lines.slice(0, -1));
}

/** @param {string[]} lines */
function cutAll(lines) {
  /** @type {Block[]} */
  const blocks = [];
  for (let at = 0; at < lines.length; ) {
    if (!lines[at].trim()) {
      at++;
      continue;
    }
    const kind = kindOf(lines, at);
    const end = endOf(kind, lines, at);
    blocks.push({ kind, lines: lines.slice(at, end) });
    at = end;
  }
  return blocks;
}

/**
 * @param {string[]} lines
 * @param {number} at
 * @returns {Kind}
 */
function kindOf(lines, at) {
  const line = lines[at];
  if (FENCE.test(line)) return 'code';
  if (HEADING.test(line)) return 'heading';
  if (RULE.test(line)) return 'rule';
  if (QUOTE.test(line)) return 'quote';
  if (itemMark(line)) return 'list';
  return isTable(line, lines[at + 1]) ? 'table' : 'text';
}

/**
 * @param {Kind} kind
 * @param {string[]} lines
 * @param {number} at
 */
function endOf(kind, lines, at) {
  switch (kind) {
    case 'code':
      return endOfCode(lines, at);
    case 'quote':
      return firstAfter(lines, at, (line) => !QUOTE.test(line));
    case 'table':
      return firstAfter(lines, at, (line) => !line.includes('|'));
    case 'list':
      return endOfList(lines, at);
    case 'text':
      return firstAfter(lines, at, (line, index) => !line.trim() || interrupts(lines, index));
    default:
      return at + 1;
  }
}

/**
 * @param {string[]} lines
 * @param {number} at
 * @param {(line: string, index: number) => boolean} ends
 */
function firstAfter(lines, at, ends) {
  const end = lines.findIndex((line, index) => index > at && ends(line, index));
  return end < 0 ? lines.length : end;
}

/**
 * @param {string[]} lines
 * @param {number} at
 */
function endOfCode(lines, at) {
  const end = firstAfter(lines, at, (line) => closesFence(lines[at], line));
  return Math.min(end + 1, lines.length);
}

/**
 * @param {string} opener
 * @param {string} line
 */
export function closesFence(opener, line) {
  const fence = FENCE.exec(opener)?.[1] ?? '```';
  const closer = line.trim();
  return closer.length >= fence.length && closer === fence[0].repeat(closer.length);
}

/**
 * A list goes on through blank lines as long as an item or something indented follows.
 *
 * @param {string[]} lines
 * @param {number} at
 */
function endOfList(lines, at) {
  const first = itemMark(lines[at]);
  let end = at + 1;
  let gap = false;
  for (let index = end; index < lines.length; index++) {
    const line = lines[index];
    if (!line.trim()) {
      gap = true;
      continue;
    }
    const item = itemMark(line);
    if (item && first && isSibling(item, first)) {
      if (item.ordered !== first.ordered) break;
    } else if (indentOf(line) <= (first?.indent ?? 0) && (gap || interrupts(lines, index))) {
      break;
    }
    gap = false;
    end = index + 1;
  }
  return end;
}

/**
 * Whether the line ends a paragraph without a blank line. A number other than one does not: it may be a sentence's.
 *
 * @param {string[]} lines
 * @param {number} at
 */
function interrupts(lines, at) {
  const kind = kindOf(lines, at);
  const item = kind === 'list' && itemMark(lines[at]);
  return item ? !item.ordered || item.start === 1 : kind !== 'text';
}

/**
 * @param {string} line
 * @returns {ItemMark | undefined}
 */
export function itemMark(line) {
  const found = RULE.test(line) ? null : ITEM.exec(line);
  if (!found) return undefined;
  const [whole, indent, , number] = found;
  return { indent: indent.length, ordered: number !== undefined, start: Number(number), offset: whole.length };
}

/**
 * One column of grace: models indent nested items by two or more, whatever the mark's width.
 *
 * @param {ItemMark} item
 * @param {ItemMark} first
 */
export function isSibling(item, first) {
  return item.indent <= first.indent + 1;
}

/** @param {string} line */
export function indentOf(line) {
  return line.length - line.trimStart().length;
}

/** @param {string} line */
export function isDivider(line) {
  return line.includes('|') && DIVIDER.test(line);
}

/**
 * @param {string} header
 * @param {string | undefined} divider
 */
function isTable(header, divider) {
  if (!header.includes('|') || divider === undefined || !isDivider(divider)) return false;
  return cellsOf(header).length === cellsOf(divider).length;
}

/** @param {string} row */
export function cellsOf(row) {
  const inner = row.trim().replace(/^\|/, '').replace(/\|$/, '');
  return inner.split(/(?<!\\)\|/).map((cell) => cell.trim().replace(/\\\|/g, '|'));
}
