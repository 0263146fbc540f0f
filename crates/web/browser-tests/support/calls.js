// The widget as the page's own scripts meet it.

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
