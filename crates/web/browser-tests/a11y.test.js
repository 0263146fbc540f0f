// The widget for people who use a keyboard or a screen reader, on large and small screens.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { startChatloom } from './support/chatloom.js';
import { launchChromium } from './support/chromium.js';
import { serveHostPage } from './support/host-page.js';
import { comeToRest, watchGrowth, widgetOn } from './support/widget.js';

const PHONE = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true };

let chatloom, chromium, shop;

before(async () => {
  chatloom = await startChatloom();
  chromium = await launchChromium();
  const { embedCode } = await chatloom.dashboard.createWidget({
    customization: { primaryColor: '#facc15', title: 'Shop help', starterPrompts: ['How do refunds work?'] },
  });
  shop = await serveHostPage(embedCode);
});

after(async () => {
  await chromium?.close();
  await shop?.close();
  await chatloom?.stop();
});

async function visit(options) {
  const page = await chromium.newPage(options);
  await page.goto(shop.origin);
  const widget = widgetOn(page);
  await widget.launcher.waitFor();
  return { page, widget };
}

test('opening moves the focus to the box, Escape brings it back and stays in the widget', async () => {
  const { page, widget } = await visit();
  await page.evaluate(() => {
    window.heard = [];
    addEventListener('keydown', (event) => heard.push(event.key));
  });
  const focused = () => page.evaluate(() => document.querySelector('chatloom-widget').shadowRoot.activeElement?.localName);
  await widget.open();
  assert.equal(await focused(), 'textarea');
  assert.equal(await widget.launcher.getAttribute('aria-expanded'), 'true');
  await page.keyboard.type('x');
  await page.keyboard.press('Escape');
  assert.equal(await focused(), 'button');
  assert.equal(await widget.launcher.getAttribute('aria-expanded'), 'false');
  assert.deepEqual(await page.evaluate(() => heard), []);
});

test('a phone gets a sheet over the whole screen that keeps the focus', async () => {
  const { page, widget } = await visit(PHONE);
  await widget.launcher.tap();
  await widget.panel.waitFor();
  await comeToRest(page);
  assert.deepEqual(await widget.panel.boundingBox(), { x: 0, y: 0, width: 390, height: 844 });
  for (let press = 0; press < 12; press++) {
    await page.keyboard.press('Tab');
    const inside = await page.evaluate(() => document.querySelector('chatloom-widget').shadowRoot.activeElement?.closest('.cw') !== null);
    assert.ok(inside, `Tab ${press + 1} left the sheet`);
  }
});

test('the live region hears whole blocks without marks, and the thread is not live', async () => {
  const { page, widget } = await visit();
  await widget.open();
  assert.equal(await page.locator('.scroller').getAttribute('aria-live'), null);
  await widget.ask('Show me a list');
  await watchGrowth(page);
  const heard = await page.locator('[role=log] p').allInnerTexts();
  assert.ok(heard.length > 0 && heard.length <= 6);
  assert.doesNotMatch(heard.join(' '), /\*\*|```|\|\s*-/);
});

test('Enter sends, Shift+Enter makes a line, and nothing is not sent', async () => {
  const { page, widget } = await visit();
  await widget.open();
  await widget.box.press('Enter');
  assert.equal(await widget.questions.count(), 0);
  await widget.box.pressSequentially('one');
  await widget.box.press('Shift+Enter');
  await widget.box.pressSequentially('two');
  await widget.box.press('Enter');
  assert.match(await widget.questions.innerText(), /one\ntwo/);
  await watchGrowth(page);
});

test('reduced motion stops every animation', async () => {
  const { page, widget } = await visit({ reducedMotion: 'reduce' });
  await widget.open();
  await widget.ask('Hello');
  await widget.answers.first().waitFor();
  assert.equal(await page.evaluate(() => document.querySelector('chatloom-widget').shadowRoot.getAnimations().length), 0);
  await watchGrowth(page);
});
