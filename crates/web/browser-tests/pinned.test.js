// The embed code that pins one version of the loader.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { startChatloom } from './support/chatloom.js';
import { launchChromium } from './support/chromium.js';
import { serveHostPage } from './support/host-page.js';
import { watchGrowth, widgetOn } from './support/widget.js';

let chatloom, chromium, pinnedEmbedCode;

before(async () => {
  chatloom = await startChatloom();
  chromium = await launchChromium();
  const { id } = await chatloom.dashboard.createWidget();
  ({ pinnedEmbedCode } = await chatloom.dashboard.call('GET', `/widgets/${id}/embed-code`));
});

after(async () => {
  await chromium?.close();
  await chatloom?.stop();
});

/** A page with the code, and what its console says while it loads. */
async function pageWith(t, code) {
  const host = await serveHostPage(code);
  t.after(() => host.close());
  const page = await chromium.newPage();
  const said = [];
  page.on('console', (message) => said.push(message.text()));
  await page.goto(host.origin);
  return { page, said };
}

test('a page with the pinned code chats', async (t) => {
  const { page, said } = await pageWith(t, pinnedEmbedCode);
  const widget = widgetOn(page);
  await widget.open();
  await widget.ask('What can you do?');
  assert.ok((await watchGrowth(page)).length > 2);
  assert.deepEqual(said, []);
});

test('the browser refuses a script that is not the pinned one', async (t) => {
  const [, character] = /integrity="sha384-(.)/.exec(pinnedEmbedCode);
  const wrong = pinnedEmbedCode.replace('sha384-' + character, 'sha384-' + (character === 'A' ? 'B' : 'A'));
  const { page, said } = await pageWith(t, wrong);
  assert.ok(said.some((text) => text.includes("'integrity' attribute")), said.join('\n'));
  assert.equal(await page.locator('chatloom-widget').count(), 0);
});

test('a page that pins an older version is told that its integrity is wrong', async (t) => {
  const older = pinnedEmbedCode
    .replace(/loader-[0-9a-f]{16}/, 'loader-0123456789abcdef')
    .replace(/sha384-[^"]+/, 'sha384-' + 'A'.repeat(64));
  const { said } = await pageWith(t, older);
  assert.ok(said.some((text) => text.includes("'integrity' attribute")), said.join('\n'));
});
