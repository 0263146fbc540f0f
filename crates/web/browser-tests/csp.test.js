// Host pages that are careful, and host pages that are hostile: the widget works on both and leaves no trace.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { startChatloom } from './support/chatloom.js';
import { launchChromium } from './support/chromium.js';
import { serveHostPage } from './support/host-page.js';
import { PAYLOADS, findDanger } from './support/payloads.js';
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

/** Opens the widget on a page with this policy, chats, and gives the violations that the browser reported. */
async function chatUnder(policy, snippet = embedCode) {
  const host = await serveHostPage(snippet, { headers: { 'Content-Security-Policy': policy } });
  const page = await chromium.newPage();
  const violations = [];
  page.on('console', (message) => /Content Security Policy|TrustedHTML|TrustedScript/.test(message.text()) && violations.push(message.text()));
  page.on('pageerror', (error) => violations.push(error.message));
  try {
    await page.goto(host.origin);
    const widget = widgetOn(page);
    await widget.open();
    await widget.ask('Show me code and a list');
    await watchGrowth(page);
    const { width } = await widget.panel.boundingBox();
    assert.equal(width, 404, 'the panel has no style');
  } finally {
    await host.close();
  }
  return violations;
}

test('a policy with nonces and trusted types is kept', async () => {
  const policy = `default-src 'none'; script-src 'nonce-abc'; style-src 'nonce-abc'; connect-src ${chatloom.base}; require-trusted-types-for 'script'; trusted-types 'none'`;
  assert.deepEqual(await chatUnder(policy, embedCode.replace('<script', '<script nonce="abc"')), []);
});

test('a policy with strict-dynamic is kept', async () => {
  const policy = `default-src 'none'; script-src 'nonce-abc' 'strict-dynamic'; connect-src ${chatloom.base}`;
  assert.deepEqual(await chatUnder(policy, embedCode.replace('<script', '<script nonce="abc"')), []);
});

test('a policy with a list of hosts is kept', async () => {
  const policy = `default-src 'self'; script-src ${chatloom.base}; connect-src ${chatloom.base}; style-src 'self'`;
  assert.deepEqual(await chatUnder(policy), []);
});

test('a policy that forgets connect-src is named in the console', async () => {
  const host = await serveHostPage(embedCode, {
    headers: { 'Content-Security-Policy': `default-src 'none'; script-src ${chatloom.base}` },
  });
  const page = await chromium.newPage();
  const warned = page.waitForEvent('console', (message) => /connect-src/.test(message.text()) && message.type() === 'warning');
  await page.goto(host.origin);
  await warned;
  await host.close();
});

test('hostile styles of the page change nothing, and the page keeps its own', async () => {
  const plain = await serveHostPage(embedCode);
  const hostile = await serveHostPage(embedCode, { extra: HOSTILE_CSS });
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
  await plain.close();
  await hostile.close();
});

test('the snippet pasted twice gives one widget', async () => {
  const host = await serveHostPage(embedCode + embedCode);
  const page = await chromium.newPage();
  await page.goto(host.origin);
  await widgetOn(page).open();
  assert.equal(await page.locator('chatloom-widget').count(), 1);
  await host.close();
});

test('two requests before the first intent, and the panel only with it', async () => {
  const host = await serveHostPage(embedCode);
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
  assert.match(asked[2], /^\/widget\/panel-[0-9a-f]{16}\.js$/);
  await host.close();
});

test('an answer full of payloads is harmless on a real page', async () => {
  const host = await serveHostPage(embedCode);
  const page = await chromium.newPage();
  const trouble = [];
  page.on('dialog', (dialog) => (trouble.push(dialog.message()), dialog.dismiss()));
  const answer = PAYLOADS.join('\n\n');
  const pieces = answer.match(/[^]{1,9}/g).map((content) => ['token', { content }]);
  const events = [['start', { turnId: 't', userMessageId: 'u', messageId: 'm' }], ...pieces, ['done', { messageId: 'm', content: answer }]];
  const body = events.map(([name, data]) => `event: ${name}\ndata: ${JSON.stringify({ type: name, ...data })}\n\n`).join('');
  await page.route('**/api/widget-chat/sessions/*/messages', (route) => {
    if (route.request().method() !== 'POST') return route.fallback();
    return route.fulfill({ headers: { 'Access-Control-Allow-Origin': '*', 'Content-Type': 'text/event-stream' }, body });
  });
  await page.goto(host.origin);
  const widget = widgetOn(page);
  await widget.open();
  page.on('request', (request) => /evil|example/.test(request.url()) && trouble.push(request.url()));
  await widget.ask('Be evil');
  await watchGrowth(page);
  const danger = await page.evaluate((source) => {
    const root = document.querySelector('chatloom-widget').shadowRoot;
    return new Function('root', `return (${source})(root)`)(root.querySelector('.answer'));
  }, findDanger.toString());
  assert.deepEqual(danger, []);
  assert.deepEqual(trouble, []);
  await host.close();
});
