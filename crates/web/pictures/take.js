// Takes the pictures of docs/images: from the demo shop and the gallery of a server that is started for it.

import { mkdir, stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

import { startChatloom } from '../browser-tests/support/chatloom.js';
import { launchChromium } from '../browser-tests/support/chromium.js';
import { comeToRest, widgetOn } from '../browser-tests/support/widget.js';

const FOLDER = fileURLToPath(new URL('../../../docs/images/', import.meta.url));

/** Pictures are read with the page that shows them; more than this makes that page slow. */
const MOST_BYTES = 150 * 1024;

/** When the scenes take place, so that pictures of the same widget are the same. */
const MORNING = new Date('2026-03-02T10:24:00Z');

/** Empty space above and below a part of a page, in pixels. */
const MARGIN = 28;

const DESKTOP = { width: 560, height: 800 };
const PHONE = { width: 390, height: 800 };

/** Frames of the gallery: file, state, and how the browser is set up. */
const FRAMES = [
  ['light', 'answer', { viewport: DESKTOP }],
  ['dark', 'dark', { viewport: DESKTOP, colorScheme: 'dark' }],
  ['phone', 'phone', { viewport: PHONE }],
  ['right-to-left', 'arabic', { viewport: DESKTOP }],
  ['japanese', 'japanese', { viewport: DESKTOP }],
  ['yellow-brand', 'yellow', { viewport: DESKTOP }],
  ['hosted', 'hosted', { viewport: { width: 1000, height: 720 } }],
];

const chatloom = await startChatloom();
const chromium = await launchChromium();
try {
  await mkdir(FOLDER, { recursive: true });
  await takeShop();
  for (const [name, state, setup] of FRAMES) await takeFrame(name, state, setup);
  await takeStates();
} finally {
  await chromium.close();
  await chatloom.stop();
}

/** The demo shop with an answer in its widget. */
async function takeShop() {
  const page = await chromium.newPage({ viewport: { width: 1280, height: 800 } });
  await page.goto(`${chatloom.base}/demo`);
  const widget = widgetOn(page);
  await widget.open();
  await widget.ask('What can you do?');
  await page.locator('.answer .text').first().waitFor();
  await widget.settled();
  await page.mouse.move(0, 0);
  await take(page, 'demo');
}

async function takeFrame(name, state, setup) {
  const page = await chromium.newPage(setup);
  await page.clock.setFixedTime(MORNING);
  await page.goto(`${chatloom.base}/demo/gallery/frame?state=${state}`);
  await page.locator(`html[data-reached=${state}]`).waitFor();
  await take(page, name);
}

/** The first row of the gallery's chapter on what may be in the way. */
async function takeStates() {
  const page = await chromium.newPage({ viewport: { width: 1600, height: 1000 } });
  await page.goto(`${chatloom.base}/demo/gallery`);
  const chapter = page.locator('section', { has: page.locator('#interrupted') });
  const figures = (await chapter.locator('figure').all()).slice(0, 4);
  for (const figure of figures) {
    await figure.scrollIntoViewIfNeeded();
    await figure.locator('iframe').contentFrame().locator('html[data-reached]').waitFor();
  }
  const row = await Promise.all([chapter.locator('h2'), ...figures].map((part) => part.boundingBox()));
  const top = row[0].y - MARGIN;
  const bottom = Math.max(...row.map(({ y, height }) => y + height)) + MARGIN;
  const scrolled = await page.evaluate(() => scrollY);
  const clip = { x: 0, y: top + scrolled, width: 1600, height: bottom - top };
  await save('states', (path) => page.screenshot({ path, clip, fullPage: true }));
  await page.close();
}

async function take(page, name) {
  await comeToRest(page);
  await save(name, (path) => page.screenshot({ path }));
  await page.close();
}

async function save(name, write) {
  const path = `${FOLDER}${name}.png`;
  await write(path);
  const { size } = await stat(path);
  console.log(`${name}.png: ${Math.round(size / 1024)} KiB`);
  if (size > MOST_BYTES) throw new Error(`${name}.png is larger than ${MOST_BYTES / 1024} KiB`);
}
