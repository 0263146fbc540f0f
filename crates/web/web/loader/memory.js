// What the browser keeps of a widget beside the conversation: whether it is open, and whether an answer is due.

/**
 * @param {string} widgetId
 * @returns {import('../types').Saved}
 */
export function recall(widgetId) {
  try {
    return JSON.parse(localStorage['chatloom:' + widgetId] ?? '{}');
  } catch {
    return {};
  }
}

/** Forgets the conversations of everybody who has used the widget in this browser. @param {string} widgetId */
export function forget(widgetId) {
  try {
    for (const area of [localStorage, sessionStorage]) {
      for (const key in area) if (key.startsWith('chatloom:' + widgetId)) delete area[key];
    }
  } catch {
    // Where storage is blocked there is nothing to forget.
  }
}
