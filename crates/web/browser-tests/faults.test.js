// What goes wrong between the visitor and the server, and what the widget makes of it.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { startChatloom } from './support/chatloom.js';
import { launchChromium } from './support/chromium.js';
import { serveHostPage } from './support/host-page.js';
import { MESSAGES, failSends, refuse, streamOnce } from './support/refusals.js';
import { LONG, lastAnswer, watchGrowth, widgetOn } from './support/widget.js';

let chatloom, chromium, shop;

before(async () => {
  chatloom = await startChatloom();
  chromium = await launchChromium();
  const { embedCode } = await chatloom.dashboard.createWidget();
  shop = await serveHostPage(embedCode);
});

after(async () => {
  await chromium?.close();
  await shop?.close();
  await chatloom?.stop();
});

async function openChat() {
  const page = await chromium.newPage();
  await page.goto(shop.origin);
  const widget = widgetOn(page);
  await widget.open();
  return { page, widget };
}

/** Uses the page's session as another device of the same visitor would; gives the answer without reading it. */
async function callFromElsewhere(page, method, path, body) {
  const { saved, token } = await page.evaluate(() => ({
    saved: JSON.parse(Object.values(localStorage)[0]),
    token: document.querySelector('script[data-token]').dataset.token,
  }));
  return fetch(`${chatloom.base}/api/widget-chat/sessions/${saved.sessionId}${path}`, {
    method,
    headers: {
      Origin: shop.origin,
      'X-Widget-Token': token,
      'X-Session-Secret': saved.sessionSecret,
      ...(body && { 'Content-Type': 'application/json' }),
    },
    body: body && JSON.stringify(body),
  });
}

test('too many messages: the wait is shown, and the next try does not ask twice', async () => {
  const { page, widget } = await openChat();
  await failSends(page, 1, 429, 'rate_limited', { 'Retry-After': '1' });
  await widget.ask('First question');
  await widget.problem.waitFor();
  assert.match(await widget.problem.innerText(), /wait a moment/);
  await widget.again.click();
  await watchGrowth(page);
  assert.equal(await widget.questions.count(), 1);
  assert.equal(await widget.problem.count(), 0);
});

test('a quota that is used up is told kindly, with nothing to be clicked', async () => {
  const { page, widget } = await openChat();
  await failSends(page, 1, 429, 'quota_reached', { 'Retry-After': '3600' });
  await widget.ask('One more');
  await widget.problem.waitFor();
  assert.match(await widget.problem.innerText(), /come back tomorrow/);
  assert.equal(await widget.again.count(), 0);
});

test('a server without room says so and offers another try', async () => {
  const { page, widget } = await openChat();
  await failSends(page, 1, 503, 'overloaded');
  await widget.ask('Are you there?');
  assert.match(await widget.problem.innerText(), /too much to do/);
  await widget.again.click();
  await watchGrowth(page);
  assert.equal(await widget.problem.count(), 0);
});

test('a session that the server has forgotten starts anew with the same question', async () => {
  const { page, widget } = await openChat();
  await widget.ask('Hello');
  await watchGrowth(page);
  await failSends(page, 1, 404, 'session_not_found');
  await widget.ask('And now?');
  await page.getByText('This is a new one').waitFor();
  await widget.settled();
  assert.equal(await widget.questions.count(), 1);
  assert.match(await widget.questions.innerText(), /And now\?/);
  assert.ok(await lastAnswer(page));
});

test('while another question of the session is answered, that is shown and the text given back', async () => {
  const { page, widget } = await openChat();
  await widget.ask('Hello');
  await watchGrowth(page);
  await callFromElsewhere(page, 'POST', '/messages', { content: LONG });
  await widget.ask('Too early');
  await page.getByText('still being answered').waitFor();
  assert.equal(await widget.box.inputValue(), 'Too early');
  await widget.stop.waitFor();
  assert.deepEqual(await widget.questions.locator('div').allInnerTexts(), ['Hello', LONG]);
  const lengths = await watchGrowth(page);
  assert.ok(lengths.length > 3, `the answer came at once: ${lengths}`);
});

