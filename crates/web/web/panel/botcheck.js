// What a session costs where the widget has the bot check: some work, which a file of its own does. Nobody else loads it.

const SOLVER_PATH = '__SOLVER_PATH__';

/** @typedef {import('../solver/main.js').Solver} Solver */

/**
 * @param {string} base  origin of the server
 * @param {boolean} isOn  whether the widget had the check when the page was loaded
 * @param {() => Promise<import('../solver/main.js').Challenge>} issue  asks for a challenge
 */
export function createBotCheck(base, isOn, issue) {
  /** @type {Promise<Solver> | undefined} */
  let solver;
  let attempts = 0;

  async function load() {
    // Browsers may remember that a module failed to load; another query makes it another module.
    const retry = attempts++ ? '?retry=' + attempts : '';
    solver ??= import(base + SOLVER_PATH + retry).then((module) => module.createSolver(issue));
    try {
      return await solver;
    } catch (error) {
      solver = undefined;
      throw error;
    }
  }

  return {
    /** Begins before the result is needed. What fails here is done again when it is. */
    begin() {
      if (isOn) load().then((solver) => solver.begin()).catch(() => {});
    },

    /**
     * Opens a session.
     *
     * @template T
     * @param {(headers: Record<string, string>) => Promise<T>} open
     * @returns {Promise<T>}
     */
    async pass(open) {
      try {
        if (!isOn) return await open({});
      } catch (error) {
        if (/** @type {{ code?: string }} */ (error).code !== 'bot_check_required') throw error;
        // The owner has switched it on since.
        isOn = true;
      }
      return (await load()).pass((solution) => open({ 'X-Bot-Check': solution }));
    },
  };
}
