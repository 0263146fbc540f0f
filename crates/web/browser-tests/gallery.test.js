// The gallery: every scene reaches its state on the real widget, and breaks no policy on the way.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { scenes } from '../web/gallery/scenes.js';
import { startChatloom } from './support/chatloom.js';
import { launchChromium } from './support/chromium.js';

let chatloom, chromium;

before(async () => {
  chatloom = await startChatloom();
  chromium = await launchChromium();
});

after(async () => {
  await chromium?.close();
  await chatloom?.stop();
});

/** A page of the gallery, and whatever its console complains of. */
async function open(path, options) {
  const page = await chromium.newPage(options);
  const trouble = [];
  page.on('console', (message) => ['error', 'warning'].includes(message.type()) && trouble.push(message.text()));
  page.on('pageerror', (error) => trouble.push(error.message));
  const asked = [];
  page.on('request', (request) => request.url().includes('/api/') && asked.push(request.url()));
  await page.goto(chatloom.base + path);
  return { page, trouble, asked };
}

for (const scene of scenes) {
  test(`the scene "${scene.id}" reaches its state`, async () => {
    const viewport = scene.frame === 'phone' ? { width: 390, height: 800 } : { width: 504, height: 798 };
    const { page, trouble, asked } = await open(`/demo/gallery/frame?state=${scene.id}`, { viewport });
    await page.locator(`html[data-reached=${scene.id}]`).waitFor();
    await page.locator(scene.shows).first().waitFor();
    assert.deepEqual(trouble, []);
    assert.deepEqual(asked, [], 'a server was asked');
    await page.context().close();
  });
}

test('theme and language of a scene can be chosen', async () => {
  const { page } = await open('/demo/gallery/frame?state=greeting&theme=dark&locale=de');
  await page.locator('.cw.dark.open[lang=de]').waitFor();
});

test('the gallery shows every scene in a frame, and its choices reach them', async () => {
  const { page, trouble } = await open('/demo/gallery');
  assert.equal(await page.locator('figure').count(), scenes.length);
  const frameOf = async (id) => {
    await page.locator(`#${id}`).scrollIntoViewIfNeeded();
    return page.locator(`#${id} iframe`).contentFrame();
  };
  for (const { id } of scenes) await (await frameOf(id)).locator(`html[data-reached=${id}]`).waitFor();
  await page.getByLabel('Theme').selectOption('dark');
  await (await frameOf('greeting')).locator('.cw.dark.open').waitFor();
  assert.deepEqual(trouble, []);
});
