// Little room: narrow windows, zoomed pages, widely spaced text, and a phone whose keyboard takes half of the screen.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { startChatloom } from './support/chatloom.js';
import { launchChromium } from './support/chromium.js';
import { findClippedTexts, findSideways } from './support/fit.js';
import { serveHostPage } from './support/host-page.js';
import { startModel } from './support/model.js';
import { comeToRest, widgetOn } from './support/widget.js';

const NARROW = { viewport: { width: 320, height: 640 } };
const PHONE = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };

/** What answers have that is wide. */
const WIDE = [
  `A word: ${'Donaudampfschifffahrt'.repeat(6)}`,
  `See https://example.com/${'a-long-path/'.repeat(12)}`,
  `- a list\n  - and \`${'code_in_a_line'.repeat(8)}\`\n  - **${'bold'.repeat(30)}**`,
  `| ${'column | '.repeat(9)}\n|${'---|'.repeat(9)}\n| ${'a value | '.repeat(9)}`,
  `\`\`\`\n${'x'.repeat(300)}\n\`\`\``,
  `> quoted ${'quotation'.repeat(12)}`,
].join('\n\n');

let chatloom, chromium, model, shop;

before(async () => {
  model = await startModel();
  chatloom = await startChatloom(model.env);
  chromium = await launchChromium();
  const customization = { title: 'Shop help', starterPrompts: ['How do refunds work?', `A prompt that is ${'very '.repeat(12)}long`] };
  const { embedCode } = await chatloom.dashboard.createWidget({ agent: model.agent, customization });
  shop = await serveHostPage(embedCode);
});

after(async () => {
  await chromium?.close();
  await shop?.close();
  await chatloom?.stop();
  await model?.close();
});

async function visit(options, prepare = () => {}) {
  const page = await chromium.newPage(options);
  await prepare(page);
  await page.goto(shop.origin);
  const widget = widgetOn(page);
  await widget.open();
  await comeToRest(page);
  return { page, widget };
}

async function askForMuch({ page, widget }) {
  model.answer = () => [WIDE];
  await widget.ask(`A question with a word: ${'Donaudampfschifffahrt'.repeat(4)}`);
  await widget.answers.locator('blockquote').waitFor();
  await widget.settled();
  await comeToRest(page);
}

/** Runs a finder in the page, on the widget's nodes. */
function find(page, finder) {
  return page.evaluate((source) => {
    const root = document.querySelector('chatloom-widget').shadowRoot;
    return new Function('root', `return (${source})(root)`)(root);
  }, finder.toString());
}

test('320 pixels are wide enough: only code and tables scroll sideways', async () => {
  const visitor = await visit(NARROW);
  assert.deepEqual(await find(visitor.page, findSideways), []);
  await askForMuch(visitor);
  assert.deepEqual(await find(visitor.page, findSideways), []);
  assert.ok(await visitor.widget.answers.locator('pre').evaluate((code) => code.scrollWidth > code.clientWidth), 'the code was not wide');
});

for (const [name, options] of [['desktop', {}], ['phone', PHONE], ['320 pixels', NARROW]]) {
  test(`text that is spaced widely is not cut off: ${name}`, async () => {
    const visitor = await visit(options);
    // The distances of WCAG 2.2, 1.4.12.
    await visitor.page.evaluate(() => {
      const spacing = new CSSStyleSheet();
      spacing.replaceSync('* { line-height: 1.5 !important; letter-spacing: .12em !important; word-spacing: .16em !important } p { margin-bottom: 2em !important }');
      const root = document.querySelector('chatloom-widget').shadowRoot;
      root.adoptedStyleSheets = [...root.adoptedStyleSheets, spacing];
    });
    assert.deepEqual(await find(visitor.page, findClippedTexts), []);
    await askForMuch(visitor);
    assert.deepEqual(await find(visitor.page, findClippedTexts), []);
    assert.deepEqual(await find(visitor.page, findSideways), []);
  });
}

test('the finder of clipped text finds it', async () => {
  const { page } = await visit();
  await page.evaluate(() => {
    const status = document.querySelector('chatloom-widget').shadowRoot.querySelector('.status');
    status.style.cssText = 'height: 6px; overflow: hidden';
  });
  assert.equal((await find(page, findClippedTexts)).length, 1);
});

test('a page that is zoomed to 200 % shows the whole panel, and it works', async () => {
  // Zoom makes the window's CSS pixels fewer: 1280 x 800 become 640 x 400.
  const visitor = await visit({ viewport: { width: 640, height: 400 }, deviceScaleFactor: 2 });
  const { page, widget } = visitor;
  const { x, y, width, height } = await widget.panel.boundingBox();
  assert.ok(x >= 0 && y >= 0 && x + width <= 640 && y + height <= 400, `${[x, y, width, height]}`);
  await askForMuch(visitor);
  assert.deepEqual(await find(page, findSideways), []);
  const room = await page.locator('.scroller').boundingBox();
  assert.ok(room.height >= 100, `${room.height} pixels are left for the messages`);
  await page.getByRole('button', { name: 'Close chat' }).first().click();
  await widget.panel.waitFor({ state: 'hidden' });
});

/** Gives the page a visual viewport that a test sets, as a phone's keyboard does. */
function fakeViewport() {
  const view = Object.assign(new EventTarget(), { height: 844, width: 390, offsetTop: 0, offsetLeft: 0, scale: 1 });
  Object.defineProperty(window, 'visualViewport', { value: view });
}

test('on a phone the box stays above the keyboard, and its letters are too large to zoom for', async () => {
  const { page, widget } = await visit(PHONE, (page) => page.addInitScript(fakeViewport));
  const size = await widget.box.evaluate((box) => parseFloat(getComputedStyle(box).fontSize));
  assert.ok(size >= 16, `${size} px`);
  assert.equal(await widget.box.getAttribute('enterkeyhint'), 'send');
  for (const [height, offsetTop] of [[480, 60], [844, 0]]) {
    await page.evaluate((changes) => {
      Object.assign(visualViewport, changes);
      visualViewport.dispatchEvent(new Event('resize'));
    }, { height, offsetTop });
    await comeToRest(page);
    assert.deepEqual(await widget.panel.boundingBox(), { x: 0, y: offsetTop, width: 390, height });
    const box = await widget.box.boundingBox();
    assert.ok(box.y + box.height <= offsetTop + height, 'the box is below the keyboard');
  }
});

test('a window that changes its width changes the sheet into the panel and back', async () => {
  const { page, widget } = await visit({ viewport: { width: 400, height: 700 } });
  assert.equal(await widget.panel.getAttribute('aria-modal'), 'true');
  await widget.box.fill('A draft');
  await page.setViewportSize({ width: 1000, height: 700 });
  await page.locator('.cw:not([aria-modal])').waitFor();
  await comeToRest(page);
  assert.equal((await widget.panel.boundingBox()).width, 404);
  assert.equal(await widget.box.inputValue(), 'A draft');
  await page.setViewportSize({ width: 400, height: 700 });
  await page.locator('.cw[aria-modal=true]').waitFor();
  await comeToRest(page);
  assert.equal((await widget.panel.boundingBox()).width, 400);
});
