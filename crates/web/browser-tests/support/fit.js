// Runs in the page: what does not fit into the widget.

/** Texts that something cuts off, other than what can be scrolled to. */
export function findClippedTexts(root) {
  const found = [];
  const texts = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  for (let text = texts.nextNode(); text; text = texts.nextNode()) {
    const parent = text.parentElement;
    if (!parent || !text.data.trim() || !parent.checkVisibility({ visibilityProperty: true }) || parent.closest('.hush, title, textarea')) continue;
    const range = document.createRange();
    range.selectNodeContents(text);
    const box = range.getBoundingClientRect();
    for (let frame = parent; frame; frame = frame.parentElement) {
      const { overflowX, overflowY, position } = getComputedStyle(frame);
      if (/auto|scroll/.test(overflowX + overflowY)) break;
      const limits = frame.getBoundingClientRect();
      const isWide = overflowX !== 'visible' && (box.left < limits.left - 1 || box.right > limits.right + 1);
      const isHigh = overflowY !== 'visible' && (box.top < limits.top - 1 || box.bottom > limits.bottom + 1);
      if (isWide || isHigh) found.push(`${text.data.slice(0, 30)} in ${frame.localName}.${frame.className}`);
      if (position === 'fixed') break;
    }
    // What spills out of a button is not cut off, and as bad.
    const button = parent.closest('button')?.getBoundingClientRect();
    if (button && (box.left < button.left - 1 || box.right > button.right + 1 || box.top < button.top - 1 || box.bottom > button.bottom + 1)) {
      found.push(`${text.data.slice(0, 30)} out of its button`);
    }
  }
  return found;
}

/** What sticks out of the window sideways, or scrolls sideways without being code or a table. */
export function findSideways(root) {
  const found = [];
  const scroller = document.scrollingElement;
  if (scroller.scrollWidth > scroller.clientWidth) found.push(`the page: ${scroller.scrollWidth} > ${scroller.clientWidth}`);
  for (const element of root.querySelectorAll('*')) {
    if (!element.checkVisibility({ visibilityProperty: true }) || element.closest('pre, .table, .hush, svg')) continue;
    const { left, right, width } = element.getBoundingClientRect();
    const name = `${element.localName}.${element.className}`;
    if (width && (left < -1 || right > innerWidth + 1)) found.push(`${name} from ${left} to ${right}`);
    const isScroller = /auto|scroll/.test(getComputedStyle(element).overflowX);
    if (isScroller && element.scrollWidth > element.clientWidth + 1) found.push(`${name} scrolls`);
  }
  return found;
}
