// The script of the embed code. It shows the launcher and nothing else: the panel is imported on the visitor's first
// intent, so a page on which nobody chats pays for two small requests after it has loaded.
(() => {
  'use strict';

  const PANEL_PATH = '__PANEL_PATH__';
  const CSS = '__LAUNCHER_CSS__';
  const BUBBLE =
    'M12 3.2c-5.2 0-9.4 3.5-9.4 7.9 0 2.5 1.3 4.6 3.4 6.1-.1 1-.5 2.1-1.3 3-.2.3 0 .6.3.6 1.8-.1 3.4-.8 4.7-1.8.7.1 1.5.2 2.3.2 5.2 0 9.4-3.6 9.4-8s-4.2-8-9.4-8Z';
  const CHEVRON = 'm6 9.5 6 6 6-6';
  const SMALL_SCREEN = '(max-width: 480px)';

  const script = /** @type {HTMLScriptElement | null} */ (
    document.currentScript || document.querySelector('script[data-token][src*="/widget.js"]')
  );
  const token = script && script.dataset.token;
  if (!script || !token) return warn('the embed code has no data-token; copy it again from the dashboard.');
  const base = new URL(script.src).origin;
  // A token in which the page's own server names the visitor. An empty one is none.
  const identity = script.dataset.identity || undefined;

  // The same snippet pasted twice gives one widget. The set lives on the document, out of the page's global names.
  const key = Symbol.for('chatloom.tokens');
  const page = /** @type {{ [key: symbol]: Set<string> }} */ (/** @type {unknown} */ (document));
  const tokens = (page[key] = page[key] || new Set());
  if (tokens.has(token)) return;
  tokens.add(token);

  if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', whenIdle);
  else whenIdle();

  function whenIdle() {
    if ('requestIdleCallback' in window) requestIdleCallback(start, { timeout: 2000 });
    else setTimeout(start, 200);
  }

  async function start() {
    const config = await init();
    if (config) show(config);
  }

  /** @returns {Promise<import('./types').WidgetConfig | undefined>} */
  async function init() {
    try {
      const response = await fetch(base + '/api/widget-chat/init', {
        headers: { 'X-Widget-Token': /** @type {string} */ (token) },
        credentials: 'omit',
        // The server checks the site by its origin; the page's full address is nobody's business.
        referrerPolicy: 'origin',
        priority: 'low',
      });
      if (response.ok) return await response.json();
      warn(refusal(response.status));
    } catch {
      // A refused origin gets an answer without CORS headers, which looks the same as no answer at all.
      warn(
        `${base} could not be reached, or ${location.origin} is not one of the widget's allowed domains, ` +
          "or this page's Content-Security-Policy does not list the server in connect-src.",
      );
    }
  }

  /** @param {number} status */
  function refusal(status) {
    if (status === 401) return 'the embed token is not valid (any more); copy the embed code again from the dashboard.';
    if (status === 403) return `${location.origin} is not one of the widget's allowed domains.`;
    if (status === 410) return 'the widget has been deleted or switched off.';
    return `${base} answered ${status}.`;
  }

  /** @param {string} cause */
  function warn(cause) {
    console.warn('Chatloom shows no chat on this page: ' + cause);
  }

  /** @param {import('./types').WidgetConfig} config */
  function show(config) {
    const look = config.customization;
    const brand = opaque(look.primaryColor || '') || '#4f46e5';
    const colours = `:host{--brand:${brand};--on-brand:${inkOn(brand)}}`;
    // An undefined custom tag may hold a shadow root, needs no registry and is met by no rule for div or span.
    const host = document.createElement('chatloom-widget');
    const root = host.attachShadow({ mode: 'open' });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(colours + CSS);
    root.adoptedStyleSheets = [sheet];

    const corner = /^(top|bottom)-(left|right)$/.exec(look.position || '') || ['', 'bottom', 'right'];
    const launcher = document.createElement('button');
    launcher.type = 'button';
    launcher.className = `launcher ${corner[1]} ${corner[2]}`;
    for (const [name, value] of [['label', 'Open chat'], ['haspopup', 'dialog'], ['expanded', 'false']]) {
      launcher.setAttribute('aria-' + name, value);
    }
    launcher.append(icon(BUBBLE), icon(CHEVRON));
    root.append(launcher);
    document.body.append(host);

    const storeKey = keyOf(config.widgetId);
    const panel = panelOf({ root, launcher, base, token: /** @type {string} */ (token), config, identity, storeKey });
    launcher.addEventListener('pointerenter', panel.prepare, { once: true });
    launcher.addEventListener('focus', panel.prepare, { once: true });
    launcher.addEventListener('touchstart', panel.prepare, { once: true, passive: true });
    launcher.addEventListener('click', () => panel.use((mounted) => mounted.toggle()));
    // A conversation that was open stays open on the next page, except where it would cover that page.
    if (wasOpen(storeKey) && !matchMedia(SMALL_SCREEN).matches) panel.use((mounted) => mounted.open(false));
  }

  /** @param {import('./types').MountContext} context */
  function panelOf(context) {
    /** @type {Promise<import('./types').Panel> | undefined} */
    let mounted;
    let attempts = 0;
    const load = () => {
      // Browsers may remember that a module failed to load; another query makes it another module.
      const retry = attempts++ ? '?retry=' + attempts : '';
      mounted = mounted || import(base + PANEL_PATH + retry).then((module) => module.mount(context));
      return mounted;
    };
    const failed = () => {
      mounted = undefined;
    };
    return {
      prepare: () => void load().catch(failed),
      /** @param {(panel: import('./types').Panel) => void} act */
      async use(act) {
        context.launcher.setAttribute('aria-busy', 'true');
        try {
          act(await load());
        } catch (error) {
          failed();
          console.warn('Chatloom could not open the chat; the next click tries again.', error);
        }
        context.launcher.removeAttribute('aria-busy');
      },
    };
  }

  /** @param {string} storeKey */
  function wasOpen(storeKey) {
    try {
      return JSON.parse(localStorage.getItem(storeKey) || '{}').open === true;
    } catch {
      return false;
    }
  }

  // Where the browser keeps what it knows of a conversation: one place for each visitor that the page names, so that the
  // next one finds nothing of the one before. It is no proof of anything; what the token is worth, the server decides.
  /** @param {string} widgetId */
  function keyOf(widgetId) {
    const key = 'chatloom:' + widgetId;
    if (!identity) return key;
    let name = '';
    try {
      name = String(JSON.parse(atob(identity.split('.')[1].replace(/-/g, '+').replace(/_/g, '/'))).sub);
    } catch {
      // The server is going to refuse it.
    }
    // Not the name itself, which may be somebody's address.
    let [a, b] = [0x811c9dc5, 0x41c6ce57];
    for (let at = 0; at < name.length; at++) {
      a = Math.imul(a ^ name.charCodeAt(at), 0x1000193);
      b = Math.imul(b ^ name.charCodeAt(at), 0x5bd1e995) + a;
    }
    return `${key}:${(a >>> 0).toString(36)}${(b >>> 0).toString(36)}`;
  }

  // Six digits of a colour in any of CSS's four notations. A launcher that shines through could not be read.
  /** @param {string} hex */
  function opaque(hex) {
    if (!/^#([\da-f]{3,4}|[\da-f]{6}|[\da-f]{8})$/i.test(hex)) return '';
    return (hex.length < 6 ? hex.replace(/[^#]/g, '$&$&') : hex).slice(0, 7);
  }

  // White, else dark ink, else black: with black as the last choice every colour reaches 4.5:1 (WCAG 2.2, 1.4.3).
  /** @param {string} hex */
  function inkOn(hex) {
    const [r, g, b] = [1, 3, 5].map((at) => {
      const channel = parseInt(hex.slice(at, at + 2), 16) / 255;
      return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
    });
    const light = 0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05;
    if (1.05 / light >= 4.5) return '#fff';
    return light / 0.0588 >= 4.5 ? '#111827' : '#000';
  }

  /** @param {string} path */
  function icon(path) {
    const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
    svg.setAttribute('viewBox', '0 0 24 24');
    svg.setAttribute('aria-hidden', 'true');
    const shape = document.createElementNS('http://www.w3.org/2000/svg', 'path');
    shape.setAttribute('d', path);
    svg.append(shape);
    return svg;
  }
})();
