// A model that has been talked into attacking, and an owner's texts with markup in them: from a model's server through ours
// into a real page, where all of it is text.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { startChatloom } from './support/chatloom.js';
import { launchChromium } from './support/chromium.js';
import { serveHostPage } from './support/host-page.js';
import { startModel } from './support/model.js';
import { PAYLOADS, findDanger } from './support/payloads.js';
import { widgetOn } from './support/widget.js';

/** Questions of one conversation; the server keeps no more of a long one in the model's sight than it has room for. */
const CONVERSATION = 12;

let chatloom, chromium, model;

before(async () => {
  model = await startModel();
  chatloom = await startChatloom(model.env);
  chromium = await launchChromium();
});

after(async () => {
  await chromium?.close();
  await chatloom?.stop();
  await model?.close();
});

/** Opens the chat on a site of its own and looks at every change of the widget's nodes from then on. */
async function visit(t, customization = {}) {
  const { embedCode } = await chatloom.dashboard.createWidget({ agent: model.agent, customization });
  const site = await serveHostPage(embedCode);
  t.after(() => site.close());
  const page = await chromium.newPage();
  t.after(() => page.context().close());
  const trouble = [];
  page.on('dialog', (dialog) => (trouble.push(`dialog ${dialog.message()}`), dialog.dismiss()));
  page.on('pageerror', (error) => trouble.push(error.message));
  page.on('popup', (popup) => trouble.push(`popup ${popup.url()}`));
  page.on('request', (request) => {
    const isOurs = [chatloom.base, site.origin].includes(new URL(request.url()).origin);
    if (!isOurs || !['document', 'script', 'fetch', 'xhr', 'preflight', 'other'].includes(request.resourceType())) {
      trouble.push(`${request.resourceType()} ${request.url()}`);
    }
  });
  // Should something get out after all, it ends here and is counted above.
  await page.route((url) => ![chatloom.base, site.origin].includes(url.origin), (route) => route.abort());
  let paint = () => {};
  let paints = 0;
  await page.exposeBinding('painted', () => (paints++, paint()));
  await page.addInitScript(tellPaints);
  await page.goto(site.origin);
  const widget = widgetOn(page);
  await widget.launcher.waitFor();
  await watchNodes(page);
  await widget.open();
  const painted = () => new Promise((resolve) => (paint = resolve));
  return { page, widget, trouble, painted, paints: () => paints, danger: () => page.evaluate(() => [...danger]) };
}

/** Runs in the page: tells whenever a piece of an answer has come and been painted. */
function tellPaints() {
  const { fetch } = window;
  window.fetch = async (...call) => {
    const response = await fetch(...call);
    if (!response.headers.get('content-type')?.startsWith('text/event-stream')) return response;
    const transform = (chunk, controller) => {
      controller.enqueue(chunk);
      if (new TextDecoder().decode(chunk).includes('event: token')) requestAnimationFrame(() => requestAnimationFrame(window.painted));
    };
    return new Response(response.body.pipeThrough(new TransformStream({ transform })), response);
  };
}

/** Collects in the page's `danger` what is dangerous at any time in the widget's nodes. */
async function watchNodes(page) {
  await page.evaluate((source) => {
    window.danger = new Set();
    const find = new Function('root', `return (${source})(root)`);
    const root = document.querySelector('chatloom-widget').shadowRoot;
    const look = () => {
      for (const list of root.querySelectorAll('.list, [role=log]')) for (const found of find(list)) danger.add(found);
    };
    new MutationObserver(look).observe(root, { childList: true, subtree: true, attributes: true, characterData: true });
    look();
  }, findDanger.toString());
}

/** Asks for each payload, as the model gives it in these pieces. */
async function askFor({ widget, painted }, payloads, pieces) {
  for (const [at, payload] of payloads.entries()) {
    model.answer = () => pieces(payload, painted);
    await widget.ask(`Question ${at}`);
    await widget.answers.nth(at).locator('.text:not(:empty)').waitFor();
    await widget.settled();
  }
}

