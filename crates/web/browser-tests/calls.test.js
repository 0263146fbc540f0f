// What the page's own scripts can have the widget do: every verb, before the script is there and after.

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, before, test } from 'node:test';

import { call, stub, tokenOf, visitCalling } from './support/calls.js';
import { startChatloom } from './support/chatloom.js';
import { launchChromium } from './support/chromium.js';
import { serveHostPage } from './support/host-page.js';
import { dictate, startModel } from './support/model.js';

const HOUR = 3600;

let chatloom, chromium, model, widgetId, embedCode;

before(async () => {
  model = await startModel();
  chatloom = await startChatloom(model.env);
  chromium = await launchChromium();
  ({ id: widgetId, embedCode } = await chatloom.dashboard.createWidget({ agent: model.agent }));
});

after(async () => {
  await chromium?.close();
  await chatloom?.stop();
  await model?.close();
});

/** A page that makes these calls before the script is there. */
const visit = (t, early = '') => visitCalling(t, chromium, embedCode, early);

/** Both ways to call: the verb waits for the script, or finds it there. */
function eachWay(name, verb, check) {
  const words = verb.map((word) => JSON.stringify(word)).join(', ');
  test(`${name}, called before the script is there`, async (t) => check(await visit(t, `Chatloom(${words})`)));
  test(`${name}, called later`, async (t) => {
    const visitor = await visit(t);
    await call(visitor.page, ...verb);
    await check(visitor);
  });
}

const isHidden = (widget) => widget.panel.waitFor({ state: 'hidden' });

eachWay('open opens the panel and gives the box the focus', ['open'], async ({ page, widget, errors }) => {
  await widget.panel.waitFor();
  await page.waitForFunction(() => document.querySelector('chatloom-widget').shadowRoot.activeElement?.localName === 'textarea');
  assert.equal(await widget.launcher.getAttribute('aria-expanded'), 'true');
  await call(page, 'open');
  assert.ok(await widget.panel.isVisible());
  await call(page, 'close');
  await isHidden(widget);
  await call(page, 'close');
  await call(page, 'toggle');
  await widget.panel.waitFor();
  assert.deepEqual(errors, []);
});

eachWay('toggle opens a closed panel, and closes it again', ['toggle'], async ({ page, widget }) => {
  await widget.panel.waitFor();
  await call(page, 'toggle');
  await isHidden(widget);
});

eachWay('send opens the panel and asks', ['send', 'What does it cost?'], async ({ widget }) => {
  await widget.panel.waitFor();
  await widget.questions.waitFor();
  assert.match(await widget.questions.innerText(), /What does it cost\?/);
  await widget.answers.getByText('Hello.').waitFor();
  assert.equal(await widget.box.inputValue(), '');
});

eachWay('prefill opens the panel and only writes', ['prefill', 'I would like to'], async ({ page, widget }) => {
  await widget.panel.waitFor();
  await page.waitForFunction(() => document.querySelector('chatloom-widget').shadowRoot.querySelector('textarea').value !== '');
  assert.equal(await widget.box.inputValue(), 'I would like to');
  assert.equal(await widget.questions.count(), 0);
});

test('a text that is sent while an answer is written waits in the box', async (t) => {
  const { page, widget } = await visit(t);
  const answer = dictate();
  model.answer = () => answer.pieces;
  t.after(() => (model.answer = () => ['Hello.']));
  await call(page, 'send', 'First');
  answer.say('Half of an answer');
  await widget.answers.getByText('Half of').waitFor();
  await call(page, 'send', 'Second');
  await page.waitForFunction(() => document.querySelector('chatloom-widget').shadowRoot.querySelector('textarea').value !== '');
  assert.equal(await widget.box.inputValue(), 'Second');
  assert.equal(await widget.questions.count(), 1);
  answer.end();
  await widget.settled();
});

test('a text that is sent while the conversation is being loaded is asked once that is there', async (t) => {
  const { page, widget } = await visit(t, "if (location.hash) Chatloom('send', 'Second')");
  await call(page, 'send', 'First');
  await widget.answers.getByText('Hello.').waitFor();
  await widget.settled();
  await page.evaluate(() => (location.hash = '#again'));
  await widget.reload();
  await widget.questions.getByText('Second').waitFor();
  await widget.settled();
  assert.equal(await widget.questions.count(), 2);
  assert.equal(await widget.box.inputValue(), '');
});

test('a prefilled text stands before what the visitor has written', async (t) => {
  const { page, widget } = await visit(t);
  await widget.open();
  await widget.box.fill('mine');
  await call(page, 'prefill', 'theirs');
  await page.waitForFunction(() => /theirs/.test(document.querySelector('chatloom-widget').shadowRoot.querySelector('textarea').value));
  assert.equal(await widget.box.inputValue(), 'theirs\nmine');
});

