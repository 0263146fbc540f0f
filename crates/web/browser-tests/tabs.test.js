// Several tabs of one site are one conversation.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { startChatloom } from './support/chatloom.js';
import { launchChromium } from './support/chromium.js';
import { serveHostPage } from './support/host-page.js';
import { assertGrew, lastAnswer, watchGrowth, widgetOn } from './support/widget.js';

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

/** Two tabs in one profile, with the panel open in both. */
async function openTwoTabs() {
  const first = await chromium.newPage();
  const second = await first.context().newPage();
  const tabs = [];
  for (const page of [first, second]) {
    await page.goto(shop.origin);
    const widget = widgetOn(page);
    // The second opens by itself, since the first is open.
    if (page === first) await widget.open();
    await widget.panel.waitFor();
    await widget.settled();
    tabs.push({ page, widget });
  }
  return tabs;
}

test('a second tab shows the question and follows the same answer', async () => {
  const [one, two] = await openTwoTabs();
  await one.widget.askAtLength();
  await two.widget.stop.waitFor();
  assert.equal(await two.page.locator('.status').innerText(), 'Still writing your answer…');
  await two.widget.ask('Not now');
  assert.equal(await two.widget.box.inputValue(), 'Not now');
  const growth = await Promise.all([watchGrowth(one.page), watchGrowth(two.page)]);
  growth.forEach(assertGrew);
  assert.ok(growth[1].length > 3, `the answer came at once: ${growth[1]}`);
  assert.equal(await lastAnswer(two.page), await lastAnswer(one.page));

  // And the other way round, in the same conversation.
  await two.widget.box.press('Enter');
  await one.widget.questions.nth(1).waitFor();
  assert.match(await one.widget.questions.nth(1).innerText(), /Not now/);
  await Promise.all([one.widget.settled(), two.widget.settled()]);
  for (const { widget } of [one, two]) {
    assert.equal(await widget.questions.count(), 2);
    assert.equal(await widget.answers.count(), 2);
  }
});

test('an answer is stopped in every tab from any', async () => {
  const [one, two] = await openTwoTabs();
  await one.widget.askAtLength();
  await two.widget.stop.click();
  for (const { page } of [one, two]) await page.getByText('You stopped this answer.').waitFor();
  assert.equal(await lastAnswer(two.page), await lastAnswer(one.page));
});

test('an answer that one tab has written again is written again in every tab', async () => {
  const [one, two] = await openTwoTabs();
  await one.widget.askAtLength();
  await two.widget.stop.waitFor();
  await chatloom.kill();
  await chatloom.start();
  await Promise.all([one.widget.again.waitFor(), two.widget.again.waitFor()]);
  await two.widget.again.click();
  await one.widget.stop.waitFor();
  (await Promise.all([watchGrowth(one.page), watchGrowth(two.page)])).forEach(assertGrew);
  const answer = await lastAnswer(one.page);
  assert.match(answer, /for more\.$/);
  assert.equal(await lastAnswer(two.page), answer);
  for (const { widget } of [one, two]) {
    assert.equal(await widget.answers.count(), 1);
    assert.equal(await widget.problem.count(), 0);
  }
});

test('a new conversation begins in every tab', async () => {
  const [one, two] = await openTwoTabs();
  await one.widget.ask('hello');
  await two.widget.answers.first().locator('.text:not(:empty)').waitFor();
  await Promise.all([one.widget.settled(), two.widget.settled()]);
  await two.page.getByRole('button', { name: 'New conversation' }).click();
  await one.page.locator('.welcome').waitFor();
  assert.equal(await one.widget.questions.count(), 0);
});

test('of two questions at once one is answered, and the other tab keeps its text', async () => {
  const [one, two] = await openTwoTabs();
  await one.widget.ask('hello');
  await two.widget.answers.first().locator('.text:not(:empty)').waitFor();
  await Promise.all([one.widget.settled(), two.widget.settled()]);
  await Promise.all([one, two].map(({ widget }, index) => widget.ask(`Question of tab ${index + 1}`)));
  for (const { widget } of [one, two]) {
    await widget.questions.nth(1).waitFor();
    await widget.answers.nth(1).locator('.text:not(:empty)').waitFor();
  }
  await Promise.all([one.widget.settled(), two.widget.settled()]);
  const shown = await Promise.all([one, two].map(({ widget }) => widget.questions.allInnerTexts()));
  assert.deepEqual(shown[0], shown[1]);
  const kept = await Promise.all([one, two].map(({ widget }) => widget.box.inputValue()));
  const told = [...kept.filter(Boolean), ...shown[0].slice(1).map((text) => text.split('\n').pop())];
  assert.deepEqual(told.sort(), ['Question of tab 1', 'Question of tab 2']);
});

test('without storage a tab works by itself', async () => {
  const page = await chromium.newPage();
  const errors = [];
  page.on('pageerror', (error) => errors.push(error.message));
  await page.addInitScript(() => {
    for (const area of ['localStorage', 'sessionStorage']) {
      Object.defineProperty(window, area, { get: () => { throw new DOMException('blocked', 'SecurityError'); } });
    }
  });
  await page.goto(shop.origin);
  const widget = widgetOn(page);
  await widget.open();
  for (const question of ['hello', 'code']) {
    await widget.ask(question);
    await watchGrowth(page);
    await widget.settled();
  }
  assert.equal(await widget.questions.count(), 2);
  assert.deepEqual(errors, []);
});
