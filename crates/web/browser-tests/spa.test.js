// Pages that are one app: they replace and empty their body, insert the script themselves, and take the widget away again.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { tokenOf } from './support/calls.js';
import { startChatloom } from './support/chatloom.js';
import { launchChromium } from './support/chromium.js';
import { serveHostPage } from './support/host-page.js';
import { startModel } from './support/model.js';
import { widgetOn } from './support/widget.js';

let chatloom, chromium, embedCode, model, shop, blank;

before(async () => {
  model = await startModel();
  chatloom = await startChatloom(model.env);
  chromium = await launchChromium();
  ({ embedCode } = await chatloom.dashboard.createWidget({ agent: model.agent }));
  shop = await serveHostPage(embedCode);
  blank = await serveHostPage('');
});

after(async () => {
  await chromium?.close();
  await shop?.close();
  await blank?.close();
  await chatloom?.stop();
  await model?.close();
});

async function visit(t, origin = shop.origin) {
  const page = await chromium.newPage();
  t.after(() => page.context().close());
  const errors = [];
  page.on('pageerror', (error) => errors.push(error.message));
  // What was taken away must not live on in listeners and timers: everything that is added to the page is counted.
  await page.addInitScript(() => {
    window.alive = new Map();
    for (const target of [window, document, visualViewport]) {
      const { addEventListener, removeEventListener } = target;
      const count = (name, by) => alive.set(name, (alive.get(name) ?? 0) + by);
      target.addEventListener = function (name, listener, options) {
        count(name, 1);
        options?.signal?.addEventListener('abort', () => count(name, -1));
        return addEventListener.call(target, name, listener, options);
      };
      target.removeEventListener = function (name, ...rest) {
        count(name, -1);
        return removeEventListener.call(target, name, ...rest);
      };
    }
  });
  await page.goto(origin);
  const widget = widgetOn(page);
  return { page, widget, errors };
}

/** Inserts the script as an app does. */
function embed(page) {
  return page.evaluate(([src, token]) => {
    const script = Object.assign(document.createElement('script'), { src });
    script.dataset.token = token;
    document.head.append(script);
  }, [`${chatloom.base}/widget.js`, tokenOf(embedCode)]);
}

const CHANGES = [
  ['replaced', () => document.documentElement.replaceChild(document.createElement('body'), document.body)],
  ['emptied', () => document.body.replaceChildren()],
  ['emptied as text', () => (document.body.textContent = 'A new page')],
];

for (const [name, change] of CHANGES) {
  test(`the conversation stays where the body is ${name}`, async (t) => {
    const { page, widget, errors } = await visit(t);
    await widget.open();
    await widget.ask('Hello');
    await widget.answers.getByText('Hello.').waitFor();
    await widget.settled();
    await widget.box.fill('A draft');
    for (let round = 0; round < 3; round++) {
      await page.evaluate(change);
      await widget.panel.waitFor();
    }
    assert.equal(await page.locator('chatloom-widget').count(), 1);
    assert.equal(await widget.box.inputValue(), 'A draft');
    await widget.ask('And again');
    await widget.questions.nth(1).waitFor();
    await widget.settled();
    assert.equal(await widget.answers.count(), 2);
    assert.deepEqual(errors, []);
  });
}

test('a page that throws the widget out again and again has its way in the end', async (t) => {
  const { page, widget } = await visit(t);
  await widget.launcher.waitFor();
  const rounds = await page.evaluate(async () => {
    let rounds = 0;
    while (document.querySelector('chatloom-widget') && rounds < 100) {
      document.querySelector('chatloom-widget').remove();
      rounds++;
      // The widget's observer has been told once this task is over.
      await new Promise((resolve) => setTimeout(resolve));
    }
    return rounds;
  });
  assert.ok(rounds > 1 && rounds < 100, `${rounds} rounds`);
});

test('destroy leaves no element, listener, sheet or global behind, and the widget stays gone', async (t) => {
  const { page, widget, errors } = await visit(t, blank.origin);
  const traces = () => page.evaluate(() => ({
    widgets: document.querySelectorAll('chatloom-widget').length,
    global: 'Chatloom' in window,
    sheets: document.styleSheets.length + document.adoptedStyleSheets.length,
    listeners: Object.fromEntries([...alive].filter(([, count]) => count > 0)),
  }));
  const before = await traces();
  await embed(page);
  await widget.open();
  await widget.ask('Hello');
  await widget.answers.getByText('Hello.').waitFor();
  assert.notDeepEqual(await traces(), before);
  const asked = [];
  page.on('request', (request) => request.url().includes('/api/') && asked.push(request.url()));
  await page.evaluate(() => Chatloom('destroy'));
  assert.deepEqual(await traces(), before);
  await page.evaluate(() => document.body.replaceChildren());
  await page.evaluate(() => document.documentElement.replaceChild(document.createElement('body'), document.body));
  await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
  await page.waitForLoadState('networkidle');
  assert.deepEqual(await traces(), before);
  assert.deepEqual(asked, []);
  assert.deepEqual(errors, []);
});

test('destroy while the panel is being fetched leaves nothing behind either', async (t) => {
  const { page, widget, errors } = await visit(t, blank.origin);
  const listeners = () => page.evaluate(() => Object.fromEntries([...alive].filter(([, count]) => count > 0)));
  const before = await listeners();
  let release;
  const isReleased = new Promise((resolve) => (release = resolve));
  await page.route('**/widget/panel-*', async (route) => {
    await isReleased;
    await route.continue();
  });
  const asked = page.waitForRequest('**/widget/panel-*');
  const came = page.waitForEvent('requestfinished', (request) => request.url().includes('/widget/panel-'));
  await embed(page);
  await widget.launcher.click();
  await asked;
  await page.evaluate(() => Chatloom('destroy'));
  release();
  await came;
  // The module is run in a task after it has come.
  await page.waitForLoadState('networkidle');
  assert.deepEqual(await listeners(), before);
  assert.deepEqual(errors, []);
});

test('the script that is inserted again after destroy brings the widget and its conversation back', async (t) => {
  const { page, widget, errors } = await visit(t, blank.origin);
  await embed(page);
  await widget.open();
  await widget.ask('Remember this');
  await widget.answers.getByText('Hello.').waitFor();
  await widget.settled();
  for (let round = 0; round < 3; round++) {
    await page.evaluate(() => Chatloom('destroy'));
    assert.equal(await page.locator('chatloom-widget').count(), 0);
    await embed(page);
    await widget.panel.waitFor();
    await widget.questions.getByText('Remember this').waitFor();
    await widget.settled();
  }
  assert.equal(await widget.questions.count(), 1);
  await widget.ask('And more');
  await widget.questions.nth(1).waitFor();
  await widget.settled();
  assert.equal(await widget.answers.count(), 2);
  assert.deepEqual(errors, []);
});

test('no method of the history is patched', async (t) => {
  const { page, widget } = await visit(t);
  await widget.open();
  const isNative = await page.evaluate(() => [history.pushState, history.replaceState, fetch, EventTarget.prototype.addEventListener]
    .map((method) => /\[native code\]/.test(Function.prototype.toString.call(method))));
  assert.deepEqual(isNative, [true, true, true, true]);
  await page.evaluate(() => history.pushState({}, '', '/elsewhere'));
  assert.ok(await widget.panel.isVisible());
});
