// Hostile answers: nothing in them may run, load or lead astray. Whole and streamed here, from a model
// through the server into a real page in hostile.test.js.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { launchChromium } from './support/chromium.js';
import { prepareMarkdown, serveModules } from './support/modules.js';
import { PAYLOADS, findDanger } from './support/payloads.js';

let chromium, modules, page;
const alerts = [];
const requests = [];

before(async () => {
  chromium = await launchChromium();
  modules = await serveModules();
  page = await chromium.newPage();
  page.on('dialog', (dialog) => (alerts.push(dialog.message()), dialog.dismiss()));
  await prepareMarkdown(page, modules.origin);
  page.on('request', (request) => requests.push(request.url()));
});

after(async () => {
  await chromium?.close();
  await modules?.close();
});

test('S16: no payload becomes anything dangerous, whole or in pieces', async () => {
  const found = await page.evaluate(
    ([payloads, source]) => {
      const danger = new Function('root', `return (${source})(root)`);
      const main = document.querySelector('main');
      return payloads.flatMap((payload) => {
        const seen = [];
        const look = (container) => (main.replaceChildren(container), seen.push(...danger(container)));
        look(draw(payload));
        look(draw(payload, true));
        for (const size of [1, 4]) look(drawStreamed(payload, size, look));
        return seen.length ? [[payload, [...new Set(seen)]]] : [];
      });
    },
    [PAYLOADS, findDanger.toString()],
  );
  assert.deepEqual(found, []);
});

test('nothing ran and nothing was loaded', async () => {
  await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
  assert.deepEqual(alerts, []);
  assert.deepEqual(requests, []);
});
