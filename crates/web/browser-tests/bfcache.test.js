// The back/forward cache: the widget keeps no page out of it, and a page that comes back shows what has been said meanwhile.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { startChatloom } from './support/chatloom.js';
import { launchChromium } from './support/chromium.js';
import { serveHostPage } from './support/host-page.js';
import { LONG, assertGrew, lastAnswer, watchGrowth, widgetOn } from './support/widget.js';

let chatloom, chromium, shop;

before(async () => {
  chatloom = await startChatloom();
  // The driver keeps pages out of the cache by a flag of its own.
  chromium = await launchChromium({ ignoreDefaultArgs: ['--disable-back-forward-cache'] });
  const { embedCode } = await chatloom.dashboard.createWidget();
  shop = await serveHostPage(embedCode);
});

after(async () => {
  await chromium?.close();
  await shop?.close();
  await chatloom?.stop();
});

/** A page with the panel open, in a profile of its own; it remembers which listeners were added and how it was shown. */
async function openChat() {
  const page = await chromium.newPage();
  await page.addInitScript(() => {
    window.listeners = [];
    const add = EventTarget.prototype.addEventListener;
    EventTarget.prototype.addEventListener = function (name, ...rest) {
      listeners.push(name);
      return add.call(this, name, ...rest);
    };
    add.call(window, 'pageshow', (event) => (window.isRestored = event.persisted));
  });
  await page.goto(`${shop.origin}/one`);
  const widget = widgetOn(page);
  await widget.open();
  return { page, widget };
}

/** Goes to another page of the site and back; `meanwhile` happens on that page. */
async function leaveAndReturn(page, meanwhile = () => {}) {
  await page.goto(`${shop.origin}/two`);
  await meanwhile(widgetOn(page));
  // The driver's own way back waits for a load that does not happen.
  await page.evaluate(() => void setTimeout(() => history.back()));
  await page.waitForURL('**/one', { waitUntil: 'commit' });
  await page.waitForFunction(() => window.isRestored !== undefined);
  assert.equal(await page.evaluate(() => isRestored), true, 'the page was loaded anew');
}

const questions = (widget) => widget.questions.locator('div').allInnerTexts();

test('a page with a conversation is kept, and comes back as it was', async () => {
  const { page, widget } = await openChat();
  await widget.ask('Hello');
  await watchGrowth(page);
  await widget.settled();
  const before = await lastAnswer(page);
  await widget.box.fill('A draft');
  await leaveAndReturn(page);
  await widget.settled();
  assert.deepEqual(await questions(widget), ['Hello']);
  assert.equal(await lastAnswer(page), before);
  assert.equal(await widget.box.inputValue(), 'A draft');
  await widget.ask('And again');
  await watchGrowth(page);
  assert.deepEqual(await questions(widget), ['Hello', 'And again']);
});

test('a page that comes back shows what was said on the page after it', async () => {
  const { page, widget } = await openChat();
  await widget.ask('On the first page');
  await watchGrowth(page);
  await widget.settled();
  await leaveAndReturn(page, async (next) => {
    await next.panel.waitFor();
    await next.settled();
    await next.ask('On the second page');
    await watchGrowth(page);
    await next.settled();
  });
  await widget.questions.nth(1).waitFor();
  await widget.settled();
  assert.deepEqual(await questions(widget), ['On the first page', 'On the second page']);
  assert.equal(await widget.answers.count(), 2);
});

test('a page that is left in the middle of an answer is kept, and shows all of it', async () => {
  const { page, widget } = await openChat();
  await widget.askAtLength();
  await leaveAndReturn(page);
  assertGrew(await watchGrowth(page));
  await widget.settled();
  assert.match(await lastAnswer(page), /for more\.$/);
  assert.deepEqual(await questions(widget), [LONG]);
  assert.equal(await widget.problem.count(), 0);
});

test('nothing listens for the end of the page, which would keep it out of the cache', async () => {
  const { page, widget } = await openChat();
  await widget.ask('Hello');
  await watchGrowth(page);
  const { listeners, handlers } = await page.evaluate(() => ({ listeners, handlers: [onunload, onbeforeunload] }));
  assert.ok(listeners.includes('pageshow'), 'the listeners were not seen');
  assert.deepEqual(listeners.filter((name) => /unload/.test(name)), []);
  assert.deepEqual(handlers, [null, null]);
});
