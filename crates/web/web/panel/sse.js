// Reads text/event-stream as the WHATWG HTML standard describes it (section 9.2.6), from a fetch body: EventSource can
// neither POST nor send headers.

/**
 * Yields the events of a stream until it ends; throws what the connection throws when it breaks.
 *
 * @param {ReadableStream<Uint8Array>} stream
 * @param {() => void} [alive]  called whenever anything arrives, be it a comment
 * @returns {AsyncGenerator<import('../types').StreamEvent>}
 */
export async function* readEvents(stream, alive = () => {}) {
  const reader = stream.getReader();
  const decoder = new TextDecoder();
  let rest = '';
  let event = { name: 'message', data: '', id: '' };
  try {
    for (;;) {
      const { value, done } = await reader.read();
      alive();
      rest += done ? decoder.decode() : decoder.decode(value, { stream: true });
      // A carriage return at the very end may be the first half of a line break, so it waits for what follows.
      const lines = rest.split(/\r\n|\n|\r(?=[^])/);
      rest = lines.pop() ?? '';
      for (const line of lines) {
        if (line) {
          readField(event, line);
        } else {
          // Every data line ended in a line feed; an event without any is not an event.
          if (event.data) yield { ...event, data: event.data.slice(0, -1) };
          event = { name: 'message', data: '', id: event.id };
        }
      }
      if (done) return;
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

/**
 * @param {import('../types').StreamEvent} event
 * @param {string} line
 */
function readField(event, line) {
  const colon = line.indexOf(':');
  if (colon === 0) return;
  const field = colon < 0 ? line : line.slice(0, colon);
  const value = colon < 0 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1);
  if (field === 'event') event.name = value;
  else if (field === 'data') event.data += value + '\n';
  else if (field === 'id') event.id = value;
}
