// The script of the embed code. It shows the launcher and nothing else: the panel is imported on the visitor's first
// intent, so a page on which nobody chats pays for two small requests after it has loaded.

import { chooseLanguage, LABELS } from './language.js';
import { serve, widgets, withdraw } from './page.js';
import { createLauncher, keepOnPage } from './launcher.js';
import { createPanel } from './panel.js';
import { forget, recall } from './memory.js';
import { loadConfig, refuse } from './config.js';

/** Narrower ones show the panel as a sheet over the whole page, in pixels. */
const SMALL_SCREEN = 480;

const script = /** @type {HTMLScriptElement | null} */ (
  document.currentScript ?? document.querySelector('script[data-token][src*="/widget"]')
);
const token = script?.dataset.token;
if (!script || !token) refuse('its script has no data-token.');
// The same snippet pasted twice gives one widget.
else if (!widgets.has(token)) begin(new URL(script.src).origin, token, script.dataset);

/**
 * @param {string} base  origin of the server
 * @param {string} token
 * @param {DOMStringMap} data  the script's attributes
 */
function begin(base, token, data) {
  const events = new EventTarget();
  // A token in which the page's own server names the visitor. An empty one is none.
  let identity = data.identity;
  let pageContext = {};
  let isGone = false;
  /** @type {import('../types').WidgetConfig} */
  let config;
  /** @type {ReturnType<typeof show>} */
  let shown;

  /**
   * @param {string} name
   * @param {object} detail
   */
  function tell(name, detail) {
    // Two open panels would cover each other.
    if (name === 'open' && !data.target) widgets.forEach((run, other) => other === token || run('close'));
    detail = { widgetId: config.widgetId, ...detail };
    events.dispatchEvent(new CustomEvent(name, { detail }));
    dispatchEvent(new CustomEvent('chatloom:' + name, { detail }));
  }

  const ready = pageLoaded().then(async () => {
    const found = await loadConfig(base, token, data);
    if (!found || isGone) return;
    config = found;
    shown = show();
    if (shown) tell('ready', {});
    return shown;
  });

  /**
   * @param {'open' | 'toggle' | 'send' | 'prefill'} verb
   * @param {any} [value]
   */
  function use(verb, value) {
    shown?.use((panel) => panel[verb](/** @type {never} */ (value)));
  }

  function restart() {
    shown?.remove();
    if (!isGone) shown = show();
  }

  serve(
    token,
    {
      on: (name, listener) => events.addEventListener(name, listener),
      off: (name, listener) => events.removeEventListener(name, listener),
      destroy() {
        isGone = true;
        shown?.remove();
        shown = undefined;
        withdraw(token);
      },
      open: () => use('open'),
      toggle: () => use('toggle'),
      send: (text) => use('send', text),
      prefill: (text) => use('prefill', text),
      close: () => shown?.mounted()?.close(),
      identify(proof) {
        identity = proof;
        // A panel that is still on its way takes the newest proof when it comes.
        if (shown?.mounted()?.identify(proof) === false) restart();
      },
      setContext(context) {
        pageContext = context;
      },
      reset() {
        identity = undefined;
        forget(config.widgetId);
        restart();
      },
    },
    ready,
  );

  function show() {
    const element = data.target && document.querySelector(data.target);
    if (data.target && !element) return refuse(`nothing matches data-target="${data.target}".`);
    const look = config.customization;
    const { language, texts } = chooseLanguage(look);
    const { host, root, launcher } = createLauncher(look, texts?.open ?? LABELS[language] ?? LABELS.en);
    const context = {
      root, launcher, base, token, config, language, texts,
      get identity() {
        return identity;
      },
      emit: tell,
      isInline: !!element,
      pageContext: () => pageContext,
    };
    const panel = createPanel(context, [...widgets.keys()][0] === token);
    let letGo = () => {};
    if (element) {
      element.append(host);
      panel.use((mounted) => mounted.open(false));
    } else {
      root.append(launcher);
      letGo = keepOnPage(host);
      // A finger enters when it touches.
      for (const intent of ['pointerenter', 'focus']) launcher.addEventListener(intent, panel.prepare, { once: true });
      // Until the panel is there, a second click is a sign of impatience and takes nothing back.
      launcher.addEventListener('click', () => use(panel.mounted() ? 'toggle' : 'open'));
      const saved = recall(config.widgetId);
      // A conversation that was open stays open on the next page, except where it would cover that page.
      if ((saved.open ?? data.open === 'true') && innerWidth > SMALL_SCREEN) panel.use((mounted) => mounted.open(false));
      // Of an answer that the visitor waits for, or has not seen, the launcher tells.
      else if (saved.waiting || saved.unread) panel.prepare();
    }
    return {
      ...panel,
      remove() {
        letGo();
        panel.destroy();
        host.remove();
      },
    };
  }
}

async function pageLoaded() {
  if (document.readyState === 'loading') await new Promise((done) => document.addEventListener('DOMContentLoaded', done));
  // Where a browser cannot tell when it is idle, the next task has to do.
  await new Promise((done) => (window.requestIdleCallback ?? setTimeout)(done, /** @type {any} */ ({ timeout: 2000 })));
}
