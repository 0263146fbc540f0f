// A model that takes its time, on a line that breaks meanwhile.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { startChatloom } from './support/chatloom.js';
import { launchChromium } from './support/chromium.js';
import { startCutter } from './support/cutter.js';
import { serveHostPage } from './support/host-page.js';
import { dictate, startModel } from './support/model.js';
import { widgetOn } from './support/widget.js';

let chatloom, chromium, cutter, model, shop;

before(async () => {
  model = await startModel();
  chatloom = await startChatloom(model.env);
  chromium = await launchChromium();
  cutter = await startCutter(chatloom.base);
  const { embedCode } = await chatloom.dashboard.createWidget({ agent: model.agent });
  shop = await serveHostPage(embedCode.replace(chatloom.base, cutter.base));
});

after(async () => {
  await chromium?.close();
  await shop?.close();
  await cutter?.close();
  await chatloom?.stop();
  await model?.close();
});

test('a line that is back is not called broken while the model is silent', async () => {
  const page = await chromium.newPage();
  await page.goto(shop.origin);
  const widget = widgetOn(page);
  await widget.open();
  const answer = dictate();
  model.answer = () => answer.pieces;
  await widget.ask('Go on');
  answer.say('Half of it');
  await widget.answers.getByText('Half of it').waitFor();
  cutter.isDown = true;
  cutter.cut();
  const note = page.getByText('The connection was lost.');
  await note.waitFor();
  const isBack = page.waitForResponse((response) => response.url().endsWith('/events') && response.ok());
  cutter.isDown = false;
  await isBack;
  await note.waitFor({ state: 'detached', timeout: 5000 });
  answer.say(', and the rest.');
  answer.end();
  await widget.answers.getByText('Half of it, and the rest.').waitFor();
  await widget.settled();
  assert.equal(await widget.problem.count(), 0);
});
