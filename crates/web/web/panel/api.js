// The public endpoints of one widget. What goes wrong is always an ApiError.

/** An answer that is not 2xx, or none at all (status 0: offline, blocked, or the server is away). */
export class ApiError extends Error {
  /**
   * @param {number} status
   * @param {string} code  the server's stable code, see docs/api.md
   * @param {number} retryAfter  seconds; 0 where the server named none
   */
  constructor(status, code, retryAfter) {
    super(`the server answered ${status} ${code}`);
    this.status = status;
    this.code = code;
    this.retryAfter = retryAfter;
  }
}

/**
 * The status of an ApiError, -1 for any other error.
 *
 * @param {unknown} error
 */
export function statusOf(error) {
  return error instanceof ApiError ? error.status : -1;
}

/** @typedef {ReturnType<typeof createApi>} Api */

/**
 * @param {string} base  origin of the server
 * @param {string} token  the embed token
 */
export function createApi(base, token) {
  /**
   * @param {string} path
   * @param {Record<string, string>} headers
   * @param {unknown} [body]  makes it a POST
   * @param {AbortSignal} [signal]
   */
  async function call(path, headers, body, signal) {
    const post = body ? { method: 'POST', body: JSON.stringify(body) } : {};
    if (body) headers['Content-Type'] = 'application/json';
    let response;
    try {
      response = await fetch(`${base}/api/widget-chat/sessions${path}`, {
        ...post,
        headers,
        signal,
        credentials: 'omit',
        cache: 'no-store',
        // Without an Origin header the server checks the site by this one; the full address is nobody's business.
        referrerPolicy: 'origin',
      });
    } catch {
      throw new ApiError(0, 'network', 0);
    }
    if (response.ok) return response;
    const problem = await response.json().catch(() => ({}));
    throw new ApiError(response.status, String(problem.code), Number(response.headers.get('Retry-After')) || 0);
  }

  return {
    /**
     * @param {string} visitorId
     * @returns {Promise<import('../types').Session>}
     */
    async createSession(visitorId) {
      const response = await call('', { 'X-Chatloom-Session': 'secret' }, { token, visitorId });
      return response.json();
    },

    /**
     * @param {import('../types').Session} session
     * @returns {Promise<import('../types').Message[]>}  oldest first
     */
    async history({ sessionId, sessionSecret }) {
      const headers = { 'X-Widget-Token': token, 'X-Session-Secret': sessionSecret };
      const response = await call(`/${sessionId}/messages`, headers);
      return (await response.json()).messages;
    },

    /**
     * Resolves with the stream once the server has taken the message.
     *
     * @param {import('../types').Session} session
     * @param {string} content
     * @param {AbortSignal} signal
     * @returns {Promise<ReadableStream<Uint8Array>>}
     */
    async send({ sessionId, sessionSecret }, content, signal) {
      const headers = { 'X-Session-Secret': sessionSecret, Accept: 'text/event-stream' };
      const response = await call(`/${sessionId}/messages`, headers, { content, token }, signal);
      return response.body ?? new ReadableStream();
    },
  };
}
