// An answer goes on where it was: after a reload, a broken connection, a killed server, a tunnel.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { startChatloom } from './support/chatloom.js';
import { launchChromium } from './support/chromium.js';
import { startCutter } from './support/cutter.js';
import { serveHostPage } from './support/host-page.js';
import { LONG, assertGrew, lastAnswer, watchGrowth, widgetOn } from './support/widget.js';

const MESSAGES = '**/api/widget-chat/sessions/*/messages';

let chatloom, chromium, cutter, shop;

before(async () => {
  chatloom = await startChatloom();
  chromium = await launchChromium();
  const { embedCode } = await chatloom.dashboard.createWidget();
  cutter = await startCutter(chatloom.base);
  shop = await serveHostPage(embedCode.replace(chatloom.base, cutter.base));
});

after(async () => {
  await chromium?.close();
  await shop?.close();
  await cutter?.close();
  await chatloom?.stop();
});

async function openChat(prepare = () => {}) {
  const page = await chromium.newPage();
  await prepare(page);
  await page.goto(shop.origin);
  const widget = widgetOn(page);
  await widget.open();
  return { page, widget };
}

/** The conversation is one question and one answer, whole, and the same when it is read from the history. */
async function assertWhole(page, widget, question = LONG) {
  assert.equal(await widget.problem.count(), 0);
  const shown = await lastAnswer(page);
  assert.match(shown, /for more\.$/);
  await widget.reload();
  await widget.settled();
  assert.deepEqual(await widget.questions.locator('div').allInnerTexts(), [question]);
  assert.equal(await widget.answers.count(), 1);
  assert.equal(await lastAnswer(page), shown);
}

test('a reload in mid-answer continues the same answer where it was', async () => {
  const { page, widget } = await openChat();
  await widget.askAtLength();
  // Long enough for most of it to have been stored, which happens twice in a second.
  await page.waitForFunction(() => document.querySelector('chatloom-widget').shadowRoot.querySelector('.answer .text').textContent.length > 200);
  const before = (await lastAnswer(page)).length;
  await widget.reload();
  await widget.stop.waitFor();
  const lengths = await watchGrowth(page);
  assertGrew(lengths);
  // Of the text that had been seen, at most half a second is not stored yet.
  assert.ok(lengths.find(Boolean) > before / 2, `${before} before, then ${lengths}`);
  await assertWhole(page, widget);
});

test('a stream that is cut again and again, anywhere, brings every piece once', async () => {
  const { page, widget } = await openChat();
  let cuts = 0;
  // A fixed sequence that is different at every step (Lehmer's generator), so that a failure can be repeated.
  let random = 20260217;
  cutter.limit = () => {
    random = (random * 48271) % 2147483647;
    cuts++;
    return 1000 + (random % 4000);
  };
  // The connections that are open have no limit yet.
  cutter.cut();
  await widget.ask(LONG);
  const lengths = await watchGrowth(page);
  cutter.limit = () => Infinity;
  cutter.cut();
  assertGrew(lengths);
  assert.ok(cuts > 3, `only ${cuts} connections`);
  await assertWhole(page, widget);
});

test('offline in mid-answer, and back: the answer goes on by itself', async () => {
  const { page, widget } = await openChat();
  await widget.askAtLength();
  // The browser keeps what is open when it plays offline, and a real tunnel does not.
  await page.context().setOffline(true);
  cutter.cut();
  await page.getByText('Reconnecting').waitFor();
  await page.context().setOffline(false);
  assertGrew(await watchGrowth(page));
  assert.equal(await page.getByText('Reconnecting').count(), 0);
  await assertWhole(page, widget);
});

test('a question that is asked offline waits in sight and is sent once', async () => {
  const { page, widget } = await openChat();
  await page.context().setOffline(true);
  await widget.ask(LONG);
  await page.getByText('sent as soon as you are back').waitFor();
  assert.equal(await widget.questions.count(), 1);
  assert.equal(await widget.box.inputValue(), '');
  await page.context().setOffline(false);
  await watchGrowth(page);
  await assertWhole(page, widget);
});

