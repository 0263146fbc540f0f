// What the page's own scripts see of its widgets: one global function, and a verb for whatever can be done.

/** @typedef {Record<string, (...values: any[]) => void>} Verbs */

const page = /** @type {{ Chatloom?: import('../types').Global }} */ (/** @type {unknown} */ (window));

/** The page's widgets by their tokens, whichever copy of this script made them. */
export const widgets = page.Chatloom?.widgets ?? new Map();

/** What does not wait until the widget is there. */
const INSTANT = /^(on|off|destroy)$/;

/**
 * Takes a widget's calls from now on, and those that a stub has kept.
 *
 * @param {string} token
 * @param {Verbs} verbs
 * @param {Promise<unknown>} ready  gives something once the widget is there, and nothing where it never is
 */
export function serve(token, verbs, ready) {
  const calls = page.Chatloom?.q ?? [];
  if (!page.Chatloom?.widgets) {
    page.Chatloom = Object.assign((/** @type {[string, ...any[]]} */ ...call) => [...widgets.values()][0]?.(...call), {
      widgets,
      get: (/** @type {string} */ wanted) => widgets.get(wanted),
    });
  }
  widgets.set(token, (/** @type {string} */ verb, /** @type {any[]} */ ...values) => {
    if (!Object.hasOwn(verbs, verb)) throw new TypeError(`Chatloom has no verb "${verb}"`);
    if (INSTANT.test(verb)) verbs[verb](...values);
    else void ready.then((isThere) => isThere && verbs[verb](...values));
  });
  // Each in a task of its own: a call that is wrong is the page's error, and keeps no other from being done.
  for (const call of calls) queueMicrotask(() => page.Chatloom?.(...call));
}

/** @param {string} token */
export function withdraw(token) {
  widgets.delete(token);
  if (!widgets.size) delete page.Chatloom;
}
