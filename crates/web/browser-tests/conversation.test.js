// A visitor on a shop's page talks to the agent: the real server, the embed code of its endpoint, a real browser.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { startChatloom } from './support/chatloom.js';
import { keepScreenshot, launchChromium } from './support/chromium.js';
import { serveHostPage } from './support/host-page.js';
import { lastAnswer, watchGrowth, widgetOn } from './support/widget.js';

let chatloom, chromium, embedCode, shop, stranger;

before(async () => {
  chatloom = await startChatloom();
  chromium = await launchChromium();
  // The page needs the embed code and the widget needs the page's origin, so the page begins without one.
  shop = await serveHostPage('');
  ({ embedCode } = await chatloom.dashboard.createWidget({
    allowedDomains: [shop.host],
    customization: {
      primaryColor: '#4f46e5',
      title: 'Shop help',
      welcomeMessage: 'Welcome! What are you looking for?',
      inputPlaceholder: 'Ask the shop…',
      starterPrompts: ['How do refunds work?', 'Show me some code'],
    },
  }));
  shop.embed(embedCode);
  stranger = await serveHostPage(embedCode);
});

after(async () => {
  await chromium?.close();
  await shop?.close();
  await stranger?.close();
  await chatloom?.stop();
});

test('a visitor asks, watches the answer grow, and finds it again after a reload', async () => {
  const page = await chromium.newPage();
  await page.goto(shop.origin);
  const widget = widgetOn(page);
  await widget.open();
  assert.equal(await page.locator('.welcome').innerText(), 'Welcome! What are you looking for?');
  assert.equal(await widget.box.getAttribute('placeholder'), 'Ask the shop…');

  // After the last event the browser may end the connection before the server's own end of it has arrived.
  const isSend = (request) => request.method() === 'POST' && request.url().endsWith('/messages');
  const over = Promise.race(['requestfinished', 'requestfailed'].map((end) => page.waitForEvent(end, isSend)));
  await widget.ask('What can you show me?');
  const lengths = await watchGrowth(page);
  assert.ok(lengths.filter((length) => length > 0).length >= 3, `the answer came at once: ${lengths}`);
  for (const part of ['ul', 'strong', 'a[target=_blank]', 'pre code']) {
    assert.ok(await page.locator(`.answer .text ${part}`).count(), `the answer has no ${part}`);
  }
  const answer = await lastAnswer(page);
  await over;
  await keepScreenshot(page, 'conversation');

  await page.reload();
  // The panel was open, so it opens again by itself.
  await widget.panel.waitFor();
  await widget.settled();
  assert.equal(await widget.questions.count(), 1);
  assert.match(await widget.questions.innerText(), /What can you show me\?/);
  assert.equal(await lastAnswer(page), answer);
});

test('a page on a forbidden origin shows no widget and learns why', async () => {
  const page = await chromium.newPage();
  const lines = [];
  page.on('console', (message) => message.type() === 'warning' && lines.push(message.text()));
  const warned = page.waitForEvent('console', (message) => message.text().startsWith('Chatloom shows no chat'));
  await page.goto(stranger.origin);
  await warned;
  assert.equal(await page.locator('chatloom-widget').count(), 0);
  assert.equal(lines.length, 1);
  assert.match(lines[0], /not one of the widget's allowed domains/);
});

test('the server answers 403 to a forbidden origin, and 200 to the allowed one', async () => {
  // The browser hides the status of an answer that it blocks, so this asks in its place.
  const statusFor = async (origin) => {
    const headers = { Origin: origin, 'X-Widget-Token': /data-token="([^"]+)"/.exec(embedCode)[1] };
    return (await fetch(`${chatloom.base}/api/widget-chat/init`, { headers })).status;
  };
  assert.equal(await statusFor(stranger.origin), 403);
  assert.equal(await statusFor(shop.origin), 200);
});

test('a starter prompt asks at once and a new conversation begins with the greeting', async () => {
  const page = await chromium.newPage();
  await page.goto(shop.origin);
  const widget = widgetOn(page);
  await widget.open();
  await page.getByRole('button', { name: 'How do refunds work?' }).click();
  await watchGrowth(page);
  assert.equal(await widget.questions.count(), 1);
  assert.equal(await page.locator('.welcome').count(), 0);
  await page.getByRole('button', { name: 'New conversation' }).click();
  await page.locator('.welcome').waitFor();
  assert.equal(await widget.questions.count(), 0);
  const saved = await page.evaluate(() => JSON.parse(Object.values(localStorage)[0]));
  assert.equal(saved.sessionId, '');
  assert.ok(saved.visitorId);
});

test('no session is made before the first message, and only the widget key is stored', async () => {
  const page = await chromium.newPage();
  const sent = [];
  page.on('request', (request) => request.method() === 'POST' && sent.push(new URL(request.url()).pathname));
  await page.goto(shop.origin);
  const widget = widgetOn(page);
  await widget.open();
  await widget.box.fill('A draft that is not sent');
  assert.deepEqual(sent, []);
  await page.reload();
  await widget.panel.waitFor();
  assert.equal(await widget.box.inputValue(), 'A draft that is not sent');
  const keys = await page.evaluate(() => [Object.keys(localStorage), document.cookie, Object.keys(window).filter((name) => /chatloom/i.test(name))]);
  assert.match(keys[0].join(), /^chatloom:[0-9a-f-]{36}$/);
  assert.deepEqual(keys.slice(1), ['', ['Chatloom']]);
});