test('an error in the stream keeps the partial answer and offers another try', async () => {
  const { page, widget } = await openChat();
  const event = (name, number, data) => `id: t:1:${number}\nevent: ${name}\ndata: ${JSON.stringify({ type: name, ...data })}\n\n`;
  await streamOnce(
    page,
    'retry: 2000\n\n: ping\n' +
      event('start', 1, { turnId: 't', userMessageId: 'u', messageId: 'm' }) +
      event('mystery', 2, { content: 'unknown events are passed over' }) +
      event('token', 3, { content: 'The **first half' }) +
      event('token', 3, { content: 'the same event again is passed over' }) +
      event('error', 4, { code: 'model_overloaded', message: 'The model has too much to do.', retryable: true }),
  );
  await widget.ask('Tell me');
  await widget.problem.waitFor();
  assert.match(await widget.answers.last().innerText(), /The \*\*first half\s+The assistant has too much to do/);
  assert.ok(await widget.again.isVisible());
  await widget.settled();
});

test('a widget that is switched off in the middle of an answer says so, and keeps what there is', async () => {
  const { id, embedCode } = await chatloom.dashboard.createWidget();
  const site = await serveHostPage(embedCode);
  try {
    const page = await chromium.newPage();
    await page.goto(site.origin);
    const widget = widgetOn(page);
    await widget.open();
    await widget.askAtLength();
    await chatloom.dashboard.call('PUT', `/widgets/${id}`, { active: false });
    await widget.problem.waitFor();
    assert.match(await widget.problem.innerText(), /This chat is closed/);
    assert.equal(await widget.again.count(), 0);
  } finally {
    await site.close();
  }
});

test('the last message of a budget is answered, and the next is told of it', async () => {
  const { id, embedCode } = await chatloom.dashboard.createWidget();
  await chatloom.dashboard.call('PUT', `/widgets/${id}/budget`, { dailyMessages: 1 });
  const site = await serveHostPage(embedCode);
  try {
    const page = await chromium.newPage();
    await page.goto(site.origin);
    const widget = widgetOn(page);
    await widget.open();
    await widget.ask('One');
    await watchGrowth(page);
    await widget.ask('Two');
    await widget.problem.waitFor();
    assert.match(await widget.problem.innerText(), /come back tomorrow/);
  } finally {
    await site.close();
  }
});

test('a widget that is gone offers nothing that cannot work', async () => {
  const { page, widget } = await openChat();
  await failSends(page, 1, 410, 'widget_gone');
  await widget.ask('Hello?');
  assert.match(await widget.problem.innerText(), /This chat is closed/);
  assert.equal(await widget.again.count(), 0);
});

test('a stream that is put off is asked for again when the wait is over', async () => {
  const { page, widget } = await openChat();
  const asked = [];
  await page.route('**/turns/*/events', (route) => {
    asked.push(Date.now());
    if (asked.length > 1) return route.fallback();
    return refuse(route, 503, 'draining', { 'Retry-After': '2' });
  });
  await widget.askAtLength();
  await page.reload();
  await widget.panel.waitFor();
  await widget.settled();
  assert.equal(await widget.problem.count(), 0);
  assert.match(await lastAnswer(page), /for more\.$/);
  assert.ok(asked[1] - asked[0] >= 2000, `asked again after ${asked[1] - asked[0]} ms`);
});

test('an answer that would fail again is not offered again', async () => {
  const { page, widget } = await openChat();
  const event = (name, data) => `event: ${name}\ndata: ${JSON.stringify({ type: name, ...data })}\n\n`;
  const start = event('start', { turnId: 't', userMessageId: 'u', messageId: 'm' });
  await streamOnce(page, start + event('error', { code: 'conversation_too_long', retryable: false }));
  await widget.ask('Tell me');
  await widget.problem.waitFor();
  assert.equal(await widget.again.count(), 0);
});

test('a history that cannot be loaded at first is loaded without a click', async () => {
  const { page, widget } = await openChat();
  await widget.ask('Hello');
  await watchGrowth(page);
  await page.route(MESSAGES, (route) => route.abort('connectionrefused'), { times: 2 });
  await widget.reload();
  await widget.questions.first().waitFor();
  await widget.settled();
  assert.equal(await widget.questions.count(), 1);
  assert.equal(await widget.answers.count(), 1);
  assert.equal(await widget.problem.count(), 0);
});

test('a session that was erased is forgotten, and the greeting returns', async () => {
  const { page, widget } = await openChat();
  await widget.ask('Hello');
  await watchGrowth(page);
  const erased = await callFromElsewhere(page, 'DELETE', '');
  assert.equal(erased.status, 204);
  await widget.reload();
  await page.locator('.welcome').waitFor();
  assert.equal(await page.evaluate(() => JSON.parse(Object.values(localStorage)[0]).sessionId), '');
});
