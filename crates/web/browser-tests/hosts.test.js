// Host pages of every kind: isolated, served without TLS, with storage blocked, with dialogs of their own. The widget works
// on all of them and leaves nothing behind.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { startChatloom } from './support/chatloom.js';
import { launchChromium } from './support/chromium.js';
import { serveHostPage } from './support/host-page.js';
import { comeToRest, lastAnswer, watchGrowth, widgetOn } from './support/widget.js';

let chatloom, chromium, embedCode;

before(async () => {
  chatloom = await startChatloom();
  chromium = await launchChromium();
  ({ embedCode } = await chatloom.dashboard.createWidget());
});

after(async () => {
  await chromium?.close();
  await chatloom?.stop();
});

/** A page with the widget, and what went wrong on it. */
async function visit(t, { host = 'localhost', prepare = () => {}, ...served } = {}) {
  const site = await serveHostPage(embedCode, served);
  t.after(() => site.close());
  const page = await chromium.newPage();
  const errors = [];
  page.on('pageerror', (error) => errors.push(error.message));
  await prepare(page);
  await page.goto(site.origin.replace('localhost', host));
  const widget = widgetOn(page);
  await widget.launcher.waitFor();
  return { page, widget, errors };
}

/** Asks, and waits for an answer. */
async function chat({ page, widget }, question = 'Hello') {
  await widget.ask(question);
  await watchGrowth(page);
  assert.equal(await widget.problem.count(), 0);
  assert.ok(await lastAnswer(page));
}

test('a page that is isolated from other origins loads the widget and chats', async (t) => {
  const headers = { 'Cross-Origin-Embedder-Policy': 'require-corp', 'Cross-Origin-Opener-Policy': 'same-origin' };
  const visitor = await visit(t, { headers });
  assert.equal(await visitor.page.evaluate(() => crossOriginIsolated), true);
  await visitor.widget.open();
  await chat(visitor);
  assert.deepEqual(visitor.errors, []);
});

test('a page without TLS makes a visitor id and sends it', async (t) => {
  const visitor = await visit(t, { host: 'shop.example' });
  assert.deepEqual(await visitor.page.evaluate(() => [isSecureContext, typeof crypto.randomUUID, typeof navigator.locks]), [false, 'undefined', 'undefined']);
  const opens = visitor.page.waitForRequest((request) => request.method() === 'POST' && request.url().endsWith('/sessions'));
  await visitor.widget.open();
  await chat(visitor);
  const { visitorId } = (await opens).postDataJSON();
  assert.match(visitorId, /^[0-9a-f-]{32,36}$/);
  assert.equal(await visitor.page.evaluate(() => JSON.parse(Object.values(localStorage)[0]).visitorId), visitorId);
  assert.deepEqual(visitor.errors, []);
});

test('with storage blocked the conversation lasts for the life of the page', async (t) => {
  const visitor = await visit(t, {
    prepare: (page) => page.addInitScript(() => {
      for (const area of ['localStorage', 'sessionStorage']) {
        Object.defineProperty(window, area, { get: () => { throw new DOMException('blocked', 'SecurityError'); } });
      }
    }),
  });
  const sessions = [];
  visitor.page.on('request', (request) => request.method() === 'POST' && request.url().endsWith('/sessions') && sessions.push(request.url()));
  await visitor.widget.open();
  await chat(visitor, 'One');
  await visitor.page.keyboard.press('Escape');
  await visitor.widget.open();
  await chat(visitor, 'Two');
  assert.deepEqual(await visitor.widget.questions.locator('div').allInnerTexts(), ['One', 'Two']);
  assert.equal(sessions.length, 1);
  assert.deepEqual(visitor.errors, []);
});

test('a modal dialog of the page covers the widget', async (t) => {
  const { page, widget } = await visit(t, { extra: '<dialog id="consent" style="width:100vw;height:100vh;max-width:none;max-height:none">Cookies?</dialog>' });
  await widget.open();
  await comeToRest(page);
  const { x, y, width, height } = await widget.panel.boundingBox();
  const middle = [x + width / 2, y + height / 2];
  const onTop = () => page.evaluate(([left, top]) => document.elementFromPoint(left, top)?.localName, middle);
  assert.equal(await onTop(), 'chatloom-widget');
  await page.evaluate(() => document.querySelector('#consent').showModal());
  assert.equal(await onTop(), 'dialog');
  await page.evaluate(() => document.querySelector('#consent').close());
  assert.equal(await onTop(), 'chatloom-widget');
});

test('the page keeps its attributes, sheets and cookies, and gets one global at most', async (t) => {
  const bare = await serveHostPage('');
  t.after(() => bare.close());
  const look = (page) => page.evaluate(() => ({
    globals: Object.getOwnPropertyNames(window),
    attributes: ['html', 'head', 'body'].map((name) => document.querySelector(name).getAttributeNames()),
    head: Array.from(document.head.children, (child) => child.localName),
    body: Array.from(document.body.children, (child) => child.localName).filter((name) => name !== 'script'),
    sheets: document.styleSheets.length + document.adoptedStyleSheets.length,
    cookie: document.cookie,
    stored: [...Object.keys(localStorage), ...Object.keys(sessionStorage)],
  }));
  const page = await chromium.newPage();
  await page.goto(bare.origin);
  const before = await look(page);

  const visitor = await visit(t);
  await visitor.widget.open();
  await chat(visitor);
  const { globals, body, stored, ...rest } = await look(visitor.page);
  const { globals: globalsBefore, body: bodyBefore, stored: storedBefore, ...restBefore } = before;
  assert.deepEqual(rest, restBefore);
  assert.deepEqual(body, [...bodyBefore, 'chatloom-widget']);
  const added = globals.filter((name) => !globalsBefore.includes(name));
  assert.ok(added.every((name) => name === 'Chatloom'), `${added}`);
  assert.deepEqual(storedBefore, []);
  assert.ok(stored.length > 0);
  for (const key of stored) assert.match(key, /^chatloom:[0-9a-f-]{36}$/);
  assert.deepEqual(await visitor.page.context().cookies(), []);
});
