// Calls and clicks that come while something else is on its way: none is lost, and none undoes another.

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, before, test } from 'node:test';

import { call, tokenOf, visitCalling } from './support/calls.js';
import { startChatloom } from './support/chatloom.js';
import { launchChromium } from './support/chromium.js';
import { startModel } from './support/model.js';

let chatloom, chromium, model, widgetId, embedCode, identitySecret;

before(async () => {
  model = await startModel();
  chatloom = await startChatloom(model.env);
  chromium = await launchChromium();
  ({ id: widgetId, embedCode } = await chatloom.dashboard.createWidget({ agent: model.agent, pageContext: true }));
  ({ identitySecret } = await chatloom.dashboard.call('POST', `/widgets/${widgetId}/identity-secret`));
});

after(async () => {
  await chromium?.close();
  await chatloom?.stop();
  await model?.close();
});

const visit = (t, early = '', code = embedCode) => visitCalling(t, chromium, code, early);

/** Keeps the panel back until the function that it gives is called. */
async function holdPanel(page) {
  let release;
  const isReleased = new Promise((resolve) => (release = resolve));
  await page.route('**/widget/panel-*', (route) => isReleased.then(() => route.continue()));
  return release;
}

function proofOf(sub) {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const text = `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ sub, aud: widgetId, exp: Math.floor(Date.now() / 1000) + 1800 })}`;
  return `${text}.${createHmac('sha256', identitySecret).update(text).digest('base64url')}`;
}

const focused = (page) => page.evaluate(() => document.activeElement?.shadowRoot?.activeElement?.localName ?? document.activeElement?.localName);

for (const verb of ['reset', 'identify']) {
  test(`a widget that is destroyed right after ${verb} stays away`, async (t) => {
    const { page, errors } = await visit(t);
    await page.evaluate((name) => {
      Chatloom(name);
      Chatloom('destroy');
    }, verb);
    await page.waitForFunction(() => !('Chatloom' in window));
    await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
    assert.equal(await page.locator('chatloom-widget').count(), 0);
    assert.deepEqual(errors, []);
  });
}

test('reset forgets who the visitor was, so that nothing of them comes back', async (t) => {
  const { page, widget } = await visit(t, `Chatloom('identify', '${proofOf('ada@example.com')}')`);
  await call(page, 'send', 'I am Ada');
  await widget.answers.getByText('Hello.').waitFor();
  await widget.settled();
  await call(page, 'reset');
  await call(page, 'open');
  await page.locator('.welcome').waitFor();
  assert.equal(await widget.questions.count(), 0);
});

test('a text that is sent before the visitor is named is asked in their name, and one click opens for them', async (t) => {
  const { page, widget } = await visit(t);
  const release = await holdPanel(page);
  const opened = page.waitForRequest((request) => request.method() === 'POST' && request.url().endsWith('/sessions'));
  await widget.launcher.click();
  await call(page, 'send', 'Hi');
  const proof = proofOf('bob@example.com');
  await call(page, 'identify', proof);
  release();
  assert.equal(await (await opened).headerValue('x-visitor-identity'), proof);
  await widget.answers.getByText('Hello.').waitFor();
  assert.ok(await widget.panel.isVisible());
});

test('naming the same visitor again leaves the open conversation alone', async (t) => {
  const { page, widget } = await visit(t, `Chatloom('identify', '${proofOf('cid@example.com')}')`);
  await call(page, 'open');
  await widget.box.fill('half a thou');
  await call(page, 'identify', proofOf('cid@example.com'));
  await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
  assert.equal(await focused(page), 'textarea');
  await widget.box.pressSequentially('ght');
  assert.equal(await widget.box.inputValue(), 'half a thought');
});

test('two texts that are sent while the history loads: one is asked, the other waits in the box', async (t) => {
  const { page, widget } = await visit(t, "if (location.hash) { Chatloom('send', 'Second'); Chatloom('send', 'Third'); }");
  await call(page, 'send', 'First');
  await widget.answers.getByText('Hello.').waitFor();
  await widget.settled();
  await page.evaluate(() => (location.hash = '#again'));
  await widget.reload();
  await widget.questions.getByText('Second').waitFor();
  await widget.settled();
  assert.equal(await widget.questions.count(), 2);
  assert.equal(await widget.box.inputValue(), 'Third');
});

