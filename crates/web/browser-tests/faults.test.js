// What goes wrong between the visitor and the server, and what the widget makes of it.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { startChatloom } from './support/chatloom.js';
import { launchChromium } from './support/chromium.js';
import { startCutter } from './support/cutter.js';
import { serveHostPage } from './support/host-page.js';
import { lastAnswer, watchGrowth, widgetOn } from './support/widget.js';

const MESSAGES = '**/api/widget-chat/sessions/*/messages';

let chatloom, chromium, cutter, shop, cutShop;

before(async () => {
  chatloom = await startChatloom();
  chromium = await launchChromium();
  const { embedCode } = await chatloom.dashboard.createWidget();
  cutter = await startCutter(chatloom.base);
  shop = await serveHostPage(embedCode);
  cutShop = await serveHostPage(embedCode.replace(chatloom.base, cutter.base));
});

after(async () => {
  await chromium?.close();
  await shop?.close();
  await cutShop?.close();
  await cutter?.close();
  await chatloom?.stop();
});

async function openChat(origin = shop.origin) {
  const page = await chromium.newPage();
  await page.goto(origin);
  const widget = widgetOn(page);
  await widget.open();
  return { page, widget };
}

/** Answers the next `times` sends like this instead of the server. */
async function failSends(page, times, status, code, headers = {}) {
  let left = times;
  await page.route(MESSAGES, (route) => {
    if (route.request().method() !== 'POST' || left === 0) return route.fallback();
    left--;
    return route.fulfill({
      status,
      headers: { 'Access-Control-Allow-Origin': '*', 'Access-Control-Expose-Headers': 'Retry-After', ...headers },
      json: { status, error: 'Error', message: 'no', code },
    });
  });
}

/** Answers the next send with this event stream, which then ends. */
async function streamOnce(page, body) {
  let done = false;
  await page.route(MESSAGES, (route) => {
    if (route.request().method() !== 'POST' || done) return route.fallback();
    done = true;
    const headers = { 'Access-Control-Allow-Origin': '*', 'Content-Type': 'text/event-stream' };
    return route.fulfill({ status: 200, headers, body });
  });
}

test('a connection cut in mid-answer still ends with the whole answer, without a click', async () => {
  const { page, widget } = await openChat(cutShop.origin);
  await widget.ask('Please answer at length.');
  await page.locator('.answer .text:not(:empty)').waitFor();
  cutter.cut();
  await widget.settled();
  assert.equal(await widget.problem.count(), 0);
  const shown = await lastAnswer(page);
  await page.reload();
  await widget.panel.waitFor();
  await widget.settled();
  assert.equal(await lastAnswer(page), shown);
});

test('too many messages: the wait is shown, and the next try does not ask twice', async () => {
  const { page, widget } = await openChat();
  await failSends(page, 1, 429, 'rate_limited', { 'Retry-After': '1' });
  await widget.ask('First question');
  await widget.problem.waitFor();
  assert.match(await widget.problem.innerText(), /wait a moment/);
  await page.getByRole('button', { name: 'Try again', exact: true }).click();
  await watchGrowth(page);
  assert.equal(await widget.questions.count(), 1);
  assert.equal(await widget.problem.count(), 0);
});

test('a server without room says so and offers another try', async () => {
  const { page, widget } = await openChat();
  await failSends(page, 1, 503, 'overloaded');
  await widget.ask('Are you there?');
  assert.match(await widget.problem.innerText(), /too much to do/);
  await page.getByRole('button', { name: 'Try again', exact: true }).click();
  await watchGrowth(page);
  assert.equal(await widget.problem.count(), 0);
});

test('offline keeps the text in the box, and it can be sent when back', async () => {
  const { page, widget } = await openChat();
  await page.context().setOffline(true);
  await widget.ask('Can you hear me?');
  await page.getByText('You seem to be offline').waitFor();
  assert.equal(await widget.box.inputValue(), 'Can you hear me?');
  assert.equal(await widget.questions.count(), 0);
  await page.context().setOffline(false);
  await widget.box.press('Enter');
  await watchGrowth(page);
  assert.equal(await widget.questions.count(), 1);
});

test('a send that broke after it had arrived is not sent again', async () => {
  const { page, widget } = await openChat(cutShop.origin);
  await widget.ask('Hello');
  await watchGrowth(page);
  await page.route(
    MESSAGES,
    async (route) => {
      // The server takes the message, and the answer never reaches the browser.
      await route.fetch({ headers: { ...(await route.request().allHeaders()), origin: cutShop.origin } });
      await route.abort('connectionreset');
    },
    { times: 1 },
  );
  await widget.ask('Did this arrive?');
  await widget.problem.waitFor();
  await page.getByRole('button', { name: 'Try again', exact: true }).click();
  await widget.settled();
  assert.ok(await lastAnswer(page));
  await page.reload();
  await widget.panel.waitFor();
  await widget.settled();
  assert.equal(await widget.questions.count(), 2);
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

test('a turn that is still running gives the text back', async () => {
  const { page, widget } = await openChat();
  await widget.ask('Hello');
  await watchGrowth(page);
  await failSends(page, 1, 409, 'turn_running');
  await widget.ask('Too early');
  await page.getByText('still being answered').waitFor();
  assert.equal(await widget.box.inputValue(), 'Too early');
  assert.equal(await widget.questions.count(), 1);
});

test('an error in the stream keeps the partial answer and offers to ask again', async () => {
  const { page, widget } = await openChat();
  const event = (name, data) => `event: ${name}\ndata: ${JSON.stringify({ type: name, ...data })}\n\n`;
  await streamOnce(
    page,
    'retry: 2000\n\n: ping\n' +
      event('start', { turnId: 't', userMessageId: 'u', messageId: 'm' }) +
      event('mystery', { content: 'unknown events are passed over' }) +
      event('token', { content: 'The **first half' }) +
      event('error', { code: 'answer_interrupted', message: 'The answer was interrupted.', retryable: true }),
  );
  await widget.ask('Tell me');
  await widget.problem.waitFor();
  assert.match(await widget.answers.last().innerText(), /The \*\*first half[\s\S]*interrupted/);
  await page.getByRole('button', { name: 'Ask again' }).click();
  await watchGrowth(page);
  assert.equal(await widget.questions.count(), 2);
});

test('a widget that is gone offers nothing that cannot work', async () => {
  const { page, widget } = await openChat();
  await failSends(page, 1, 410, 'widget_gone');
  await widget.ask('Hello?');
  assert.match(await widget.problem.innerText(), /not available any more/);
  assert.equal(await page.getByRole('button', { name: 'Try again' }).count(), 0);
});

test('a history that cannot be loaded says so, and comes with another try', async () => {
  const { page, widget } = await openChat();
  await widget.ask('Hello');
  await watchGrowth(page);
  await page.route(MESSAGES, (route) => route.abort('connectionrefused'), { times: 1 });
  await page.reload();
  await widget.panel.waitFor();
  await page.getByText('could not be loaded').waitFor();
  await page.getByRole('button', { name: 'Try again', exact: true }).click();
  await widget.questions.first().waitFor();
  await widget.settled();
  assert.equal(await widget.questions.count(), 1);
  assert.equal(await widget.problem.count(), 0);
});
