// What the server would say, in the API's own form (docs/api.md). Nothing here is asked of a server.

const encoder = new TextEncoder();

/** How long a piece of an answer takes, in milliseconds: slow enough to be seen growing. */
const PACE = 14;

/** @typedef {(exchange: { turn: string, signal?: AbortSignal | null }) => Response | Promise<Response>} Reply */

/**
 * Ends the answers that a visitor stops, by their turns.
 *
 * @type {Map<string, () => void>}
 */
export const stops = new Map();

/**
 * @param {object} body
 * @param {number} [status]
 */
export function json(body, status = 200) {
  return new Response(JSON.stringify(body), { status, headers: { 'Content-Type': 'application/json' } });
}

/**
 * A refusal in the one shape that all errors have.
 *
 * @param {number} status
 * @param {string} code
 * @param {string} message
 * @param {number} [retryAfter]  seconds
 * @returns {Reply}
 */
export function refusal(status, code, message, retryAfter) {
  return () => {
    const response = json({ status, code, message, timestamp: new Date().toISOString() }, status);
    if (retryAfter) response.headers.set('Retry-After', String(retryAfter));
    return response;
  };
}

/** @type {Reply} A line that is broken, as `fetch` reports it. */
export const brokenLine = () => Promise.reject(new TypeError('Failed to fetch'));

/**
 * A streamed answer.
 *
 * @param {string} text
 * @param {'done' | 'error' | 'pause' | 'silence'} [end]  how it goes on after the text: it is complete, breaks off, or
 *   stays as it is; in silence not even the text comes
 * @returns {Reply}
 */
export function answer(text, end = 'done') {
  return ({ turn, signal }) => {
    /** @param {ReadableStreamDefaultController<Uint8Array>} stream */
    async function start(stream) {
      const writer = createWriter(stream, turn, signal);
      writer.begin();
      if (end === 'silence') return;
      stops.set(turn, () => writer.finish('stopped'));
      for (const piece of pieces(text)) {
        await new Promise((soon) => setTimeout(soon, PACE));
        writer.write(piece);
      }
      if (end === 'done') writer.finish('stop');
      if (end === 'error') writer.breakOff();
    }
    return new Response(new ReadableStream({ start }), { headers: { 'Content-Type': 'text/event-stream' } });
  };
}

/**
 * Writes the events of one turn. What is written after its end is lost.
 *
 * @param {ReadableStreamDefaultController<Uint8Array>} stream
 * @param {string} turn
 * @param {AbortSignal | null} [signal]
 */
function createWriter(stream, turn, signal) {
  const messageId = turn.replace(/.$/, 'b');
  let number = 0;
  let content = '';
  let hasEnded = false;
  signal?.addEventListener('abort', () => {
    hasEnded = true;
    stream.error(new DOMException('The page no longer listens.', 'AbortError'));
  });

  /**
   * @param {string} type
   * @param {object} data
   */
  function tell(type, data) {
    if (hasEnded) return;
    const event = `id: ${turn}:1:${++number}\nevent: ${type}\ndata: ${JSON.stringify({ type, ...data })}\n\n`;
    stream.enqueue(encoder.encode(event));
    hasEnded = type === 'done' || type === 'error';
    if (hasEnded) stream.close();
  }

  return {
    begin: () => tell('start', { turnId: turn, userMessageId: turn.replace(/.$/, 'a'), messageId }),

    /** @param {string} piece */
    write(piece) {
      content += piece;
      tell('token', { content: piece });
    },

    /** @param {string} finishReason */
    finish(finishReason) {
      const tokenUsage = { input: 212, output: 96 };
      tell('done', { messageId, content, createdAt: new Date().toISOString(), finishReason, tokenUsage });
    },

    breakOff: () => tell('error', { status: 502, code: 'answer_interrupted', message: 'the answer broke off', retryable: true }),
  };
}

/**
 * Words with the space after them, as models write.
 *
 * @param {string} text
 */
function pieces(text) {
  return text.match(/\s*\S{1,8}\s*/g) ?? [];
}
