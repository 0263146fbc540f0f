// Stopping an answer, having one written again, and asking once however often the button is pressed.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { startChatloom } from './support/chatloom.js';
import { launchChromium } from './support/chromium.js';
import { serveHostPage } from './support/host-page.js';
import { LONG, lastAnswer, watchGrowth, widgetOn } from './support/widget.js';

let chatloom, chromium, shop;

before(async () => {
  chatloom = await startChatloom();
  chromium = await launchChromium();
  const { embedCode } = await chatloom.dashboard.createWidget();
  shop = await serveHostPage(embedCode);
});

after(async () => {
  await chromium?.close();
  await shop?.close();
  await chatloom?.stop();
});

async function openChat(options) {
  const page = await chromium.newPage(options);
  await page.goto(shop.origin);
  const widget = widgetOn(page);
  await widget.open();
  return { page, widget };
}

test('stop keeps what there is and says so', async () => {
  const { page, widget } = await openChat();
  await widget.askAtLength();
  await widget.stop.click();
  await page.getByText('You stopped this answer.').waitFor();
  await widget.settled();
  assert.equal(await widget.problem.count(), 0);
  assert.equal(await widget.stop.count(), 0);
  const partial = await lastAnswer(page);
  assert.doesNotMatch(partial, /for more\.$/);

  await widget.reload();
  await widget.settled();
  assert.equal(await lastAnswer(page), partial);
  await widget.ask('hello');
  await watchGrowth(page);
  assert.equal(await widget.questions.count(), 2);
});

test('the stop button is reached by keyboard and gives the focus back, and Escape does not stop', async () => {
  const { page, widget } = await openChat();
  const focused = () => page.evaluate(() => document.querySelector('chatloom-widget').shadowRoot.activeElement?.ariaLabel);
  await widget.askAtLength();
  await page.keyboard.press('Escape');
  assert.equal(await focused(), 'Open chat');
  await page.keyboard.press('Enter');
  await widget.stop.waitFor();
  await page.keyboard.press('Tab');
  assert.equal(await focused(), 'Stop answering');
  await page.keyboard.press('Enter');
  await page.getByText('You stopped this answer.').waitFor();
  await widget.settled();
  assert.equal(await focused(), 'Send message');
});

test('an answer that was stopped before its first word says so in the history', async () => {
  const { page, widget } = await openChat();
  await widget.ask('hello');
  await watchGrowth(page);
  await page.route('**/messages', async (route) => {
    const response = await route.fetch({ headers: { ...(await route.request().allHeaders()), origin: shop.origin } });
    const { messages } = await response.json();
    await route.fulfill({ response, json: { messages: messages.map((message) => ({ ...message, content: message.role === 'user' ? message.content : '' })) } });
  });
  await widget.reload();
  await page.getByText('You stopped this answer.').waitFor();
});

test('Enter twice and a double click ask once and stop nothing', async () => {
  const { page, widget } = await openChat();
  await widget.box.fill(LONG);
  await page.keyboard.press('Enter');
  await page.keyboard.press('Enter');
  await watchGrowth(page);
  await widget.box.fill(LONG);
  await page.getByRole('button', { name: 'Send message' }).dblclick({ delay: 100 });
  await watchGrowth(page);
  assert.equal(await widget.questions.count(), 2);
  assert.equal(await page.getByText('You stopped').count(), 0);
  assert.match(await lastAnswer(page), /for more\.$/);
});

test('only the newest answer can be tried again; an earlier one keeps a quiet note', async () => {
  const { page, widget } = await openChat();
  await widget.askAtLength();
  await chatloom.kill();
  await chatloom.start();
  await widget.again.waitFor();
  await widget.ask('hello');
  await widget.answers.nth(1).locator('.text:not(:empty)').waitFor();
  await widget.settled();
  assert.equal(await widget.again.count(), 0);
  assert.ok(await page.getByText('This answer was interrupted.').isVisible());
});
