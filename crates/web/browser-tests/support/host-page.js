// A web site that embeds the widget, on an origin that is not the server's.

import { createServer } from 'node:http';

const TEXT = 'Wool from the coast, oak from the next valley, and hands that know both. '.repeat(6);

/** Serves one page with the embed code, under another host name than the server's 127.0.0.1. */
export async function serveHostPage(embedCode, { headers = {}, extra = '' } = {}) {
  let snippet = embedCode;
  const server = createServer((request, response) => {
    response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8', ...headers });
    response.end(`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>A shop</title>
${extra}
<h1>A page that hosts a chat widget</h1>
<p>${TEXT}</p>
${snippet}
</html>`);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const host = `localhost:${server.address().port}`;
  return {
    host,
    origin: `http://${host}`,
    embed: (code) => (snippet = code),
    close: () => new Promise((resolve) => (server.close(resolve), server.closeAllConnections())),
  };
}
