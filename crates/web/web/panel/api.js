// The public endpoints of one widget. What the server refuses is an ApiError; whatever else is thrown is a broken line.

import { createBotCheck } from './botcheck.js';

/** An answer that is not 2xx. */
export class ApiError extends Error {
  /**
   * @param {number} status
   * @param {string} code  the server's stable code, see docs/api.md; empty where something in between answered
   * @param {number} retryAfter  seconds; 0 where the server named none
   * @param {boolean} final  whether doing the same again by ourselves is of no use, or not wanted
   */
  constructor(status, code, retryAfter, final) {
    super(`${status} ${code}`);
    this.status = status;
    this.code = code;
    this.retryAfter = retryAfter;
    this.final = final;
  }
}

/** @typedef {ReturnType<typeof createApi>} Api */
/** @typedef {import('../types').Session} Session */

/**
 * @param {object} access
 * @param {string} access.base  origin of the server
 * @param {string} access.token  the embed token
 * @param {string} [access.identity]  proof of who the visitor is
 * @param {() => Session | undefined} access.session  the one that calls are about
 * @param {boolean} access.hasBotCheck
 * @param {() => object | undefined} access.context  what the page says of itself, where the owner lets it
 */
export function createApi({ base, token, identity, session, hasBotCheck, context }) {
  const botCheck = createBotCheck(base, hasBotCheck, async () => (await call('challenges', {}, { token })).json());

  /**
   * @param {string} path
   * @param {Record<string, string>} headers
   * @param {object} [body]  makes it a POST
   * @param {AbortSignal} [signal]
   * @returns {Promise<Response>}
   */
  async function call(path, headers, body, signal) {
    if (body) headers['Content-Type'] = 'application/json';
    const proof = identity && { 'X-Visitor-Identity': identity };
    const response = await fetch(`${base}/api/widget-chat/${path}`, {
      method: body ? 'POST' : 'GET',
      body: body && JSON.stringify(body, wellFormed),
      headers: { 'X-Widget-Token': token, ...proof, ...headers },
      signal,
      credentials: 'omit',
      cache: 'no-store',
      // Without an Origin header the server checks the site by this one; the full address is nobody's business.
      referrerPolicy: 'origin',
    });
    if (response.ok) return response;
    const { status } = response;
    const { code = '' } = await response.json().catch(() => ({}));
    if (proof && code === 'identity_invalid' && headers['X-Session-Secret']) {
      // A proof lasts for an hour, and pages are open for longer. What was begun with it, its secret opens as well.
      identity = undefined;
      return call(path, headers, body, signal);
    }
    // A visitor is told that the server has no room, and decides. Looking on costs it nothing, so that just waits.
    const full = status === 429 || (status === 503 && code && code !== 'draining');
    const final = full ? Boolean(body) : status < 500;
    throw new ApiError(status, code, Number(response.headers.get('Retry-After')) || 0, final);
  }

  /**
   * @param {string} path  below the session
   * @param {AbortSignal} [signal]
   * @param {object} [body]
   * @param {Record<string, string>} [headers]
   */
  function within(path, signal, body, headers) {
    const { sessionId, sessionSecret } = /** @type {Session} */ (session());
    const secret = sessionSecret && { 'X-Session-Secret': sessionSecret };
    return call(`sessions/${sessionId}${path}`, { ...secret, ...headers }, body, signal);
  }

  return {
    /** To be called as soon as a session is likely to be needed. */
    prepare() {
      if (!session()) botCheck.begin();
    },

    /**
     * @param {string} visitorId
     * @param {AbortSignal} signal
     * @returns {Promise<Session>}
     */
    async createSession(visitorId, signal) {
      const response = await botCheck.pass((headers) =>
        call('sessions', { 'X-Chatloom-Session': 'secret', ...headers }, { token, visitorId }, signal),
      );
      const { sessionId, sessionSecret } = await response.json();
      return { sessionId, sessionSecret };
    },

    /** @param {string} [proof]  a newer one of the same visitor */
    renew(proof) {
      identity = proof;
    },

    /** Whether the visitor's conversations can be found without knowing them. */
    isProven: () => Boolean(identity),

    /**
     * The session of the visitor's newest conversation, on whichever device it was.
     *
     * @param {AbortSignal} signal
     * @returns {Promise<string | undefined>}
     */
    async newest(signal) {
      const { sessions } = await (await call('sessions', {}, undefined, signal)).json();
      return sessions[0]?.sessionId;
    },

    /**
     * @param {AbortSignal} signal
     * @returns {Promise<import('../types').Message[]>}  oldest first
     */
    async history(signal) {
      return (await (await within('/messages', signal)).json()).messages;
    },

    /**
     * The stream of the answer. However often a question is sent under its key, it is asked once.
     *
     * @param {import('../types').Question} question
     * @param {AbortSignal} signal
     */
    async send({ key, text }, signal) {
      return (await within('/messages', signal, { content: text, token, context: context() }, { 'Idempotency-Key': key })).body;
    },

    /**
     * The rest of an answer's stream; null where nothing is to come and the history tells how it ended.
     *
     * @param {string} turnId
     * @param {string} after  id of the last event that was seen; empty for the whole stream
     * @param {AbortSignal} signal
     */
    async resume(turnId, after, signal) {
      try {
        /** @type {Record<string, string>} */
        const position = after ? { 'Last-Event-ID': after } : {};
        return (await within(`/turns/${turnId}/events`, signal, undefined, position)).body;
      } catch (error) {
        if (error instanceof ApiError && error.status === 404) return null;
        throw error;
      }
    },

    /**
     * The stream of the same answer, written once more.
     *
     * @param {string} turnId
     * @param {AbortSignal} signal
     */
    async retry(turnId, signal) {
      return (await within(`/turns/${turnId}/retry`, signal, { token })).body;
    },

    /**
     * Keeps what the visitor thinks of an answer; null takes it back.
     *
     * @param {string} messageId
     * @param {import('../types').Rating | null} rating
     * @param {string} [reason]
     */
    rate: (messageId, rating, reason) => within(`/messages/${messageId}/feedback`, undefined, { token, rating, reason }),

    /** @param {string} turnId */
    stop: (turnId) => within(`/turns/${turnId}/stop`, undefined, { token }),
  };
}

/**
 * Half a surrogate pair, as a text has that was cut, is no Unicode, and the server would take nothing of what has it.
 *
 * @param {string} key
 * @param {any} value
 */
function wellFormed(key, value) {
  return value?.toWellFormed?.() ?? value;
}
