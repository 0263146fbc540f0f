// What the browser remembers of a widget: how to find the conversation again, never what was said in it.

/** @typedef {ReturnType<typeof openStore>} Store */

/** @param {string} widgetId */
export function openStore(widgetId) {
  const key = 'chatloom:' + widgetId;
  // Stands in where storage is blocked or full: the widget then works for the life of the page.
  /** @type {import('../types').Saved | undefined} */
  let memory;

  /** @returns {import('../types').Saved} */
  function read() {
    if (memory) return memory;
    try {
      return JSON.parse(localStorage.getItem(key) || '{}') || {};
    } catch {
      return {};
    }
  }

  /** @param {import('../types').Saved} changes  `undefined` forgets a key */
  function save(changes) {
    const saved = { ...read(), ...changes };
    try {
      localStorage.setItem(key, JSON.stringify(saved));
    } catch {
      memory = saved;
    }
  }

  return {
    read,
    save,

    /** A label for the owner's statistics; it opens nothing. */
    visitorId() {
      const visitorId = read().visitorId || randomId();
      save({ visitorId });
      return visitorId;
    },

    /** @returns {import('../types').Session | undefined} */
    session() {
      const { sessionId, sessionSecret } = read();
      return sessionId && sessionSecret ? { sessionId, sessionSecret } : undefined;
    },
  };
}

// crypto.randomUUID is missing on pages served over plain http.
function randomId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
