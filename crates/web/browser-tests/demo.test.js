// The demo page of a freshly started server: what someone sees who has typed one command.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { startChatloom } from './support/chatloom.js';
import { keepScreenshot, launchChromium } from './support/chromium.js';
import { watchGrowth, widgetOn } from './support/widget.js';

let chatloom, chromium;

before(async () => {
  chatloom = await startChatloom();
  chromium = await launchChromium();
});

after(async () => {
  await chromium?.close();
  await chatloom?.stop();
});

test('the demo shop opens with a widget that answers, without breaking its own policy', async () => {
  const page = await chromium.newPage();
  const trouble = [];
  page.on('console', (message) => ['error', 'warning'].includes(message.type()) && trouble.push(message.text()));
  page.on('pageerror', (error) => trouble.push(error.message));
  const response = await page.goto(`${chatloom.base}/demo`);
  assert.match(response.headers()['content-security-policy'], /require-trusted-types-for 'script'/);
  await page.getByText(`${chatloom.base}/api/auth/login`).waitFor();

  const widget = widgetOn(page);
  await widget.launcher.waitFor();
  await keepScreenshot(page, 'demo');
  await widget.open();
  await widget.ask('What can you do?');
  const lengths = await watchGrowth(page);
  assert.ok(lengths.length > 2, `the answer came at once: ${lengths}`);
  await keepScreenshot(page, 'demo-answer');
  assert.deepEqual(trouble, []);
});
