// More than one widget on a page, and the same one more than once.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { tokenOf, withAttributes } from './support/calls.js';
import { startChatloom } from './support/chatloom.js';
import { launchChromium } from './support/chromium.js';
import { serveHostPage } from './support/host-page.js';
import { comeToRest } from './support/widget.js';

let chatloom, chromium;
const codes = [];

before(async () => {
  chatloom = await startChatloom();
  chromium = await launchChromium();
  for (const title of ['Sales', 'Support', 'Careers']) {
    codes.push((await chatloom.dashboard.createWidget({ customization: { title } })).embedCode);
  }
});

after(async () => {
  await chromium?.close();
  await chatloom?.stop();
});

/** A page with these embed codes, whose launchers are all there. */
async function visit(t, snippets, expected = snippets.length) {
  const site = await serveHostPage(snippets.join('\n'));
  t.after(() => site.close());
  const page = await chromium.newPage();
  t.after(() => page.context().close());
  const errors = [];
  page.on('pageerror', (error) => errors.push(error.message));
  await page.goto(site.origin);
  await page.locator('.launcher').nth(expected - 1).waitFor();
  const call = (code, ...words) => page.evaluate(([token, all]) => Chatloom.get(token)(...all), [tokenOf(code), words]);
  const panel = (name) => page.getByRole('dialog', { name });
  return { page, errors, call, panel };
}

/** Where the launchers stand, from left to right. */
async function launchers(page) {
  const boxes = await page.locator('.launcher').evaluateAll((all) => all.map((launcher) => launcher.getBoundingClientRect().toJSON()));
  return boxes.sort((a, b) => a.left - b.left);
}

test('widgets in one corner stand beside each other, and none over another', async (t) => {
  const { page, errors } = await visit(t, codes);
  const boxes = await launchers(page);
  assert.equal(boxes.length, 3);
  for (let at = 1; at < boxes.length; at++) assert.ok(boxes[at].left >= boxes[at - 1].right + 8, JSON.stringify(boxes));
  assert.equal(boxes[2].right, 1260);
  assert.deepEqual(errors, []);
});

test('widgets in different corners stand in them', async (t) => {
  const { page } = await visit(t, [codes[0], withAttributes(codes[1], 'data-position="bottom-left"')]);
  const [left, right] = await launchers(page);
  assert.equal(left.left, 20);
  assert.equal(right.right, 1260);
});

test('opening one closes the other, and each has its own texts and conversation', async (t) => {
  const { page, errors, call, panel } = await visit(t, [codes[0], withAttributes(codes[1], 'data-locale="de"')]);
  await call(codes[0], 'open');
  await panel('Sales').waitFor();
  await call(codes[1], 'open');
  await panel('Support').waitFor();
  await panel('Sales').waitFor({ state: 'hidden' });
  assert.equal(await panel('Support').getAttribute('lang'), 'de');
  await panel('Support').getByRole('textbox', { name: 'Nachricht schreiben' }).waitFor();
  await call(codes[1], 'send', 'Hallo');
  await panel('Support').locator('.answer .text:not(:empty)').waitFor();
  await panel('Support').locator('.scroller[aria-busy=false]').waitFor();
  await call(codes[0], 'open');
  await panel('Sales').getByRole('textbox', { name: 'Write a message' }).waitFor();
  assert.equal(await panel('Sales').getAttribute('lang'), 'en');
  assert.equal(await panel('Sales').locator('.question').count(), 0);
  // Nor does what one says later come in the other's language.
  await call(codes[1], 'open');
  await panel('Support').getByRole('button', { name: 'Neue Unterhaltung' }).click();
  await panel('Support').locator('.welcome').waitFor();
  assert.equal(await panel('Support').locator('.welcome').innerText(), 'Guten Tag! Wie kann ich Ihnen helfen?');
  await comeToRest(page);
  assert.deepEqual(errors, []);
});

test('the first is the one that plain calls are for, and once it is gone the next', async (t) => {
  const { page, call, panel } = await visit(t, codes.slice(0, 2));
  await page.evaluate(() => Chatloom('open'));
  await panel('Sales').waitFor();
  await call(codes[0], 'destroy');
  assert.equal(await page.locator('chatloom-widget').count(), 1);
  await page.evaluate(() => Chatloom('open'));
  await panel('Support').waitFor();
  assert.equal(await page.evaluate((token) => Chatloom.get(token), tokenOf(codes[0])), undefined);
  await call(codes[1], 'destroy');
  assert.equal(await page.evaluate(() => 'Chatloom' in window), false);
});

test('owners\' texts stay apart, also of a widget that comes back', async (t) => {
  const own = [];
  for (const title of ['Rugs', 'Lamps']) {
    const customization = { title, strings: { en: { greeting: `All about ${title}`, restart: `Again, ${title}` } } };
    own.push((await chatloom.dashboard.createWidget({ customization })).embedCode);
  }
  const { page, errors, call, panel } = await visit(t, own);
  for (const [at, title] of ['Rugs', 'Lamps'].entries()) {
    await call(own[at], 'open');
    await panel(title).getByText(`All about ${title}`).waitFor();
  }
  await call(own[0], 'destroy');
  await page.evaluate((token) => {
    const script = document.createElement('script');
    script.src = [...document.scripts].find(({ src }) => src.endsWith('/widget.js')).src;
    script.dataset.token = token;
    document.body.append(script);
  }, tokenOf(own[0]));
  await page.locator('.launcher').nth(1).waitFor();
  await call(own[0], 'open');
  await panel('Rugs').getByText('All about Rugs').waitFor();
  await call(own[1], 'open');
  // It greets anew with its own text, although the other's panel came later.
  await panel('Lamps').getByRole('button', { name: 'Again, Lamps' }).click();
  await call(own[1], 'send', 'Hello');
  await panel('Lamps').locator('.scroller[aria-busy=false] .answer .text:not(:empty)').waitFor();
  await panel('Lamps').getByRole('button', { name: 'Again, Lamps' }).click();
  await panel('Lamps').getByText('All about Lamps').waitFor();
  assert.deepEqual(errors, []);
});

test('the same code three times, and a copy of the script from another address, give one widget', async (t) => {
  const again = codes[0].replace('/widget.js', '/widget.js?again');
  const { page, errors } = await visit(t, [codes[0], codes[0], again, codes[0]], 1);
  await page.waitForLoadState('networkidle');
  assert.equal(await page.locator('chatloom-widget').count(), 1);
  assert.deepEqual(errors, []);
});
