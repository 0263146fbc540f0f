// What the browser remembers of a widget: how to find the conversation again, what is being written, and a question that
// the server has not confirmed yet. Never what was said.

/** @typedef {ReturnType<typeof openStore>} Store */

/** @param {string} key  the same on all pages with the widget, and another one for each visitor that a page names */
export function openStore(key) {
  const { read, save } = openArea('localStorage', key);

  return {
    read,
    save,

    /** What belongs to this tab alone; it outlives a reload. */
    own: openArea('sessionStorage', key),

    /** A label for the owner's statistics; it opens nothing. */
    visitorId() {
      const visitorId = read().visitorId || randomId();
      save({ visitorId });
      return visitorId;
    },

    /** @returns {import('../types').Session | undefined} */
    session() {
      const { sessionId, sessionSecret } = read();
      return sessionId ? { sessionId, sessionSecret } : undefined;
    },
  };
}

/**
 * @param {'localStorage' | 'sessionStorage'} area
 * @param {string} key
 */
function openArea(area, key) {
  // Stands in where storage is blocked or full: the widget then works for the life of the page.
  /** @type {import('../types').Saved | undefined} */
  let memory;

  /** @returns {import('../types').Saved} */
  function read() {
    if (memory) return memory;
    try {
      return JSON.parse(window[area].getItem(key) || '{}') || {};
    } catch {
      return {};
    }
  }

  /** @param {import('../types').Saved} changes  `undefined` forgets a key */
  function save(changes) {
    const saved = { ...read(), ...changes };
    try {
      window[area].setItem(key, JSON.stringify(saved));
    } catch {
      memory = saved;
    }
  }

  return { read, save };
}

// crypto.randomUUID is missing on pages served over plain http.
export function randomId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
