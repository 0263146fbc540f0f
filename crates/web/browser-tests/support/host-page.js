// A web site that embeds the widget, on an origin that is not the server's.

import { createServer } from 'node:http';

/** Serves one page with the embed code; `origin` uses another host name than the server's 127.0.0.1. */
export async function serveHostPage(embedCode, headers = {}) {
  const html = `<!doctype html><html lang="en"><meta charset="utf-8"><title>A shop</title>
<h1>A page that hosts a chat widget</h1><p>It has text of its own.</p>
${embedCode}
</html>`;
  const server = createServer((request, response) => {
    response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8', ...headers });
    response.end(html);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const host = `localhost:${server.address().port}`;
  return {
    host,
    origin: `http://${host}`,
    close: () => new Promise((resolve) => (server.close(resolve), server.closeAllConnections())),
  };
}
