// What the browser remembers of a widget: how to find the conversation again, what is being written, and a question that
// the server has not confirmed yet. Never what was said.

/** @typedef {ReturnType<typeof openStore>} Store */

/**
 * @param {string} widgetId
 * @param {string} [identity]  proof of who the visitor is
 */
export function openStore(widgetId, identity) {
  const widget = 'chatloom:' + widgetId;
  const key = widget + nameOf(identity);
  const { read, save } = openArea('localStorage', key);

  return {
    read,
    save,

    /** What the loader looks at, who ever the visitor is. */
    shared: openArea('localStorage', widget),

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
 * One place for each visitor that the page names, so that the next one finds nothing of the one before. It is no proof of
 * anything: what the token is worth, the server decides.
 *
 * @param {string} [identity]
 */
export function nameOf(identity) {
  if (!identity) return '';
  let name = '';
  try {
    name = String(JSON.parse(atob(identity.split('.')[1].replace(/-/g, '+').replace(/_/g, '/'))).sub);
  } catch {
    // The server is going to refuse it.
  }
  // Not the name itself, which may be somebody's address; a browser has few visitors to tell apart.
  let hash = 0x811c9dc5;
  for (const letter of name) hash = Math.imul(hash ^ (letter.codePointAt(0) ?? 0), 0x1000193);
  return ':' + (hash >>> 0).toString(36);
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
