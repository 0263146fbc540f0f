// The hosted page of a widget: it chats, and shows in frames of those sites that may embed the widget.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { startChatloom } from './support/chatloom.js';
import { keepScreenshot, launchChromium } from './support/chromium.js';
import { serveHostPage } from './support/host-page.js';
import { comeToRest, lastAnswer, watchGrowth, widgetOn } from './support/widget.js';

let chatloom, chromium;

before(async () => {
  chatloom = await startChatloom();
  chromium = await launchChromium();
});

after(async () => {
  await chromium?.close();
  await chatloom?.stop();
});

/** A widget and the address of its page. */
async function createHosted(options) {
  const { id, embedCode } = await chatloom.dashboard.createWidget(options);
  const [, token] = /data-token="([^"]+)"/.exec(embedCode);
  return { id, url: `${chatloom.base}/chat/${token}` };
}

/** A page of another site that shows the address in a frame. */
async function frameIn(t, url) {
  const host = await serveHostPage(`<iframe src="${url}" width="700" height="600" title="Chat"></iframe>`);
  t.after(() => host.close());
  return host;
}

function troubleOf(page) {
  const trouble = [];
  page.on('console', (message) => ['error', 'warning'].includes(message.type()) && trouble.push(message.text()));
  page.on('pageerror', (error) => trouble.push(error.message));
  return trouble;
}

test('the page is the chat in full size, and chats although no site is allowed but another one', async () => {
  const { url } = await createHosted({
    allowedDomains: ['shop.example'],
    customization: { title: 'Ask Loomwood', locale: 'en' },
  });
  const page = await chromium.newPage({ viewport: { width: 900, height: 700 } });
  const trouble = troubleOf(page);
  await page.goto(url);
  assert.equal(await page.title(), 'Ask Loomwood');
  const widget = widgetOn(page);
  await widget.box.waitFor();
  await comeToRest(page);
  const { x, y, width, height } = await page.locator('.cw').boundingBox();
  assert.deepEqual([x, y, width, height], [0, 0, 900, 700]);
  await widget.ask('What can you do?');
  assert.ok((await watchGrowth(page)).length > 2);
  const answer = await lastAnswer(page);
  await keepScreenshot(page, 'hosted');
  // Reading the history is a request without an Origin.
  await page.reload();
  await page.locator('.answer .text').first().waitFor();
  assert.equal(await lastAnswer(page), answer);
  assert.deepEqual(trouble, []);
});

test('sites that may embed the widget have its page in a frame, where it chats', async (t) => {
  const { url } = await createHosted({ allowedDomains: ['localhost:*', '127.0.0.1:*'] });
  const host = await frameIn(t, url);
  const page = await chromium.newPage();
  const trouble = troubleOf(page);
  const frame = page.frameLocator('iframe');
  for (const origin of [host.origin, host.origin.replace('localhost', '127.0.0.1')]) {
    await page.goto(origin);
    // On another site browsers let a frame neither store nor lock anything; on the server's own they do.
    await frame.locator('.cw textarea').fill('What can you do?');
    await frame.locator('.cw textarea').press('Enter');
    await frame.locator('.answer .text:not(:empty)').waitFor();
    await frame.locator('.scroller[aria-busy=false]').waitFor();
  }
  assert.deepEqual(trouble, []);
});

test('the browser blocks the page in a frame of another site', async (t) => {
  const { url } = await createHosted({ allowedDomains: ['shop.example'] });
  const host = await frameIn(t, url);
  const page = await chromium.newPage();
  const refused = page.waitForEvent('console', (message) => /frame-ancestors/.test(message.text()));
  await page.goto(host.origin);
  await refused;
  assert.equal(await page.frameLocator('iframe').locator('.cw, #chat').count(), 0);
});

test('a page that its owner switches off says so in words, and a chat that is open ends', async () => {
  const { id, url } = await createHosted();
  const page = await chromium.newPage();
  await page.goto(url);
  await widgetOn(page).box.waitFor();
  await chatloom.dashboard.call('PUT', `/widgets/${id}`, { hostedPage: false, allowedDomains: ['shop.example'] });
  await widgetOn(page).ask('Are you still there?');
  await widgetOn(page).problem.waitFor();
  const response = await page.reload();
  assert.equal(response.status(), 403);
  await page.getByRole('heading', { name: 'This chat has no page of its own' }).waitFor();
  await keepScreenshot(page, 'hosted-refused');
});

test('a site whose frame has an old address shows that it leads nowhere', async (t) => {
  const host = await frameIn(t, `${chatloom.base}/chat/clw_gone`);
  const page = await chromium.newPage();
  await page.goto(host.origin);
  await page.frameLocator('iframe').getByRole('heading', { name: 'This link does not lead to a chat' }).waitFor();
});
