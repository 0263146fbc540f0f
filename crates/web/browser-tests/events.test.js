// What the widget tells the page, through `on` and on `window`.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { NOTE_EVENTS, call, visitCalling } from './support/calls.js';
import { startChatloom } from './support/chatloom.js';
import { launchChromium } from './support/chromium.js';
import { startModel } from './support/model.js';
import { failSends, streamOnce } from './support/refusals.js';

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

const visit = (t, calls = NOTE_EVENTS) => visitCalling(t, chromium, embedCode, calls);

/** What was heard since the last look, once there is so much; each event comes both ways, in either order. */
async function heard(page, count) {
  await page.waitForFunction((wanted) => heard.length >= wanted, 2 * count);
  const events = await page.evaluate(() => heard.splice(0));
  assert.equal(events.length, 2 * count, JSON.stringify(events));
  const direct = events.filter(([name]) => !name.startsWith('chatloom:'));
  const onWindow = events.filter(([name]) => name.startsWith('chatloom:')).map(([name, detail]) => [name.slice('chatloom:'.length), detail]);
  assert.deepEqual(onWindow, direct);
  for (const [name, detail] of direct) assert.equal(detail.widgetId, widgetId, name);
  return direct.map(([name, { widgetId: _, ...detail }]) => [name, detail]);
}

test('ready, open, message and close come in their order, each both ways and once', async (t) => {
  const { page, widget } = await visit(t);
  assert.deepEqual(await heard(page, 1), [['ready', {}]]);
  await widget.open();
  assert.deepEqual(await heard(page, 1), [['open', {}]]);
  model.answer = () => ['It costs ', '**five**.'];
  await widget.ask('What does it cost?');
  assert.deepEqual(await heard(page, 2), [
    ['message', { role: 'user', content: 'What does it cost?' }],
    ['message', { role: 'assistant', content: 'It costs **five**.' }],
  ]);
  await page.keyboard.press('Escape');
  assert.deepEqual(await heard(page, 1), [['close', {}]]);
  await call(page, 'open');
  await call(page, 'close');
  assert.deepEqual(await heard(page, 2), [['open', {}], ['close', {}]]);
});

test('a history that is loaded again is no news', async (t) => {
  const { page, widget } = await visit(t);
  model.answer = () => ['Once.'];
  await widget.open();
  await widget.ask('Hello');
  await widget.answers.getByText('Once.').waitFor();
  await widget.settled();
  await widget.reload();
  await widget.answers.getByText('Once.').waitFor();
  await widget.settled();
  assert.deepEqual((await heard(page, 2)).map(([name]) => name), ['ready', 'open']);
});

test('what goes wrong is told with its code, and the status where a request was refused', async (t) => {
  const { page, widget } = await visit(t);
  await widget.open();
  await heard(page, 2);
  await failSends(page, 1, 429, 'rate_limited', { 'Retry-After': '60' });
  await widget.ask('Too much');
  assert.deepEqual(await heard(page, 1), [['error', { code: 'rate_limited', status: 429 }]]);

  const event = (name, data) => `event: ${name}\ndata: ${JSON.stringify({ type: name, ...data })}\n\n`;
  const start = event('start', { turnId: 't', userMessageId: 'u', messageId: 'm' });
  await streamOnce(page, start + event('error', { code: 'model_overloaded', retryable: false }));
  await widget.ask('And now?');
  const events = await heard(page, 2);
  assert.deepEqual(events, [['message', { role: 'user', content: 'And now?' }], ['error', { code: 'model_overloaded' }]]);
});

test('a listener that throws breaks neither the widget nor the other listeners', async (t) => {
  const thrower = "Chatloom('on', 'open', () => { throw new Error('of the page'); }); addEventListener('chatloom:open', () => { throw new Error('of the page'); });";
  const { page, widget, errors } = await visit(t, thrower + NOTE_EVENTS);
  await heard(page, 1);
  await widget.open();
  assert.deepEqual(await heard(page, 1), [['open', {}]]);
  assert.deepEqual(errors, ['of the page', 'of the page']);
  model.answer = () => ['Still here.'];
  await widget.ask('Hello');
  await widget.answers.getByText('Still here.').waitFor();
});

test('off takes a listener away, and destroy all of them', async (t) => {
  const { page, widget } = await visit(t);
  await heard(page, 1);
  await page.evaluate(() => {
    window.own = 0;
    const count = () => own++;
    Chatloom('on', 'open', count);
    Chatloom('off', 'open', count);
  });
  await widget.open();
  await heard(page, 1);
  assert.equal(await page.evaluate(() => own), 0);
  await call(page, 'destroy');
  assert.deepEqual((await page.evaluate(() => heard)).filter(([name]) => !name.endsWith('close')), []);
});
