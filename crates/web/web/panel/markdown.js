// Markdown into nodes while it arrives. Finished blocks keep their nodes, so a selection in them survives; only the
// last block is made anew. Markup in the text stays text.

import { el, icon, iconButton } from './dom.js';
import { TEXT } from './strings.js';
import { renderInline } from './inline.js';
import { cellsOf, closesFence, cut, indentOf, isDivider, isSibling, itemMark } from './blocks.js';

/** Quotes and lists nest so deep at most; what is deeper is shown as text. */
const DEPTH_LIMIT = 12;

/** How long a copy button says that it has copied, in milliseconds. */
const COPIED_MS = 1600;

/** @param {Element} container */
export function createMarkdown(container) {
  /** @type {{ key: string, element: Element }[]} */
  const shown = [];
  return {
    /**
     * Shows `source`; `open` says that more will follow. Returns the blocks' elements.
     *
     * @param {string} source
     * @param {boolean} open
     */
    render(source, open) {
      const blocks = cut(source.replace(/\r\n?/g, '\n').split('\n'), open);
      blocks.forEach((block, index) => {
        const growing = open && index === blocks.length - 1;
        const key = `${growing} ${block.kind}\n${block.lines.join('\n')}`;
        if (shown[index]?.key === key) return;
        const element = build(block, growing, 0);
        if (shown[index]) shown[index].element.replaceWith(element);
        else container.append(element);
        shown[index] = { key, element };
      });
      for (const extra of shown.splice(blocks.length)) extra.element.remove();
      return shown.map((block) => block.element);
    },
  };
}

/**
 * @param {import('./blocks.js').Block} block
 * @param {boolean} open
 * @param {number} depth
 * @returns {Element}
 */
function build({ kind, lines }, open, depth) {
  switch (kind) {
    case 'code':
      return buildCode(lines, open);
    case 'heading':
      return buildHeading(lines[0], open);
    case 'rule':
      return el('hr');
    case 'quote':
      return buildQuote(lines, open, depth);
    case 'list':
      return buildList(lines, open, depth);
    case 'table':
      return buildTable(lines, open);
    default:
      return buildText(lines, open);
  }
}

/**
 * @param {Element} container
 * @param {string[]} lines
 * @param {boolean} open
 * @param {number} depth
 */
function fill(container, lines, open, depth) {
  if (depth > DEPTH_LIMIT) {
    container.append(lines.join('\n'));
    return;
  }
  const blocks = cut(lines, open);
  blocks.forEach((block, index) => {
    container.append(build(block, open && index === blocks.length - 1, depth));
  });
}

/**
 * @param {string[]} lines
 * @param {boolean} open
 */
function buildText(lines, open) {
  let shown = lines;
  const last = lines.length - 1;
  // A line that begins like a table waits until its divider tells whether it is one.
  if (open && lines[last].trimStart().startsWith('|')) {
    shown = lines.slice(0, last > 0 && isDivider(lines[last]) ? last - 1 : last);
  }
  const element = el('p');
  renderInline(element, shown.map((line) => line.trim()).join('\n'), open);
  return element;
}

/**
 * @param {string} line
 * @param {boolean} open
 */
