// The modules of panel and solver one by one, for tests that need nodes but no server.

import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';

const TYPES = { '.js': 'text/javascript', '.json': 'application/json', '.html': 'text/html; charset=utf-8' };
const WEB = fileURLToPath(new URL('../../web', import.meta.url));

/** Serves an empty page, the modules at `/panel/` and `/solver/`, and the texts at `/languages/`. */
export async function serveModules() {
  const server = createServer(async (request, response) => {
    const name = /^\/(panel|solver|languages)\/[a-z0-9]+\.js(on)?$/.exec(request.url)?.[0];
    const body = name ? await readFile(WEB + name) : '<!doctype html><meta charset="utf-8"><main></main>';
    response.writeHead(200, { 'Content-Type': TYPES[extname(name ?? 'page.html')] });
    response.end(body);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    origin: `http://127.0.0.1:${server.address().port}`,
    close: () => new Promise((resolve) => (server.close(resolve), server.closeAllConnections())),
  };
}

/** Loads the page and defines `draw` and `drawStreamed`, which give the nodes that a text becomes. */
export async function prepareMarkdown(page, origin) {
  await page.goto(origin);
  await page.evaluate(async () => {
    const { createMarkdown } = await import('/panel/markdown.js');
    window.draw = (source, open = false) => {
      const container = document.createElement('div');
      createMarkdown(container).render(source, open);
      return container;
    };
    window.drawStreamed = (source, size, seen = () => {}) => {
      const container = document.createElement('div');
      const markdown = createMarkdown(container);
      for (let end = size; end < source.length; end += size) {
        markdown.render(source.slice(0, end), true);
        seen(container, end);
      }
      markdown.render(source, false);
      return container;
    };
  });
}
