// An answer while it is being written: how often it is painted, what the reader can do meanwhile, and what stays put.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { startChatloom } from './support/chatloom.js';
import { launchChromium } from './support/chromium.js';
import { serveHostPage } from './support/host-page.js';
import { dictate, startModel } from './support/model.js';
import { comeToRest, widgetOn } from './support/widget.js';

let chatloom, chromium, model, shop;

before(async () => {
  model = await startModel();
  chatloom = await startChatloom(model.env);
  chromium = await launchChromium();
  const { embedCode } = await chatloom.dashboard.createWidget({ agent: model.agent });
  shop = await serveHostPage(embedCode);
});

after(async () => {
  await chromium?.close();
  await shop?.close();
  await chatloom?.stop();
  await model?.close();
});

/** Opens the chat and asks; the answer is what the test dictates. */
async function askForDictation(options) {
  const page = await chromium.newPage(options);
  await page.goto(shop.origin);
  const widget = widgetOn(page);
  await widget.open();
  const answer = dictate();
  model.answer = () => answer.pieces;
  await widget.ask('Go on');
  await widget.questions.first().waitFor();
  return { page, widget, ...answer };
}

/** Many lines, so that the thread has something to scroll. */
const lines = (from, to) => Array.from({ length: to - from }, (_, at) => `Line ${from + at}`).join('\n\n') + '\n\n';

/** How far the thread is scrolled from its end, in pixels. */
function distanceToEnd(page) {
  return page.locator('.scroller').evaluate((scroller) => scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight);
}

test('the dots stand until the first words, and then the words', async () => {
  const { page, widget, say, end } = await askForDictation();
  const dots = page.locator('.dots');
  await dots.waitFor();
  assert.equal(await widget.answers.locator('.text').innerText(), '');
  say('The first ');
  await widget.answers.getByText('The first').waitFor();
  assert.equal(await dots.isVisible(), false);
  say('words.');
  end();
  await widget.answers.getByText('The first words.').waitFor();
  await widget.settled();
});

test('however many pieces come, the answer is painted at most once a frame', async () => {
  const { page, widget, say, end } = await askForDictation();
  say('Beginning. ');
  await widget.answers.getByText('Beginning.').waitFor();
  await page.evaluate(() => {
    const text = document.querySelector('chatloom-widget').shadowRoot.querySelector('.answer .text');
    window.paints = { most: 0, now: 0, frames: 0, all: 0 };
    // Observers are told once for all changes of a task, so a task that paints counts as one.
    new MutationObserver(() => (paints.now++, paints.all++)).observe(text, { childList: true, subtree: true, characterData: true });
    const frame = () => {
      paints.frames++;
      paints.most = Math.max(paints.most, paints.now);
      paints.now = 0;
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  });
  for (let number = 0; number < 3000; number++) say(`word${number} `);
  say('The end.');
  await widget.answers.getByText('The end.').waitFor();
  const { most, all } = await page.evaluate(() => paints);
  assert.ok(all > 0, 'nothing was painted');
  assert.ok(most <= 1, `${most} paints in one frame`);
  end();
  await widget.settled();
});

test('who reads at the end is taken along, and who has scrolled up is left alone until they jump', async () => {
  const { page, widget, say, end } = await askForDictation();
  const jump = page.getByRole('button', { name: 'Jump to latest' });
  say(lines(0, 60));
  await widget.answers.getByText('Line 59').waitFor();
  assert.ok((await distanceToEnd(page)) <= 1, 'the thread did not follow');
  assert.equal(await jump.count(), 0);

  await page.locator('.scroller').hover();
  await page.mouse.wheel(0, -600);
  await jump.waitFor();
  const place = () => page.locator('.scroller').evaluate((scroller) => scroller.scrollTop);
  await page.locator('.scroller').evaluate((scroller) => new Promise((resolve) => {
    // A wheel may scroll smoothly; wait until two frames agree.
    let last = -1;
    const look = () => (scroller.scrollTop === last ? resolve() : ((last = scroller.scrollTop), requestAnimationFrame(look)));
    look();
  }));
  const before = await place();
  say(lines(60, 90));
  await widget.answers.getByText('Line 89').waitFor({ state: 'attached' });
  assert.equal(await place(), before);

  await jump.click();
  assert.ok((await distanceToEnd(page)) <= 1, 'the button did not jump');
  assert.equal(await jump.count(), 0);
  say(lines(90, 120));
  await widget.answers.getByText('Line 119').waitFor();
  assert.ok((await distanceToEnd(page)) <= 1, 'the thread does not follow after the jump');
  end();
  await widget.settled();
});

test('a selection in a finished block survives what is written below it', async () => {
  const { page, widget, say, end } = await askForDictation();
  say('A sentence that **someone** marks.\n\nThe next ');
  await widget.answers.getByText('The next').waitFor();
  const selected = () => page.evaluate(() => {
    const root = document.querySelector('chatloom-widget').shadowRoot;
    return [getSelection().isCollapsed, window.marked?.toString(), root.contains(window.marked?.startContainer)];
  });
  await page.evaluate(() => {
    const block = document.querySelector('chatloom-widget').shadowRoot.querySelector('.answer .text p');
    window.marked = document.createRange();
    marked.selectNodeContents(block);
    getSelection().setBaseAndExtent(marked.startContainer, 0, marked.endContainer, marked.endContainer.childNodes.length);
  });
  const before = await selected();
  assert.deepEqual(before, [false, 'A sentence that someone marks.', true]);
  say('grows and **grows**.\n\n- and\n- a list\n\n```js\nand code\n');
  await widget.answers.getByText('and code').waitFor();
  assert.deepEqual(await selected(), before);
  say('```\n');
  end();
  await widget.settled();
  assert.deepEqual(await selected(), before);
});

test('the copy button copies exactly the code and says so', async () => {
  const code = 'const a = "<b>";\n\n\tif (a) {\n    return `x`;  \n}';
  const { page, widget, say, end } = await askForDictation({ permissions: ['clipboard-read', 'clipboard-write'] });
  say(`Like this:\n\n~~~js\n${code}\n~~~\n\nDone.`);
  end();
  await widget.settled();
  await page.getByRole('button', { name: 'Copy code' }).click();
  await page.getByRole('button', { name: 'Copied' }).waitFor();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), code);
  await page.getByRole('button', { name: 'Copy code' }).waitFor();
});

test('the send button becomes the stop button in its place, with its own name, and back', async () => {
  const { page, widget, say } = await askForDictation();
  const send = page.getByRole('button', { name: 'Send message' });
  say('Beginning. ');
  await widget.stop.waitFor();
  await comeToRest(page);
  assert.equal(await send.count(), 0);
  const place = await widget.stop.boundingBox();
  await widget.stop.click();
  await send.waitFor();
  await comeToRest(page);
  assert.deepEqual(await send.boundingBox(), place);
  assert.equal(await widget.stop.count(), 0);
});

test('the server is told of a stop, and the model is left', async () => {
  const { page, widget, say } = await askForDictation();
  const told = page.waitForRequest((request) => request.method() === 'POST' && request.url().endsWith('/stop'));
  say('Half a sentence');
  await widget.answers.getByText('Half a sentence').waitFor();
  await widget.stop.click();
  await told;
  await page.getByText('You stopped this answer.').waitFor();
  assert.equal(await widget.answers.locator('.text').innerText(), 'Half a sentence');
});