/** In pieces of eight characters, each once the page has painted the one before. */
async function* inPieces(payload, painted) {
  for (const piece of payload.match(/[^]{1,8}/g)) {
    const next = painted();
    yield piece;
    await next;
  }
}

// The number is in how many pieces an answer comes, at the least.
for (const [name, pieces, fewest] of [['whole', (payload) => [payload], 0], ['streamed', inPieces, 2]]) {
  test(`no payload runs, loads or leads astray on its way through the server: ${name}`, async (t) => {
    assert.ok(PAYLOADS.length >= 45);
    for (let at = 0; at < PAYLOADS.length; at += CONVERSATION) {
      const payloads = PAYLOADS.slice(at, at + CONVERSATION);
      const visitor = await visit(t);
      await askFor(visitor, payloads, pieces);
      assert.equal(await visitor.widget.answers.count(), payloads.length);
      const paints = visitor.paints();
      assert.ok(paints >= fewest * payloads.length, `${payloads.length} answers came in ${paints} pieces`);
      // The same once more, as the history tells it.
      await visitor.page.reload();
      await visitor.widget.panel.waitFor();
      await watchNodes(visitor.page);
      await visitor.widget.questions.nth(payloads.length - 1).waitFor();
      await visitor.widget.settled();
      assert.deepEqual(await visitor.danger(), []);
      assert.deepEqual(visitor.trouble, []);
    }
  });
}

test('the watch would see an attack that succeeds', async (t) => {
  const visitor = await visit(t);
  const asked = visitor.page.waitForRequest('https://evil.example/pixel.png');
  await visitor.page.evaluate(() => {
    const list = document.querySelector('chatloom-widget').shadowRoot.querySelector('.list');
    list.append(Object.assign(document.createElement('img'), { src: 'https://evil.example/pixel.png' }));
  });
  await Promise.all([asked, visitor.page.waitForFunction(() => danger.size > 0)]);
  assert.deepEqual((await visitor.danger()).sort(), ['<img>', 'img src']);
  assert.deepEqual(visitor.trouble, ['image https://evil.example/pixel.png']);
});

test('an answer shows no picture, and a link in its place', async (t) => {
  const visitor = await visit(t);
  await askFor(visitor, ['Here: ![a chart](https://pictures.example/chart.png) and ![](https://pictures.example/2.png)'], (payload) => [payload]);
  const links = visitor.widget.answers.locator('a');
  assert.deepEqual(await links.evaluateAll((all) => all.map((link) => [link.textContent, link.href, link.title])), [
    ['a chart', 'https://pictures.example/chart.png', 'pictures.example'],
    ['pictures.example', 'https://pictures.example/2.png', 'pictures.example'],
  ]);
  assert.deepEqual(visitor.trouble, []);
});

test('markup in the title, the greeting, the placeholder and the prompts is text', async (t) => {
  const attack = '<img src=x onerror=alert(1)><b>bold</b>';
  const visitor = await visit(t, {
    title: attack,
    welcomeMessage: `${attack} [x](javascript:alert(1))`,
    inputPlaceholder: `${attack} "`,
    starterPrompts: [attack, '"><script>alert(1)</script>'],
  });
  const { page, widget } = visitor;
  assert.equal(await page.locator('.cw h2').innerText(), attack);
  assert.equal(await page.locator('.welcome').innerText(), `${attack} [x](javascript:alert(1))`);
  assert.equal(await widget.box.getAttribute('placeholder'), `${attack} "`);
  assert.deepEqual(await page.locator('.prompts button').allInnerTexts(), [attack, '"><script>alert(1)</script>']);
  model.answer = () => ['Certainly.'];
  await page.locator('.prompts button').first().click();
  await widget.questions.first().waitFor();
  await widget.settled();
  assert.equal(await widget.questions.locator('div').innerText(), attack);
  assert.deepEqual(await visitor.danger(), []);
  assert.deepEqual(visitor.trouble, []);
});
