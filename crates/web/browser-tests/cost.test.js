// What the widget costs a page on which nobody chats: next to nothing, and nothing of it before the page has loaded.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { startChatloom } from './support/chatloom.js';
import { launchChromium } from './support/chromium.js';
import { serveHostPage } from './support/host-page.js';
import { comeToRest, widgetOn } from './support/widget.js';

let chatloom, chromium, embedCode;

before(async () => {
  chatloom = await startChatloom();
  chromium = await launchChromium();
  ({ embedCode } = await chatloom.dashboard.createWidget());
});

after(async () => {
  await chromium?.close();
  await chatloom?.stop();
});

/** A page with this embed code, and everything that it asked our server for. */
async function visit(t, { code = embedCode, ...served } = {}) {
  const site = await serveHostPage(code, served);
  t.after(() => site.close());
  const page = await chromium.newPage();
  const asked = [];
  page.on('request', (request) => request.url().startsWith(chatloom.base) && asked.push(request));
  await page.goto(site.origin);
  const widget = widgetOn(page);
  await widget.launcher.waitFor();
  await comeToRest(page);
  return { page, widget, asked, paths: () => asked.map((request) => new URL(request.url()).pathname) };
}

test('nothing on the page moves when the launcher arrives or the panel opens', async (t) => {
  const { page, widget } = await visit(t, { extra: `<script>
    window.moved = 0;
    new PerformanceObserver((list) => { for (const { value } of list.getEntries()) moved += value; })
      .observe({ type: 'layout-shift', buffered: true });
  </script>` });
  await widget.open();
  await comeToRest(page);
  await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
  assert.equal(await page.evaluate(() => moved), 0);

  // The page's own movement is seen, so the zero above is one.
  await page.evaluate(() => document.body.prepend(Object.assign(document.createElement('div'), { style: 'height:300px' })));
  await page.waitForFunction(() => moved > 0);
});

test('the script takes the page no long task', async (t) => {
  const session = async (page) => {
    const client = await page.context().newCDPSession(page);
    await client.send('Profiler.enable');
    return client;
  };
  const site = await serveHostPage('');
  t.after(() => site.close());
  const page = await chromium.newPage();
  const profiler = await session(page);
  await page.goto(site.origin);
  await profiler.send('Profiler.setSamplingInterval', { interval: 500 });
  await profiler.send('Profiler.start');
  await page.evaluate(([src, token]) => {
    const script = Object.assign(document.createElement('script'), { src });
    script.dataset.token = token;
    document.body.append(script);
  }, [`${chatloom.base}/widget.js`, /data-token="([^"]+)"/.exec(embedCode)[1]]);
  await widgetOn(page).launcher.waitFor();
  const { profile } = await profiler.send('Profiler.stop');
  // Time that the script itself ran, in milliseconds; the machine may be busy, and a task's length would say so.
  const ours = new Set(profile.nodes.filter(({ callFrame }) => callFrame.url.endsWith('/widget.js')).map(({ id }) => id));
  const ran = profile.samples.reduce((sum, id, at) => sum + (ours.has(id) ? profile.timeDeltas[at] : 0), 0) / 1000;
  assert.ok(ran < 50, `the script ran for ${ran} ms`);
});

test('the configuration is asked for after the page has been read, with low priority', async (t) => {
  // The page's own reading takes a while, and it says when it is over.
  const { page, asked } = await visit(t, { extra: `<script>
    addEventListener('DOMContentLoaded', () => performance.mark('read'));
    const fetchIt = window.fetch;
    window.fetch = (address, options) => {
      performance.mark('asked', { detail: [String(address), options?.priority, options?.credentials, options?.referrerPolicy] });
      return fetchIt(address, options);
    };
  </script>` });
  const { read, asks } = await page.evaluate(() => ({
    read: performance.getEntriesByName('read')[0].startTime,
    asks: performance.getEntriesByName('asked').map(({ startTime, detail }) => ({ startTime, detail })),
  }));
  assert.equal(asks.length, 1);
  assert.deepEqual(asks[0].detail, [`${chatloom.base}/api/widget-chat/init`, 'low', 'omit', 'origin']);
  assert.ok(asks[0].startTime >= read, `asked at ${asks[0].startTime}, read at ${read}`);
  const cookies = await Promise.all(asked.map((request) => request.headerValue('cookie')));
  assert.deepEqual(cookies.filter(Boolean), []);
});

for (const intent of ['hover', 'focus']) {
  test(`the panel is fetched on ${intent}, and once`, async (t) => {
    const { page, widget, paths } = await visit(t);
    assert.deepEqual(paths(), ['/widget.js', '/api/widget-chat/init']);
    await page.mouse.move(5, 5);
    await page.mouse.wheel(0, 200);
    await page.keyboard.press('PageDown');
    assert.equal(paths().length, 2, `${paths()}`);
    const panel = page.waitForRequest(/\/widget\/panel-[0-9a-f]{16}-en\.js$/);
    await widget.launcher[intent]();
    await panel;
    await widget.open();
    assert.equal(paths().filter((path) => path.startsWith('/widget/panel-')).length, 1);
  });
}

test('a script tag that is deferred, async or in the head works like the plain one', async (t) => {
  for (const served of [
    { code: embedCode.replace('<script', '<script defer') },
    { code: embedCode.replace('<script', '<script async') },
    { code: '', extra: embedCode },
    { code: '', extra: embedCode.replace('<script', '<script async') },
  ]) {
    const { widget } = await visit(t, served);
    await widget.open();
  }
});
