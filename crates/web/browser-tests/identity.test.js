// A page that proves who its visitor is: the conversation goes along to other devices, and stays away from other visitors.

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, before, test } from 'node:test';

import { startChatloom } from './support/chatloom.js';
import { launchChromium } from './support/chromium.js';
import { serveHostPage } from './support/host-page.js';
import { lastAnswer, watchGrowth, widgetOn } from './support/widget.js';

const SESSIONS = '/api/widget-chat/sessions';
const HOUR = 3600;

let chatloom, chromium;

before(async () => {
  chatloom = await startChatloom();
  chromium = await launchChromium();
});

after(async () => {
  await chromium?.close();
  await chatloom?.stop();
});

/** A site with a widget of its own, whose server can sign who its visitors are. */
async function newSite(t, rules = {}) {
  const widget = await chatloom.dashboard.createWidget(rules);
  const { identitySecret } = await chatloom.dashboard.call('POST', `/widgets/${widget.id}/identity-secret`);
  const host = await serveHostPage(widget.embedCode);
  t.after(() => host.close());
  const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return {
    id: widget.id,
    origin: host.origin,

    /** Writes the page for this visitor; the proof ends in so many seconds. */
    serve(sub, seconds = HOUR / 2, secret = identitySecret) {
      const exp = Math.floor(Date.now() / 1000) + seconds;
      const text = `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ sub, aud: widget.id, exp })}`;
      const proof = `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
      host.embed(widget.embedCode.replace('<script', `<script data-identity="${proof}"`));
      return proof;
    },

    /** Writes the page for somebody who is not signed in. */
    serveAnybody: () => host.embed(widget.embedCode),
  };
}

/** A browser that nobody has used yet. */
async function newBrowser() {
  return (await chromium.newPage()).context();
}

async function visit(browser, site) {
  const page = await browser.newPage();
  const calls = [];
  page.on('request', (request) => {
    const { origin, pathname } = new URL(request.url());
    if (origin === chatloom.base && pathname.startsWith(SESSIONS) && request.method() !== 'OPTIONS') calls.push(request);
  });
  await page.goto(site.origin);
  return { page, calls, chat: widgetOn(page) };
}

async function ask({ page, chat }, text) {
  await chat.open();
  await chat.settled();
  await chat.ask(text);
  await watchGrowth(page);
  assert.equal(await chat.problem.count(), 0);
  return lastAnswer(page);
}

const questions = (chat) => chat.questions.locator('div').allInnerTexts();

test('a conversation goes on in a browser that has never seen it', async (t) => {
  const site = await newSite(t, { identityRequired: true });
  const proof = site.serve('ada');
  const first = await visit(await newBrowser(), site);
  const answer = await ask(first, 'Hello');

  const second = await visit(await newBrowser(), site);
  await second.chat.open();
  await second.chat.questions.waitFor();
  await second.chat.settled();
  assert.deepEqual(await questions(second.chat), ['Hello']);
  assert.equal(await lastAnswer(second.page), answer);
  await second.chat.ask('And here');
  await watchGrowth(second.page);
  await second.chat.reload();
  await second.chat.settled();
  assert.deepEqual(await questions(second.chat), ['Hello', 'And here']);
  for (const request of [...first.calls, ...second.calls]) {
    assert.equal(await request.headerValue('x-visitor-identity'), proof);
  }
});

test('who leaves a conversation for a new one is not brought back to it', async (t) => {
  const site = await newSite(t);
  site.serve('ada');
  const visitor = await visit(await newBrowser(), site);
  await ask(visitor, 'Hello');
  await visitor.page.getByRole('button', { name: 'New conversation' }).click();
  await visitor.page.locator('.welcome').waitFor();
  await visitor.chat.reload();
  await visitor.page.locator('.welcome').waitFor();
  assert.equal(await visitor.chat.questions.count(), 0);
});

test('visitors who share a browser see nothing of each other', async (t) => {
  const site = await newSite(t);
  const browser = await newBrowser();
  site.serve('ada');
  const ada = await visit(browser, site);
  await ask(ada, 'I am Ada');
  await ada.chat.box.fill('A draft of Ada');

  for (const sub of ['grace', undefined]) {
    if (sub) site.serve(sub);
    else site.serveAnybody();
    const other = await visit(browser, site);
    await other.chat.open();
    await other.page.locator('.welcome').waitFor();
    assert.equal(await other.chat.questions.count(), 0);
    assert.equal(await other.chat.box.inputValue(), '');
  }
  const kept = await ada.page.evaluate(() => Object.keys(localStorage).sort());
  assert.equal(kept.length, 3);
  assert.equal(kept[0], `chatloom:${site.id}`);
  assert.ok(kept.every((key) => !/ada|grace/.test(key)), `${kept}`);

  site.serve('ada');
  await ada.chat.reload();
  await ada.chat.questions.waitFor();
  assert.deepEqual(await questions(ada.chat), ['I am Ada']);
  assert.equal(await ada.chat.box.inputValue(), 'A draft of Ada');
});

test('a page that is open for longer than its proof lasts goes on with what it has begun', async (t) => {
  const site = await newSite(t, { identityRequired: true });
  site.serve('ada');
  const browser = await newBrowser();
  await ask(await visit(browser, site), 'Hello');
  // More than the server's leeway ago.
  site.serve('ada', -60);
  const later = await visit(browser, site);
  await later.page.getByText('Hello', { exact: true }).first().waitFor();
  await later.chat.settled();
  await later.chat.ask('Still here');
  await watchGrowth(later.page);
  assert.deepEqual(await questions(later.chat), ['Hello', 'Still here']);

  // A new conversation needs a new proof.
  await later.page.getByRole('button', { name: 'New conversation' }).click();
  await later.chat.ask('Anew');
  await later.page.getByText('Please sign in').waitFor();
});

test('a page without a proof asks for no sessions', async (t) => {
  const site = await newSite(t);
  site.serveAnybody();
  const { page, calls, chat } = await visit(await newBrowser(), site);
  await chat.open();
  await page.locator('.welcome').waitFor();
  assert.deepEqual(calls, []);
});

test('what is missing is told in the words of visitors', async (t) => {
  const site = await newSite(t, { identityRequired: true });
  site.serveAnybody();
  const stranger = await visit(await newBrowser(), site);
  await stranger.chat.open();
  await stranger.chat.ask('Hello');
  await stranger.page.getByText('Please sign in').waitFor();

  site.serve('ada', HOUR / 2, 'a secret of somebody else');
  const forger = await visit(await newBrowser(), site);
  await forger.chat.open();
  await forger.page.getByText('Please sign in').waitFor();
  assert.equal(await forger.chat.again.count(), 0);
});
