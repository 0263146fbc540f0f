// The work that a bot check asks of a browser: the first number that makes a hash begin with enough zeros. It is done in
// slices between frames. A worker would leave the page free altogether, but needs a place in the page's own policy
// (worker-src), and few sites would give it one.

import { createHasher } from './sha256.js';

/** The longest time for which the page can do nothing else, in milliseconds: half a frame. */
const SLICE = 8;

/** How many numbers are tried between two looks at the clock. */
const STRIDE = 128;

/** From this age on a solution is not sent any more, in milliseconds: the server takes it for five minutes. */
const STALE = 270_000;

/**
 * @typedef {{ challenge: string, difficulty: number }} Challenge
 * @typedef {ReturnType<typeof createSolver>} Solver
 */

/**
 * Called by the panel, which may be an older one from a cache: the contract only grows.
 *
 * @param {() => Promise<Challenge>} issue  asks the server for a challenge
 */
export function createSolver(issue) {
  /** @type {Promise<string> | undefined} */
  let held;
  let since = 0;

  /** The solution that is at hand or on its way, or else a new one. */
  function begin() {
    if (held && Date.now() - since < STALE) return held;
    since = Date.now();
    const next = issue().then(solve);
    held = next;
    next.catch(() => {
      if (held === next) held = undefined;
    });
    return next;
  }

  return {
    begin,

    /**
     * Does something that takes a solution. One that is refused is replaced, once.
     *
     * @template T
     * @param {(solution: string) => Promise<T>} act
     * @returns {Promise<T>}
     */
    async pass(act) {
      const spend = async () => {
        const solution = await begin();
        // It counts once, and after a line that broke nobody knows whether it has.
        held = undefined;
        return act(solution);
      };
      return spend().catch((error) => {
        if (error.code !== 'bot_check_failed') throw error;
        return spend();
      });
    },
  };
}

/** @param {Challenge} challenge */
async function solve({ challenge, difficulty }) {
  const prefix = challenge + '.';
  const hash = createHasher(prefix);
  const { port1, port2 } = new MessageChannel();
  let pauseAt = performance.now() + SLICE;
  let number = 0;
  while (zeroBits(hash(number)) < difficulty) {
    if (++number % STRIDE || performance.now() < pauseAt) continue;
    // Unlike a timer, a message is not slowed down, and lets frames and clicks pass all the same.
    await new Promise((resolve) => {
      port1.onmessage = resolve;
      port2.postMessage(0);
    });
    pauseAt = performance.now() + SLICE;
  }
  port1.close();
  return prefix + number;
}

/** @param {Int32Array} hash */
function zeroBits(hash) {
  const at = hash.findIndex(Boolean);
  return at * 32 + Math.clz32(hash[at]);
}
