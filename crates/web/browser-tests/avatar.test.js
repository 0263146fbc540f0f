// The owner's picture: shown where it can be, and never a hole or a leak where it cannot.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { startChatloom } from './support/chatloom.js';
import { launchChromium } from './support/chromium.js';
import { serveHostPage } from './support/host-page.js';
import { widgetOn } from './support/widget.js';

const PICTURE = 'https://pictures.example/owner.png';

/** One pixel. */
const PIXEL = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64');

let chatloom, chromium, embedCode;

before(async () => {
  chatloom = await startChatloom();
  chromium = await launchChromium();
  ({ embedCode } = await chatloom.dashboard.createWidget({ customization: { avatarUrl: PICTURE } }));
});

after(async () => {
  await chromium?.close();
  await chatloom?.stop();
});

/** Opens the widget; `answer` is what the picture's server does. Gives its requests too. */
async function visit(t, answer, served) {
  const site = await serveHostPage(embedCode, served);
  t.after(() => site.close());
  const page = await chromium.newPage();
  const asked = [];
  await page.route('https://pictures.example/**', (route) => (asked.push(route.request()), answer(route)));
  await page.goto(site.origin);
  await widgetOn(page).open();
  await page.locator('.greeting .avatar').waitFor();
  return { page, asked, pictures: page.locator('.cw .avatar img'), sparks: page.locator('.cw .avatar svg') };
}

test('the picture stands in the header and above the greeting, and is asked for without a referrer', async (t) => {
  const { asked, pictures, sparks } = await visit(t, (route) => route.fulfill({ contentType: 'image/png', body: PIXEL }));
  await pictures.nth(1).waitFor();
  assert.equal(await sparks.count(), 0);
  assert.ok(asked.length > 0);
  for (const request of asked) {
    assert.equal(await request.headerValue('referer'), null);
    assert.equal(await request.headerValue('cookie'), null);
  }
  assert.equal(await pictures.first().getAttribute('alt'), '');
});

test('a picture that does not load leaves the spark', async (t) => {
  for (const answer of [(route) => route.abort(), (route) => route.fulfill({ contentType: 'image/png', body: 'no picture' })]) {
    const { page, pictures, sparks } = await visit(t, answer);
    await page.waitForLoadState('networkidle');
    assert.equal(await pictures.count(), 0);
    assert.equal(await sparks.count(), 2);
  }
});

test('a picture that the policy of the page forbids leaves the spark', async (t) => {
  const policy = `default-src 'none'; script-src ${chatloom.base}; connect-src ${chatloom.base}`;
  const { asked, pictures, sparks } = await visit(t, (route) => route.abort(), { headers: { 'Content-Security-Policy': policy } });
  assert.equal(await pictures.count(), 0);
  assert.equal(await sparks.count(), 2);
  assert.equal(asked.length, 0);
});
