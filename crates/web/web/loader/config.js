// What the server says of the widget, and what the page wants otherwise.

/** What attributes of the script may change, since it harms nobody: one widget suits several pages. */
const OVERRIDE = /^(theme=(auto|light|dark)|position=(top|bottom)-(left|right)|locale=[a-z\d-]+)$/i;

/**
 * @param {string} base  origin of the server
 * @param {string} token
 * @param {DOMStringMap} data  the script's attributes
 * @returns {Promise<import('../types').WidgetConfig | undefined>}
 */
export async function loadConfig(base, token, data) {
  try {
    const response = await fetch(base + '/api/widget-chat/init', {
      headers: { 'X-Widget-Token': token },
      credentials: 'omit',
      // The server checks the site by its origin; the page's full address is nobody's business.
      referrerPolicy: 'origin',
      priority: 'low',
    });
    const config = await response.json();
    if (!response.ok) return void refuse(config.message);
    for (const name of ['theme', 'position', 'locale']) {
      const value = data[name];
      if (!value) continue;
      if (OVERRIDE.test(`${name}=${value}`)) config.customization[name] = value;
      else console.warn(`Chatloom ignores data-${name}="${value}".`);
    }
    return config;
  } catch {
    // A refused origin gets an answer without CORS headers, which looks the same as no answer at all.
    refuse(
      `${base} cannot be reached, ${location.origin} is not one of the widget's allowed domains, ` +
        "or connect-src lacks the server.",
    );
  }
}

/** The one line that tells the site's owner why there is no chat. @param {string} cause */
export function refuse(cause) {
  console.warn('Chatloom shows no chat on this page: ' + cause);
}
