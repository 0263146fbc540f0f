// The line to the server, which may break at any time: does one thing until it succeeds or is refused. At once, then
// with growing pauses, and at once again when the browser says that the connection is back or the visitor is.

import { ApiError } from './api.js';

/** Pauses before the next attempt, in milliseconds; the last one repeats. */
const PAUSES = [0, 500, 1000, 2000, 4000, 8000];

/** An open connection without a byte for so long, in milliseconds, is dead: the server says something every 15 s. */
const SILENCE = 40_000;

/** After so many milliseconds without success the visitor is told, and the attempts go on. */
const PATIENCE = 90_000;

/**
 * @callback Trouble  called after each failure but the first
 * @param {boolean} long  whether it has lasted long enough to say more than that we are at it
 * @param {() => void} again  tries at once
 * @returns {void}
 */

/** @param {AbortSignal} end  when nothing is listened to any more */
export function createLine(end) {
  let calls = 0;
  let failures = 0;
  let since = 0;
  let attempt = new AbortController();
  let wake = () => {};

  function again() {
    progress();
    wake();
  }

  /** Something has arrived: what breaks from now on is a new failure. */
  function progress() {
    failures = since = 0;
  }

  /** Leaves what is being done, for good. */
  function hangUp() {
    calls++;
    attempt.abort();
  }

  const online = () => {
    // A connection from before may hang for minutes until it is known to be dead.
    attempt.abort();
    again();
  };
  addEventListener('online', online, { signal: end });
  document.addEventListener('visibilitychange', () => document.hidden || again(), { signal: end });

  /**
   * Does `work` in place of whatever was being done. Rejects with the server's refusal, and never settles once it has
   * been left: nothing that follows it may touch what came in its place.
   *
   * @template T
   * @param {(signal: AbortSignal, alive: () => void) => Promise<T>} work  calls `alive` for every sign of life
   * @param {Trouble} trouble
   * @returns {Promise<T>}
   */
  async function keep(work, trouble) {
    hangUp();
    progress();
    const call = calls;
    while (call === calls) {
      const outcome = await once(work);
      if (call !== calls) break;
      if ('value' in outcome) return outcome.value;
      const { error } = outcome;
      if (error instanceof ApiError && error.final) throw error;
      since ||= Date.now();
      if (failures > 0) trouble(Date.now() - since > PATIENCE, again);
      // Spread widely, so that visitors of a restarted server do not return in step.
      const ms = PAUSES[Math.min(failures++, PAUSES.length - 1)] * (0.6 + 0.8 * Math.random());
      await pause(ms + (error instanceof ApiError ? error.retryAfter * 1000 : 0));
    }
    return new Promise(() => {});
  }

  /**
   * @template T
   * @param {(signal: AbortSignal, alive: () => void) => Promise<T>} work
   * @returns {Promise<{ value: T } | { error: unknown }>}
   */
  async function once(work) {
    const { signal } = (attempt = new AbortController());
    const mine = attempt;
    let timer = 0;
    const alive = () => {
      clearTimeout(timer);
      timer = setTimeout(() => mine.abort(), SILENCE);
    };
    alive();
    try {
      return { value: await work(signal, alive) };
    } catch (error) {
      return { error };
    } finally {
      clearTimeout(timer);
    }
  }

  /** @param {number} ms */
  function pause(ms) {
    return new Promise((resolve) => {
      wake = () => resolve(undefined);
      setTimeout(resolve, ms);
    });
  }

  return { keep, progress, hangUp };
}
