// The owner's colour on the launcher, in each notation that the API accepts.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { startChatloom } from './support/chatloom.js';
import { launchChromium } from './support/chromium.js';
import { serveHostPage } from './support/host-page.js';
import { widgetOn } from './support/widget.js';

let chatloom, chromium;

before(async () => {
  chatloom = await startChatloom();
  chromium = await launchChromium();
});

after(async () => {
  await chromium?.close();
  await chatloom?.stop();
});

for (const primaryColor of ['#fc0', '#fc08', '#FFCC00', '#ffcc0080']) {
  test(`${primaryColor} is amber, opaque, with dark ink`, async () => {
    const { embedCode } = await chatloom.dashboard.createWidget({ customization: { primaryColor } });
    const shop = await serveHostPage(embedCode);
    try {
      const page = await chromium.newPage();
      await page.goto(shop.origin);
      const colours = await widgetOn(page).launcher.evaluate((launcher) => {
        const { backgroundColor, color } = getComputedStyle(launcher);
        return [backgroundColor, color];
      });
      assert.deepEqual(colours, ['rgb(255, 204, 0)', 'rgb(0, 0, 0)']);
    } finally {
      await shop.close();
    }
  });
}
