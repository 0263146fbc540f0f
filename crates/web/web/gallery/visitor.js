// Somebody who uses the widget of a scene: through its public functions, and by clicking what is to be seen.

/** How long a click waits for what it is about, in milliseconds. A scene that takes longer is broken. */
const PATIENCE = 15_000;

/** @typedef {ReturnType<typeof createVisitor>} Visitor */

export function createVisitor() {
  /** @param {string} selector */
  function look(selector) {
    const roots = [...document.querySelectorAll('chatloom-widget')].map((host) => host.shadowRoot);
    const found = roots.map((root) => root?.querySelector(selector)).find(Boolean);
    return /** @type {HTMLElement | undefined} */ (found ?? undefined);
  }

  /**
   * Waits until the widget has something that matches.
   *
   * @param {string} selector
   * @returns {Promise<HTMLElement>}
   */
  async function see(selector) {
    for (const end = performance.now() + PATIENCE; performance.now() < end; ) {
      const found = look(selector);
      if (found) return found;
      // Not by frames: browsers draw none for what is out of sight.
      await new Promise((soon) => setTimeout(soon, 30));
    }
    throw new Error(`the widget never had ${selector}`);
  }

  return {
    see,

    /** @param {string} selector */
    async click(selector) {
      (await see(selector)).click();
    },

    /** The widget's public function. Until the widget is there, a stub keeps the calls. @param {...any} call */
    do(...call) {
      const page = /** @type {any} */ (window);
      page.Chatloom ??= (/** @type {any[]} */ ...kept) => (page.Chatloom.q ??= []).push(kept);
      page.Chatloom(...call);
    },
  };
}
