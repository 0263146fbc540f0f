// A server that speaks Chat Completions, so that a test decides what a model says, and when it says it.

import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';

/**
 * Starts it on a free port. `env` makes it the provider `openai` of a Chatloom server, `agent` is a workflow's that asks
 * it, and `answer` may be replaced: it gives the pieces of the answer to a question and all that was said before.
 */
export async function startModel() {
  const model = { answer: () => ['Hello.'] };
  const server = createServer(async (request, response) => {
    const { messages } = JSON.parse(await text(request));
    response.writeHead(200, { 'Content-Type': 'text/event-stream' });
    const send = (choice) => response.write(`data: ${JSON.stringify({ choices: [{ index: 0, ...choice }] })}\n\n`);
    for await (const content of model.answer(messages.at(-1).content, messages)) send({ delta: { content } });
    send({ delta: {}, finish_reason: 'stop' });
    response.end('data: [DONE]\n\n');
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return Object.assign(model, {
    env: { OPENAI_API_KEY: 'a-key', OPENAI_BASE_URL: `http://127.0.0.1:${server.address().port}/v1` },
    agent: { instructions: 'Help visitors of the shop.', provider: 'openai', model: 'dictated' },
    close: () => new Promise((resolve) => (server.close(resolve), server.closeAllConnections())),
  });
}

/** The pieces of an answer that go on for as long as the test wants. */
export function dictate() {
  let controller;
  const pieces = new ReadableStream({ start: (own) => void (controller = own) });
  return { pieces, say: (piece) => controller.enqueue(piece), end: () => controller.close() };
}
