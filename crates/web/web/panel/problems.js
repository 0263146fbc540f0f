// What to tell the visitor about a failure, and whether trying again makes sense.

import { ApiError } from './api.js';
import { TEXT } from './strings.js';

/** Seconds to wait where the server asks for patience and names no time. */
const DEFAULT_WAIT = 10;

/**
 * The sentence and the action for something that the server refused.
 *
 * @param {unknown} error
 * @param {() => void} act
 * @returns {[string, import('./answer.js').Action?]}
 */
export function problemOf(error, act) {
  const again = { label: TEXT.again, act };
  if (!(error instanceof ApiError)) return [TEXT.failed, again];
  const wait = error.retryAfter || DEFAULT_WAIT;
  switch (error.status) {
    case 429:
      return error.code === 'quota_reached' ? [TEXT.quota] : [TEXT.rate, { ...again, wait }];
    case 503:
      return [TEXT.busy, { ...again, wait: error.retryAfter }];
    case 400:
      if (error.code === 'bot_check_failed') return [TEXT.failed, again];
    // Whatever else is wrong is wrong with the message.
    case 413:
      return [TEXT.invalid];
    case 403:
      return [TEXT.forbidden];
    case 401:
      if (error.code.startsWith('identity')) return [TEXT.identity];
    // Without its token the widget is as good as gone.
    case 410:
      return [TEXT.gone];
    default:
      return [TEXT.failed, again];
  }
}

/** @param {string} code  of the stream's `error` event */
export function streamProblem(code) {
  if (code === 'model_overloaded') return TEXT.busy;
  if (code === 'turn_timed_out') return TEXT.timeout;
  if (code === 'widget_gone') return TEXT.gone;
  return code === 'answer_interrupted' ? TEXT.interrupted : TEXT.failed;
}
