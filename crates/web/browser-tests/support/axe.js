// What axe, the checker of accessibility rules, says about the widget.

import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';

import { comeToRest } from './widget.js';

const AXE = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** The rules that axe sees broken inside the widget, each with the first node that breaks it. */
export async function violations(page) {
  // Colours are judged at rest: in the middle of a transition they are neither one nor the other.
  await comeToRest(page);
  await page.evaluate((source) => void (window.axe ?? (0, eval)(source)), AXE);
  const { violations: found } = await page.evaluate(() => axe.run('chatloom-widget', {
    runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa', 'best-practice'],
    // The order of headings in an answer is the model's, and a wrong one is no failure of WCAG.
    rules: { 'heading-order': { enabled: false } },
  }));
  return found.map(({ id, nodes }) => [id, nodes[0].html]);
}