/** What a site's server signs to say who its visitor is. */
async function proofOf(sub) {
  const { identitySecret } = await chatloom.dashboard.call('POST', `/widgets/${widgetId}/identity-secret`);
  const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const text = `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ sub, aud: widgetId, exp: Math.floor(Date.now() / 1000) + HOUR / 2 })}`;
  return `${text}.${createHmac('sha256', identitySecret).update(text).digest('base64url')}`;
}

test('identify goes on as the visitor that is named, and without a proof as nobody', async (t) => {
  const proof = await proofOf('ada');
  const { page, widget, errors } = await visit(t);
  await widget.open();
  await widget.ask('I am nobody');
  await widget.answers.getByText('Hello.').waitFor();
  await widget.settled();

  const opened = page.waitForRequest((request) => request.method() === 'POST' && request.url().endsWith('/sessions'));
  await call(page, 'identify', proof);
  await page.locator('.welcome').waitFor();
  await call(page, 'send', 'I am Ada');
  assert.equal(await (await opened).headerValue('x-visitor-identity'), proof);
  await widget.questions.getByText('I am Ada').waitFor();
  await widget.settled();
  assert.equal(await widget.questions.count(), 1);

  await call(page, 'identify');
  await widget.questions.getByText('I am nobody').waitFor();
  assert.equal(await widget.questions.count(), 1);
  assert.deepEqual(errors, []);
});

test('setContext goes along with each question, in place of what was set before, and only where the owner allows it', async (t) => {
  const asked = [];
  model.answer = (question, messages) => (asked.push(JSON.stringify(messages)), ['Noted.']);
  t.after(() => (model.answer = () => ['Hello.']));
  const { page, widget } = await visit(t, "Chatloom('setContext', { product: 'Blanket' })");
  t.after(() => chatloom.dashboard.call('PUT', `/widgets/${widgetId}`, { pageContext: false }));
  const ask = async (question) => {
    await call(page, 'send', question);
    await widget.answers.nth(asked.length).getByText('Noted.').waitFor();
    await widget.settled();
  };
  await ask('Not allowed');
  assert.doesNotMatch(asked[0], /Blanket|A shop/);

  await chatloom.dashboard.call('PUT', `/widgets/${widgetId}`, { pageContext: true });
  await page.reload();
  await widget.panel.waitFor();
  await ask('What is this?');
  assert.match(asked[1], /Blanket/);
  assert.match(asked[1], /A shop/);
  await call(page, 'setContext', { product: 'Table' });
  await ask('And this?');
  assert.match(asked[2], /Table/);
  // It was for that message only.
  assert.doesNotMatch(asked[2], /Blanket/);
});

test('reset forgets the conversation, and the panel begins anew', async (t) => {
  const { page, widget } = await visit(t);
  await call(page, 'send', 'A secret');
  await widget.answers.getByText('Hello.').waitFor();
  await widget.settled();
  await call(page, 'reset');
  await call(page, 'open');
  await page.locator('.welcome').waitFor();
  assert.equal(await widget.questions.count(), 0);
  const saved = await page.evaluate(() => JSON.stringify([...Object.values(localStorage), ...Object.values(sessionStorage)]));
  assert.doesNotMatch(saved, /sessionSecret/);
  await page.reload();
  await widget.panel.waitFor();
  await page.locator('.welcome').waitFor();
});

test('destroy takes everything away, the global name too', async (t) => {
  const { page, widget, errors } = await visit(t);
  await widget.open();
  await call(page, 'destroy');
  assert.equal(await page.locator('chatloom-widget').count(), 0);
  assert.equal(await page.evaluate(() => 'Chatloom' in window), false);
  assert.deepEqual(errors, []);
});

test('destroy that was called before the script is there shows no launcher', async (t) => {
  const site = await serveHostPage(embedCode, { extra: stub("Chatloom('destroy')") });
  t.after(() => site.close());
  const page = await chromium.newPage();
  const answered = page.waitForResponse('**/api/widget-chat/init').catch(() => undefined);
  await page.goto(site.origin);
  await Promise.race([answered, page.waitForFunction(() => !('Chatloom' in window))]);
  await page.waitForLoadState('networkidle');
  assert.equal(await page.locator('chatloom-widget').count(), 0);
});

test('a verb that there is none of throws a TypeError that names it, and keeps no other from being done', async (t) => {
  const { page, widget, errors } = await visit(t, "Chatloom('explode'); Chatloom('open')");
  await widget.panel.waitFor();
  assert.deepEqual(errors, ['Chatloom has no verb "explode"']);
  const thrown = await page.evaluate(() => ['explode', 'constructor', '__proto__', undefined].map((verb) => {
    try {
      window.Chatloom(verb);
    } catch (error) {
      return [error.name, error.message.includes(String(verb))];
    }
  }));
  assert.deepEqual(thrown, Array(4).fill(['TypeError', true]));
});

test('get gives the same function for a token, and nothing for another', async (t) => {
  const { page, widget } = await visit(t);
  assert.equal(await page.evaluate(() => Chatloom.get('clw_other')), undefined);
  await page.evaluate((token) => Chatloom.get(token)('open'), tokenOf(embedCode));
  await widget.panel.waitFor();
});
