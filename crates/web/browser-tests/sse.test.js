// The reader of text/event-stream, without a browser.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { readEvents } from '../web/panel/sse.js';

/** A stream of the given pieces; an Error among them breaks it. */
function streamOf(pieces) {
  return new ReadableStream({
    pull(controller) {
      const piece = pieces.shift();
      if (piece === undefined) controller.close();
      else if (piece instanceof Error) controller.error(piece);
      else controller.enqueue(typeof piece === 'string' ? new TextEncoder().encode(piece) : piece);
    },
  });
}

async function eventsOf(...pieces) {
  const events = [];
  for await (const event of readEvents(streamOf(pieces))) events.push(event);
  return events;
}

test('events carry their name, data and id', async () => {
  const events = await eventsOf('retry: 2000\n\nid: t:1:0\nevent: start\ndata: {"a":1}\n\nevent: done\ndata: {}\n\n');
  assert.deepEqual(events, [
    { name: 'start', data: '{"a":1}', id: 't:1:0' },
    { name: 'done', data: '{}', id: 't:1:0' },
  ]);
});

test('a stream split at any byte gives the same events', async () => {
  const text = ': ping\n\nid: 1\r\nevent: token\r\ndata: {"content":"Grüße 👋🏽"}\r\n\r\ndata: a\rdata: b\r\r\nevent: done\ndata: z\n\n';
  const bytes = new TextEncoder().encode(text);
  const whole = await eventsOf(bytes);
  assert.equal(whole.length, 3);
  for (let at = 0; at <= bytes.length; at++) {
    assert.deepEqual(await eventsOf(bytes.slice(0, at), bytes.slice(at)), whole, `split at byte ${at}`);
  }
  assert.deepEqual(await eventsOf(...Array.from(bytes, (byte) => Uint8Array.of(byte))), whole, 'byte by byte');
});

test('comments, unknown fields and events without data are passed over', async () => {
  const events = await eventsOf(': ping\n: ping\n\nevent: empty\n\nfoo: bar\nnonsense\ndata: x\n\n');
  assert.deepEqual(events, [{ name: 'message', data: 'x', id: '' }]);
});

test('several data lines are joined, and one space after the colon is not data', async () => {
  const events = await eventsOf('data: one\ndata:  two\ndata\ndata:three\n\n');
  assert.equal(events[0].data, 'one\n two\n\nthree');
});

test('an event that the end cuts off is dropped', async () => {
  assert.deepEqual(await eventsOf('data: whole\n\ndata: half\n'), [{ name: 'message', data: 'whole', id: '' }]);
});

test('a broken connection is thrown after the events that came before', async () => {
  const events = readEvents(streamOf(['data: a\n\n', new TypeError('network error')]));
  assert.equal((await events.next()).value.data, 'a');
  await assert.rejects(events.next(), TypeError);
});
