// One Chromium for a test file, a fresh profile for every test.

import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const PLACES = [process.env.CHROMIUM_BIN, '/usr/bin/chromium', '/usr/bin/chromium-headless-shell', '/usr/bin/google-chrome'];
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // A site that is no localhost, so that what it serves over plain http is no secure context.
  '--host-resolver-rules=MAP shop.example 127.0.0.1',
];

/** Pictures of a run, outside of git. */
const ARTIFACTS = fileURLToPath(new URL('../../../../test-artifacts/', import.meta.url));

/** How long a page may take for anything on a busy machine, in milliseconds. */
const PATIENCE = 20_000;

/** Starts it; `options` are Playwright's for browsers. */
export async function launchChromium(options = {}) {
  const executablePath = PLACES.find((place) => place && existsSync(place));
  if (!executablePath) {
    throw new Error('Chromium was not found: run `apt-get install chromium`, or set CHROMIUM_BIN to its path.');
  }
  const browser = await chromium.launch({ executablePath, args: FLAGS, ...options });
  return {
    /** A page in a profile of its own; `options` are Playwright's for contexts. */
    async newPage(options = {}) {
      const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
      context.setDefaultTimeout(PATIENCE);
      return context.newPage();
    },
    close: () => browser.close(),
  };
}

/** Keeps a picture of the page under the repository's `test-artifacts` folder. */
export async function keepScreenshot(page, name) {
  await mkdir(ARTIFACTS, { recursive: true });
  await page.screenshot({ path: `${ARTIFACTS}${name}.png` });
}
