// What a visitor thinks of an answer, and what the launcher tells of an answer that nobody has seen.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { startChatloom } from './support/chatloom.js';
import { launchChromium } from './support/chromium.js';
import { serveHostPage } from './support/host-page.js';
import { dictate, startModel } from './support/model.js';
import { refuse } from './support/refusals.js';
import { widgetOn } from './support/widget.js';

let chatloom, chromium, model;

before(async () => {
  model = await startModel();
  chatloom = await startChatloom(model.env);
  chromium = await launchChromium();
});

after(async () => {
  await chromium?.close();
  await chatloom?.stop();
  await model?.close();
});

/** A chat with one answer, in a conversation of its own; `kept` is what the team reads about it. */
async function visit(t) {
  const { id, embedCode } = await chatloom.dashboard.createWidget({ agent: model.agent });
  const shop = await serveHostPage(embedCode);
  t.after(() => shop.close());
  const page = await chromium.newPage();
  t.after(() => page.context().close());
  const kept = async () => {
    const { feedback } = await chatloom.dashboard.call('GET', `/widgets/${id}/feedback`);
    return feedback.map(({ rating, reason }) => [rating, reason]);
  };
  await page.goto(shop.origin);
  const widget = widgetOn(page);
  await widget.open();
  model.answer = () => ['Hello.'];
  await widget.ask('Hello?');
  await widget.answers.getByText('Hello.').waitFor();
  await widget.settled();
  const thumb = (name) => page.getByRole('button', { name });
  const isPressed = async (name) => (await thumb(name).getAttribute('aria-pressed')) === 'true';
  return { page, widget, kept, thumb, isPressed };
}

test('a good answer is rated with one press, and another press takes it back', async (t) => {
  const { page, widget, kept, thumb, isPressed } = await visit(t);
  assert.equal(await isPressed('Good answer'), false);
  await thumb('Good answer').click();
  const thanks = page.getByText('Thank you for your feedback.');
  await thanks.waitFor();
  assert.equal(await isPressed('Good answer'), true);
  assert.deepEqual(await kept(), [['good', undefined]]);
  await widget.reload();
  await page.getByRole('button', { name: 'Good answer', pressed: true }).waitFor();
  const changed = page.waitForResponse((response) => response.url().endsWith('/feedback') && response.status() === 204);
  await thumb('Good answer').click();
  await changed;
  assert.equal(await isPressed('Good answer'), false);
  assert.deepEqual(await kept(), []);
});

test('a bad answer asks for the reason, which is sent by Enter and keeps the focus in the panel', async (t) => {
  const { page, kept, thumb, isPressed } = await visit(t);
  await thumb('Bad answer').click();
  const reason = page.getByRole('textbox', { name: 'What was wrong? (optional)' });
  await reason.fill('It says <b>nothing</b>.');
  await reason.press('Enter');
  await reason.waitFor({ state: 'detached' });
  assert.deepEqual(await kept(), [['bad', 'It says <b>nothing</b>.']]);
  assert.equal(await isPressed('Bad answer'), true);
  assert.equal(await page.evaluate(() => document.querySelector('chatloom-widget').shadowRoot.activeElement?.ariaLabel), 'Bad answer');

  const changed = page.waitForResponse((response) => response.url().endsWith('/feedback') && response.status() === 204);
  await thumb('Good answer').click();
  await changed;
  assert.deepEqual([await isPressed('Good answer'), await isPressed('Bad answer')], [true, false]);
  assert.deepEqual((await kept()).map(([rating]) => rating), ['good']);
});

test('what could not be saved is taken back and said', async (t) => {
  const { page, thumb, isPressed } = await visit(t);
  await page.route('**/feedback', (route) => refuse(route, 503, 'overloaded'), { times: 1 });
  await thumb('Good answer').click();
  await page.getByText('Your feedback could not be saved. Please try again.').waitFor();
  assert.equal(await isPressed('Good answer'), false);
  await page.unroute('**/feedback');
  await thumb('Good answer').click();
  await page.getByText('Thank you for your feedback.').waitFor();
  assert.equal(await isPressed('Good answer'), true);
});

test('an answer that is still being written, or was stopped before a word, cannot be rated', async (t) => {
  const { page, widget } = await visit(t);
  const answer = dictate();
  model.answer = () => answer.pieces;
  await widget.ask('Go on');
  answer.say('Half of it');
  await widget.answers.getByText('Half of it').waitFor();
  assert.equal(await widget.answers.last().getByRole('button').count(), 0);
  answer.end();
  await widget.answers.last().locator('.foot').waitFor();
  const nothing = dictate();
  model.answer = () => nothing.pieces;
  await widget.ask('And?');
  await widget.stop.click();
  await page.getByText('You stopped this answer.').waitFor();
  await widget.settled();
  assert.equal(await widget.answers.last().getByRole('button').count(), 0);
});

test('an answer that comes to a closed panel is told by the launcher, until it is opened', async (t) => {
  const { page, widget } = await visit(t);
  const answer = dictate();
  model.answer = () => answer.pieces;
  await widget.ask('Go on');
  await page.keyboard.press('Escape');
  await widget.panel.waitFor({ state: 'hidden' });
  answer.say('Here it is.');
  answer.end();
  const unread = page.getByRole('button', { name: 'Open chat, new message' });
  await unread.waitFor();
  const dot = () => page.locator('.launcher').evaluate((launcher) => getComputedStyle(launcher, '::after').width);
  assert.equal(await dot(), '12px');

  // It is still told on the next page, and no longer once it was seen.
  await page.reload();
  await unread.waitFor();
  await unread.click();
  await widget.answers.getByText('Here it is.').waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Open chat', exact: true }).waitFor();
  assert.equal(await dot(), 'auto');
  await page.reload();
  await page.getByRole('button', { name: 'Open chat', exact: true }).waitFor();
});

test('an answer that comes into sight leaves no dot', async (t) => {
  const { page, widget } = await visit(t);
  await page.keyboard.press('Escape');
  await widget.panel.waitFor({ state: 'hidden' });
  await page.getByRole('button', { name: 'Open chat', exact: true }).waitFor();
});

test('who comes back to an answer in the making is told that it is still being written', async (t) => {
  const { page, widget } = await visit(t);
  const answer = dictate();
  model.answer = () => answer.pieces;
  await widget.ask('Go on');
  answer.say('It takes a while');
  await widget.answers.getByText('It takes a while').waitFor();
  await widget.reload();
  await page.locator('.status', { hasText: 'Still writing your answer…' }).waitFor();
  answer.say(' and ends.');
  answer.end();
  await widget.answers.getByText('and ends.').waitFor();
  await page.locator('.status', { hasText: 'AI assistant' }).waitFor();
});
