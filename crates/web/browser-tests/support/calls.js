// The widget as the page's own scripts meet it.

import { serveHostPage } from './host-page.js';
import { widgetOn } from './widget.js';

/** The embed code with more attributes. */
export const withAttributes = (embedCode, attributes) => embedCode.replace('<script', `<script ${attributes}`);

export const tokenOf = (embedCode) => /data-token="([^"]+)"/.exec(embedCode)[1];

/** The stub of docs/widget.md, and calls that a page makes before the script is there. */
export const stub = (calls = '') =>
  `<script>window.Chatloom=window.Chatloom||function(){(Chatloom.q=Chatloom.q||[]).push(arguments)};${calls}</script>`;

/** Calls that note down every event, by their name and what they tell, in the page's `heard`. */
export const NOTE_EVENTS = `window.heard = [];
for (const name of ['ready', 'open', 'close', 'message', 'error']) {
  Chatloom('on', name, ({ type, detail }) => heard.push([type, detail]));
  addEventListener('chatloom:' + name, ({ type, detail }) => heard.push([type, detail]));
}`;

/** Calls a verb of the page's first widget. */
export const call = (page, ...words) => page.evaluate((all) => window.Chatloom(...all), words);

/** A page with the embed code that makes these calls before the script is there; its launcher is shown. */
export async function visitCalling(t, chromium, embedCode, early) {
  const site = await serveHostPage(embedCode, { extra: stub(early) });
  t.after(() => site.close());
  const page = await chromium.newPage();
  t.after(() => page.context().close());
  const errors = [];
  page.on('pageerror', (error) => errors.push(error.message));
  await page.goto(site.origin);
  const widget = widgetOn(page);
  await widget.launcher.waitFor();
  return { page, widget, errors };
}