function buildHeading(line, open) {
  const text = line.trim();
  const marks = text.length - text.replace(/^#+/, '').length;
  // Levels 3 to 6 leave the first two to the page that hosts the widget.
  const element = el('div', { class: `h h${marks}`, role: 'heading', 'aria-level': Math.min(marks + 2, 6) });
  renderInline(element, text.slice(marks).trim().replace(/\s#+$/, ''), open);
  return element;
}

/**
 * @param {string[]} lines
 * @param {boolean} open
 * @param {number} depth
 */
function buildQuote(lines, open, depth) {
  const element = el('blockquote');
  fill(element, lines.map((line) => line.replace(/^ {0,3}> ?/, '')), open, depth + 1);
  return element;
}

/**
 * @param {string[]} lines
 * @param {boolean} open
 */
function buildCode(lines, open) {
  const opener = lines[0].trim();
  const body = lines.slice(1);
  const last = body[body.length - 1];
  const closed = last !== undefined && closesFence(lines[0], last);
  // A half closing fence is not code either.
  if (closed || (open && last !== undefined && /^\s*(\x60+|~+)$/.test(last))) body.pop();
  const source = body.map((line) => line.slice(Math.min(indentOf(line), indentOf(lines[0])))).join('\n');
  const language = opener.replace(/^[\x60~]+/, '').trim().split(/\s/, 1)[0];
  const bar = el('div', { class: 'bar' }, el('span', {}, language || 'text'));
  if (navigator.clipboard) bar.append(copyButton(source));
  const code = el('code', {}, source);
  return el('div', { class: 'code', dir: 'ltr' }, bar, el('pre', { tabindex: 0 }, code));
}

/** @param {string} source */
function copyButton(source) {
  const button = iconButton('tool', 'copy', TEXT.copy, async () => {
    await navigator.clipboard.writeText(source);
    button.setAttribute('aria-label', TEXT.copied);
    button.replaceChildren(icon('check'));
    setTimeout(() => {
      button.setAttribute('aria-label', TEXT.copy);
      button.replaceChildren(icon('copy'));
    }, COPIED_MS);
  });
  return button;
}

/**
 * @param {string[]} lines
 * @param {boolean} open
 * @param {number} depth
 */
function buildList(lines, open, depth) {
  const first = itemMark(lines[0]);
  const list = first?.ordered ? el('ol', { start: first.start === 1 ? null : first.start }) : el('ul');
  /** @type {string[][]} */
  const items = [];
  let offset = 0;
  for (const line of lines) {
    const item = itemMark(line);
    if (item && first && isSibling(item, first)) {
      offset = item.offset;
      items.push([line.slice(offset)]);
    } else {
      items[items.length - 1].push(line.slice(Math.min(indentOf(line), offset)));
    }
  }
  items.forEach((item, index) => list.append(buildItem(item, open && index === items.length - 1, depth)));
  return list;
}

/**
 * @param {string[]} lines
 * @param {boolean} open
 * @param {number} depth
 */
function buildItem(lines, open, depth) {
  const item = el('li');
  const task = /^\[([ xX])\] /.exec(lines[0]);
  if (task) {
    item.className = 'task';
    const checked = task[1] !== ' ';
    item.append(el('input', { type: 'checkbox', disabled: true, checked, 'aria-label': checked ? '✓' : '–' }));
    lines = [lines[0].slice(4), ...lines.slice(1)];
  }
  fill(item, lines, open, depth + 1);
  // The text of an item stands in it without a paragraph's margins.
  const lead = item.querySelector(':scope > p');
  if (lead) lead.replaceWith(...lead.childNodes);
  return item;
}

/**
 * @param {string[]} lines
 * @param {boolean} open
 */
function buildTable(lines, open) {
  const [header, divider, ...rows] = lines;
  const sides = cellsOf(divider).map((cell) => (cell.endsWith(':') ? (cell.startsWith(':') ? 'center' : 'end') : 'start'));
  // A table grows by whole rows.
  if (open && rows.length && !rows[rows.length - 1].trim().endsWith('|')) rows.pop();
  /**
   * @param {'td' | 'th'} tag
   * @param {string} row
   */
  const line = (tag, row) => {
    const cells = cellsOf(row);
    const element = el('tr');
    sides.forEach((side, index) => {
      const cell = el(tag, { class: side });
      renderInline(cell, cells[index] ?? '', false);
      element.append(cell);
    });
    return element;
  };
  const body = el('tbody', {}, ...rows.map((row) => line('td', row)));
  const table = el('table', {}, el('thead', {}, line('th', header)), body);
  return el('div', { class: 'table', tabindex: 0, role: 'group', 'aria-label': TEXT.table }, table);
}
