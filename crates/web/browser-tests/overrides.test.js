// What the page wants otherwise: attributes of the script tag that beat the owner's settings, and the chat in an element.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { call, withAttributes } from './support/calls.js';
import { startChatloom } from './support/chatloom.js';
import { keepScreenshot, launchChromium } from './support/chromium.js';
import { serveHostPage } from './support/host-page.js';
import { comeToRest, watchGrowth, widgetOn } from './support/widget.js';

const PHONE = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };

let chatloom, chromium, embedCode;

before(async () => {
  chatloom = await startChatloom();
  chromium = await launchChromium();
  const customization = { theme: 'light', position: 'bottom-right', title: 'Shop help' };
  ({ embedCode } = await chatloom.dashboard.createWidget({ customization }));
});

after(async () => {
  await chromium?.close();
  await chatloom?.stop();
});

/** A page whose script has these attributes, and the lines that the widget wrote to the console. */
async function visit(t, attributes, { options = {}, extra = '' } = {}) {
  const site = await serveHostPage(withAttributes(embedCode, attributes), { extra });
  t.after(() => site.close());
  const page = await chromium.newPage(options);
  t.after(() => page.context().close());
  const lines = [];
  page.on('console', (message) => /Chatloom/.test(message.text()) && lines.push(message.text()));
  await page.goto(site.origin);
  return { page, lines, widget: widgetOn(page) };
}

const isDark = (page) => page.locator('.cw').evaluate((panel) => getComputedStyle(panel).colorScheme === 'dark');

test('data-theme beats the owner\'s theme, and auto follows the visitor\'s system', async (t) => {
  for (const [attributes, colorScheme, dark] of [
    ['', 'dark', false],
    ['data-theme="dark"', 'light', true],
    ['data-theme="auto"', 'dark', true],
    ['data-theme="auto"', 'light', false],
  ]) {
    const { page, widget, lines } = await visit(t, attributes, { options: { colorScheme } });
    await widget.open();
    assert.equal(await isDark(page), dark, `${attributes} ${colorScheme}`);
    assert.deepEqual(lines, []);
  }
});

test('data-theme="auto" follows a system that changes its mind', async (t) => {
  const { page, widget } = await visit(t, 'data-theme="auto"', { options: { colorScheme: 'light' } });
  await widget.open();
  await page.emulateMedia({ colorScheme: 'dark' });
  await page.locator('.cw.dark').waitFor();
  assert.equal(await isDark(page), true);
});

test('data-position beats the owner\'s position', async (t) => {
  const { page, widget } = await visit(t, 'data-position="top-left"');
  await widget.launcher.waitFor();
  const { x, y } = await widget.launcher.boundingBox();
  assert.deepEqual([x, y], [20, 20]);
  await widget.open();
  await comeToRest(page);
  assert.equal((await widget.panel.boundingBox()).x, 20);
});

test('a value that is none is ignored, with one line for it', async (t) => {
  const { page, widget, lines } = await visit(t, 'data-theme="purple" data-position="middle" data-locale="x}{*"', { options: { colorScheme: 'dark' } });
  await widget.open();
  await comeToRest(page);
  assert.equal(await isDark(page), false);
  const { x, width } = await widget.panel.boundingBox();
  assert.equal(x + width, 1260);
  assert.equal(lines.length, 3, `${lines}`);
  for (const [at, value] of ['purple', 'middle', 'x}{*'].entries()) assert.ok(lines[at].includes(value), lines[at]);
});

test('data-open opens the panel without taking the focus, and no more once the visitor has closed it', async (t) => {
  const { page, widget } = await visit(t, 'data-open="true"');
  await widget.panel.waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.localName), 'body');
  await call(page, 'close');
  await page.reload();
  await widget.launcher.waitFor();
  await page.waitForLoadState('networkidle');
  assert.equal(await widget.panel.isVisible(), false);
});

test('data-open does not cover a small screen', async (t) => {
  const { page, widget } = await visit(t, 'data-open="true"', { options: PHONE });
  await widget.launcher.waitFor();
  await page.waitForLoadState('networkidle');
  assert.equal(await widget.panel.isVisible(), false);
});

const PLACE = '<div id="chat" style="width:600px;height:420px;margin:20px"></div>';

for (const [name, options] of [['desktop', {}], ['phone', PHONE]]) {
  test(`data-target fills the element, without a launcher, and chats: ${name}`, async (t) => {
    const { page, lines } = await visit(t, 'data-target="#chat"', { extra: PLACE.replace('600px', '340px'), options });
    const region = page.getByRole('region', { name: 'Shop help' });
    await region.waitFor();
    await comeToRest(page);
    const place = await page.locator('#chat').boundingBox();
    assert.deepEqual(await region.boundingBox(), place);
    assert.equal(await page.locator('.launcher').count(), 0);
    assert.equal(await page.getByRole('dialog').count(), 0);
    // The page opened it, not the visitor.
    assert.equal(await page.evaluate(() => document.activeElement.localName), 'body');
    const widget = widgetOn(page);
    await widget.ask('Hello');
    await watchGrowth(page);
    await widget.settled();
    assert.deepEqual(await region.boundingBox(), place);
    // There is nothing to close.
    assert.equal(await page.getByRole('button', { name: 'Close chat' }).count(), 0);
    await page.keyboard.press('Escape');
    await call(page, 'close');
    assert.ok(await region.isVisible());
    assert.deepEqual(lines, []);
    await keepScreenshot(page, `inline-${name}`);
  });
}

test('an inline chat goes with destroy and leaves its element as it was', async (t) => {
  const { page } = await visit(t, 'data-target="#chat"', { extra: PLACE });
  await page.getByRole('region', { name: 'Shop help' }).waitFor();
  await call(page, 'destroy');
  assert.equal(await page.locator('#chat').evaluate((place) => place.outerHTML), PLACE);
});

test('a target that is not there gives no chat and one line that names it', async (t) => {
  const { page, lines } = await visit(t, 'data-target="#nowhere"');
  while (!lines.length) await page.waitForEvent('console');
  assert.equal(lines.length, 1);
  assert.match(lines[0], /#nowhere/);
  assert.equal(await page.locator('chatloom-widget').count(), 0);
});

test('a script without a token gives no chat and one line', async (t) => {
  const site = await serveHostPage(embedCode.replace(/data-token="[^"]+"/, ''));
  t.after(() => site.close());
  const page = await chromium.newPage();
  const lines = [];
  const errors = [];
  page.on('console', (message) => message.type() === 'warning' && lines.push(message.text()));
  page.on('pageerror', (error) => errors.push(error.message));
  await page.goto(site.origin);
  assert.equal(lines.length, 1);
  assert.match(lines[0], /data-token/);
  assert.equal(await page.evaluate(() => 'Chatloom' in window), false);
  assert.deepEqual(errors, []);
});