test('a second, impatient click takes nothing back', async (t) => {
  const { page, widget } = await visit(t);
  const release = await holdPanel(page);
  await widget.launcher.click();
  await widget.launcher.click();
  release();
  await widget.panel.waitFor();
  await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
  assert.ok(await widget.panel.isVisible());
});

test('what the page says of itself never keeps a question from being asked', async (t) => {
  const { page, widget, errors } = await visit(t);
  const contexts = [
    '({ cart: { items: [{ options: { size: { name: "M" } } }] } })',
    '(() => { const circle = {}; circle.self = circle; return circle; })()',
    '({ much: "x".repeat(3000) })',
    '({ half: "\\ud83d" })',
    '({ big: 10n })',
  ];
  for (const [at, context] of contexts.entries()) {
    await page.evaluate(`Chatloom('setContext', ${context})`);
    await call(page, 'send', `Question ${at}`);
    await widget.answers.nth(at).getByText('Hello.').waitFor();
    await widget.settled();
  }
  assert.equal(await widget.problem.count(), 0);
  assert.deepEqual(errors, []);
});

test('closing by the page, and opening another widget, take the focus from nobody', async (t) => {
  const other = await chatloom.dashboard.createWidget({ agent: model.agent, customization: { title: 'Other' } });
  const { page, widget } = await visit(t, '', `${embedCode}\n<input id="field">\n${other.embedCode}`);
  await page.locator('.launcher').nth(1).waitFor();
  await call(page, 'open');
  await widget.panel.waitFor();
  await page.locator('#field').focus();
  await call(page, 'close');
  await widget.panel.waitFor({ state: 'hidden' });
  assert.equal(await focused(page), 'input');
  await call(page, 'open');
  await page.evaluate((token) => Chatloom.get(token)('open'), tokenOf(other.embedCode));
  await page.getByRole('dialog', { name: 'Other' }).waitFor();
  await page.waitForFunction(() => document.activeElement?.shadowRoot?.activeElement?.localName === 'textarea');
});

test('a widget that comes back takes a free place, and none of another', async (t) => {
  const other = await chatloom.dashboard.createWidget({ agent: model.agent, customization: { title: 'Other' } });
  const { page } = await visit(t, '', embedCode + other.embedCode);
  await page.locator('.launcher').nth(1).waitFor();
  await call(page, 'open');
  await call(page, 'identify', proofOf('dan@example.com'));
  await page.waitForFunction(() => document.querySelectorAll('chatloom-widget').length === 2);
  const lefts = await page.locator('.launcher').evaluateAll((all) => all.map((launcher) => launcher.getBoundingClientRect().left));
  assert.ok(Math.abs(lefts[0] - lefts[1]) >= 56, `the launchers stand at ${lefts}`);
});

test('a starter prompt keeps the focus in the panel', async (t) => {
  const { embedCode: code } = await chatloom.dashboard.createWidget({ agent: model.agent, customization: { starterPrompts: ['Prices?'] } });
  const { page, widget } = await visit(t, '', code);
  await widget.open();
  await page.getByRole('button', { name: 'Prices?' }).press('Enter');
  await widget.answers.getByText('Hello.').waitFor();
  await page.keyboard.press('Escape');
  await widget.panel.waitFor({ state: 'hidden' });
});

test('Escape that takes back the proposal of an input method leaves the panel open', async (t) => {
  const { page, widget } = await visit(t);
  await widget.open();
  await widget.box.dispatchEvent('keydown', { key: 'Escape', isComposing: true, bubbles: true, composed: true });
  assert.ok(await widget.panel.isVisible());
  await widget.box.fill('word');
  await widget.box.dispatchEvent('keydown', { key: 'Enter', keyCode: 229, bubbles: true, composed: true });
  assert.equal(await widget.questions.count(), 0);
});