test('a send that broke after it had arrived is sent again and asks once', async () => {
  const { page, widget } = await openChat();
  const keys = [];
  await page.route(MESSAGES, async (route) => {
    if (route.request().method() !== 'POST') return route.fallback();
    keys.push(await route.request().headerValue('idempotency-key'));
    if (keys.length > 1) return route.fallback();
    // The server takes the message, and the answer never reaches the browser.
    await route.fetch({ headers: { ...(await route.request().allHeaders()), origin: shop.origin } });
    return route.abort('connectionreset');
  });
  await widget.ask(LONG);
  await page.locator('.answer .text:not(:empty)').waitFor();
  await widget.settled();
  assert.equal(new Set(keys).size, 1);
  assert.ok(keys.length > 1 && keys[0]);
  await assertWhole(page, widget);
});

for (const arrives of [true, false]) {
  test(`a reload while a question is being sent keeps it: it ${arrives ? 'had' : 'had not'} arrived`, async () => {
    const { page, widget } = await openChat();
    let caught;
    const isSending = new Promise((resolve) => (caught = resolve));
    await page.route(MESSAGES, async (route) => {
      if (route.request().method() !== 'POST') return route.fallback();
      await page.unroute(MESSAGES);
      const headers = { ...(await route.request().allHeaders()), origin: shop.origin };
      if (arrives) await route.fetch({ headers });
      // No answer: the reload ends the wait.
      caught();
    });
    await widget.ask(LONG);
    await isSending;
    await widget.reload();
    await page.locator('.answer .text:not(:empty)').waitFor();
    await widget.settled();
    await assertWhole(page, widget);
  });
}

test('a page that comes back from the back/forward cache goes on', async () => {
  const { page, widget } = await openChat();
  await widget.askAtLength();
  // The driver keeps pages out of the real cache; these two events are what a page notices of it.
  await page.evaluate(() => dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true })));
  await page.evaluate(() => dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true })));
  await widget.stop.waitFor();
  assertGrew(await watchGrowth(page));
  await assertWhole(page, widget);
});

test('a connection that has gone silent is replaced', async (t) => {
  const { page, widget } = await openChat((page) => page.clock.install());
  t.after(() => (cutter.isSilent = false));
  await widget.askAtLength();
  cutter.isSilent = true;
  const before = await lastAnswer(page);
  await page.clock.fastForward(41_000);
  cutter.isSilent = false;
  cutter.cut();
  await widget.settled();
  assert.ok((await lastAnswer(page)).length > before.length);
  await assertWhole(page, widget);
});

test('a long outage is told, and goes on being mended', async (t) => {
  const { page, widget } = await openChat((page) => page.clock.install());
  t.after(() => (cutter.isDown = false));
  await widget.askAtLength();
  cutter.isDown = true;
  cutter.cut();
  await page.getByText('Reconnecting').waitFor();
  for (let seconds = 0; seconds < 110; seconds += 10) await page.clock.fastForward(10_000);
  await page.getByText('still no connection').waitFor();
  await widget.again.click();
  await page.getByText('Reconnecting').waitFor();
  cutter.isDown = false;
  await widget.settled();
  await assertWhole(page, widget);
});

test('a server killed in mid-answer: what came stays, and Try again has it written anew in its place', async () => {
  const { page, widget } = await openChat();
  await widget.askAtLength();
  await chatloom.kill();
  const before = await lastAnswer(page);
  await page.getByText('Reconnecting').waitFor();
  await chatloom.start();
  await page.getByText('This answer was interrupted.').waitFor();
  assert.ok(before.startsWith((await widget.answers.last().locator('.text').innerText()).slice(0, 20)));

  await widget.reload();
  await widget.again.click();
  await widget.stop.waitFor();
  await watchGrowth(page);
  await assertWhole(page, widget);
});
