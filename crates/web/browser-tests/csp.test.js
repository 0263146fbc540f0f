// Host pages that are careful, and host pages that are hostile: the widget works on both and leaves no trace.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { startChatloom } from './support/chatloom.js';
import { launchChromium } from './support/chromium.js';
import { serveHostPage } from './support/host-page.js';
import { watchGrowth, widgetOn } from './support/widget.js';

const HOSTILE_CSS = `<style>
* { all: unset !important; display: none !important; color: red !important; font-size: 40px !important; }
html, head, body, h1, p { display: block !important; }
body > * { transform: rotate(3deg) !important; filter: blur(2px) !important; }
</style>`;

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

/** A host page for one test; it ends with the test, whatever becomes of it. */
async function hostFor(t, snippet, options) {
  const host = await serveHostPage(snippet, options);
  t.after(() => host.close());
  return host;
}

/** Opens the widget on a page with this policy, chats, and gives the violations that the browser reported. */
async function chatUnder(t, policy, snippet = embedCode) {
  const host = await hostFor(t, snippet, { headers: { 'Content-Security-Policy': policy } });
  const page = await chromium.newPage();
  const violations = [];
  page.on('console', (message) => /Content Security Policy|TrustedHTML|TrustedScript/.test(message.text()) && violations.push(message.text()));
  page.on('pageerror', (error) => violations.push(error.message));
  await page.goto(host.origin);
  const widget = widgetOn(page);
  await widget.open();
  await widget.ask('Show me code');
  await watchGrowth(page);
  const { width } = await widget.panel.boundingBox();
  assert.equal(width, 404, 'the panel has no style');
  return violations;
}

test('a policy with nonces and trusted types is kept', async (t) => {
  const policy = `default-src 'none'; script-src 'nonce-abc'; style-src 'nonce-abc'; connect-src ${chatloom.base}; require-trusted-types-for 'script'; trusted-types 'none'`;
  assert.deepEqual(await chatUnder(t, policy, embedCode.replace('<script', '<script nonce="abc"')), []);
});

test('a policy with strict-dynamic is kept', async (t) => {
  const policy = `default-src 'none'; script-src 'nonce-abc' 'strict-dynamic'; connect-src ${chatloom.base}`;
  assert.deepEqual(await chatUnder(t, policy, embedCode.replace('<script', '<script nonce="abc"')), []);
});

test('a policy with a list of hosts is kept', async (t) => {
  const policy = `default-src 'self'; script-src ${chatloom.base}; connect-src ${chatloom.base}; style-src 'self'`;
  assert.deepEqual(await chatUnder(t, policy), []);
});

test('a policy that forgets connect-src is named in the console', async (t) => {
  const host = await hostFor(t, embedCode, {
    headers: { 'Content-Security-Policy': `default-src 'none'; script-src ${chatloom.base}` },
  });
  const page = await chromium.newPage();
  const warned = page.waitForEvent('console', (message) => /connect-src/.test(message.text()) && message.type() === 'warning');
  await page.goto(host.origin);
  await warned;
});

test('hostile styles of the page change nothing, and the page keeps its own', async (t) => {
  const plain = await hostFor(t, embedCode);
  const hostile = await hostFor(t, embedCode, { extra: HOSTILE_CSS });
  const look = async (origin) => {
    const page = await chromium.newPage();
    await page.goto(origin);
    const before = await page.evaluate(() => [document.documentElement.cloneNode(true).outerHTML.length, document.styleSheets.length]);
    const widget = widgetOn(page);
    await widget.open();
    const style = await page.evaluate(() => {
      const root = document.querySelector('chatloom-widget').shadowRoot;
      return ['.launcher', '.cw', '.cw textarea', '.welcome'].map((selector) => {
        const { width, height, color, fontSize, display, filter } = getComputedStyle(root.querySelector(selector));
        return { selector, width, height, color, fontSize, display, filter };
      });
    });
    const after = await page.evaluate(() => [document.querySelectorAll('chatloom-widget').length, document.styleSheets.length, document.adoptedStyleSheets.length]);
    return { style, traces: [after[0], after[1] - before[1], after[2]] };
  };
  assert.deepEqual(await look(hostile.origin), await look(plain.origin));
  assert.deepEqual((await look(plain.origin)).traces, [1, 0, 0]);
});

test('the snippet pasted twice gives one widget', async (t) => {
  const host = await hostFor(t, embedCode + embedCode);
  const page = await chromium.newPage();
  await page.goto(host.origin);
  await widgetOn(page).open();
  assert.equal(await page.locator('chatloom-widget').count(), 1);
});

test('two requests before the first intent, and the panel only with it', async (t) => {
  const host = await hostFor(t, embedCode);
  const page = await chromium.newPage();
  const asked = [];
  page.on('request', (request) => request.url().startsWith(chatloom.base) && asked.push(new URL(request.url()).pathname));
  await page.goto(host.origin);
  const widget = widgetOn(page);
  await widget.launcher.waitFor();
  await page.waitForLoadState('networkidle');
  assert.deepEqual(asked, ['/widget.js', '/api/widget-chat/init']);
  await widget.open();
  assert.equal(asked.length, 3);
  assert.match(asked[2], /^\/widget\/panel-[0-9a-f]{16}-en\.js$/);
});

test('S20: what a page of another origin posts to the widget is ignored', async (t) => {
  const host = await hostFor(t, embedCode);
  const page = await chromium.newPage();
  t.after(() => page.close());
  const widget = widgetOn(page);
  await page.goto(host.origin);
  await widget.open();
  await widget.ask('Before the storm');
  await widget.settled();
  const before = await page.locator('.cw').innerText();
  const requests = [];
  page.on('request', (request) => requests.push(request.url()));
  const evil = await hostFor(t, `<script>
    const words = ['open', 'close', 'ask', 'init', 'config', 'identity', 'session', 'token', 'chatloom', 'erase', 'send'];
    const messages = words.flatMap((word) => [word, { type: word, content: 'CANARY', token: 'CANARY' },
      { type: 'chatloom:' + word, detail: { content: 'CANARY' } }, JSON.stringify({ event: word, data: 'CANARY' })]);
    for (const message of messages) parent.postMessage(message, '*');
    parent.postMessage('posted', '*');
  </script>`);
  await page.evaluate(async (origin) => {
    const posted = new Promise((resolve) => {
      addEventListener('message', (event) => event.data === 'posted' && resolve());
    });
    const frame = document.createElement('iframe');
    frame.src = origin;
    document.body.append(frame);
    await posted;
    await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
  }, evil.origin);
  assert.equal(await page.locator('.cw').innerText(), before);
  assert.deepEqual(requests.filter((url) => url.includes('/api/')), []);
});
