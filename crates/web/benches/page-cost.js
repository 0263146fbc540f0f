// What the widget costs a page, in a real browser against a real server: bytes, requests, the first open on a slow line,
// layout shifts and long tasks. Times depend on the machine; bytes, counts and ratios do not. Needs CHATLOOM_BIN, of a
// release build for the bytes that are served in production.

import { brotliCompressSync, gzipSync } from 'node:zlib';

import { startChatloom } from '../browser-tests/support/chatloom.js';
import { launchChromium } from '../browser-tests/support/chromium.js';
import { serveHostPage } from '../browser-tests/support/host-page.js';

/** A round trip as on a mobile network, in milliseconds, and 1.6 Mbit/s both ways. */
const SLOW_LINE = { offline: false, latency: 150, downloadThroughput: 200_000, uploadThroughput: 200_000 };
const RUNS = 9;

const chatloom = await startChatloom();
const chromium = await launchChromium();
const { embedCode } = await chatloom.dashboard.createWidget();
const shop = await serveHostPage(embedCode);
try {
  const { requests, ...page } = await openOnce({ hover: false });
  console.table(await Promise.all(requests.map(sizesOf)));
  console.log(page);
  const [cold, warm] = [await median({ hover: false }), await median({ hover: true })];
  console.log({ 'click to ready, ms': cold, 'with the pointer there before, ms': warm, 'round trips': cold / SLOW_LINE.latency });
} finally {
  await chromium.close();
  await shop.close();
  await chatloom.stop();
}

/** Loads the page over the slow line and opens the chat. */
async function openOnce({ hover }) {
  const page = await chromium.newPage();
  const cdp = await page.context().newCDPSession(page);
  const requests = [];
  page.on('request', (request) => request.url().startsWith(chatloom.base) && requests.push(request.url()));
  await cdp.send('Network.enable');
  await cdp.send('Network.emulateNetworkConditions', SLOW_LINE);
  await page.addInitScript(() => {
    window.cost = { shifts: 0, longTasks: 0 };
    new PerformanceObserver((list) => list.getEntries().forEach(({ value }) => (cost.shifts += value))).observe({ type: 'layout-shift', buffered: true });
    new PerformanceObserver((list) => list.getEntries().forEach(({ duration }) => (cost.longTasks += duration))).observe({ type: 'longtask', buffered: true });
  });
  await page.goto(shop.origin);
  const launcher = page.locator('.launcher');
  await launcher.waitFor();
  await page.waitForLoadState('networkidle');
  const before = requests.length;
  const { shifts, longTasks } = await page.evaluate(() => cost);
  if (hover) await launcher.hover().then(() => page.locator('.cw').waitFor({ state: 'attached' }));
  const ready = await page.evaluate(async () => {
    const { shadowRoot } = document.querySelector('chatloom-widget');
    const start = performance.now();
    shadowRoot.querySelector('.launcher').click();
    while (!shadowRoot.activeElement?.matches('textarea')) await new Promise(requestAnimationFrame);
    return performance.now() - start;
  });
  await page.context().close();
  return { requests, 'requests before the click': before, 'on the click': requests.length - before, ready, shifts, longTasks };
}

async function median(options) {
  const times = [];
  while (times.length < RUNS) times.push((await openOnce(options)).ready);
  return Math.round(times.sort((a, b) => a - b)[RUNS >> 1]);
}

/** The bytes of one file as they are, with gzip, and as the server sends them. */
async function sizesOf(url) {
  const plain = Buffer.from(await (await fetch(url, { headers: { 'X-Widget-Token': /data-token="([^"]+)/.exec(embedCode)[1] } })).arrayBuffer());
  return { path: new URL(url).pathname, raw: plain.length, gzip: gzipSync(plain, { level: 9 }).length, brotli: brotliCompressSync(plain).length };
}
