// What stands on the page before anybody wants to chat: an element of ours, and the launcher in its shadow root.

import { coloursOf } from './colours.js';
import launcherCss from './launcher.css';

const SVG = 'http://www.w3.org/2000/svg';
const BUBBLE =
  'M12 3.2c-5.2 0-9.4 3.5-9.4 8 0 2.4 1.2 4.5 3.1 6l-1 3.5c-.1.4.3.7.7.5l3.6-2c1 .2 2 .3 3 .3 5.2 0 9.4-3.8 9.4-8.3s-4.2-8-9.4-8Z';

/** How far the launchers of one corner stand from each other, in pixels. */
const STEP = 72;

/** How often the widget is put back where the page throws it out. */
const RESCUES = 20;

/**
 * @param {import('../types').Customization} look
 * @param {string} label
 */
export function createLauncher(look, label) {
  const corner = look.position ?? 'bottom-right';
  const neighbours = [...document.querySelectorAll('chatloom-widget')].filter((other) =>
    other.shadowRoot?.querySelector('.' + corner.replace('-', '.')),
  );
  // An undefined custom tag may hold a shadow root, needs no registry and is met by no rule for div or span.
  const host = document.createElement('chatloom-widget');
  const root = host.attachShadow({ mode: 'open' });
  const sheet = new CSSStyleSheet();
  const [brand, ink] = coloursOf(look.primaryColor);
  // The server has looked at every declaration; here it only must not leave its rule.
  const custom = look.customCss?.replace(/[{}@*\\]/g, '') ?? '';
  const own = `--brand:${brand};--on-brand:${ink};--shift:${neighbours.length * STEP}px`;
  sheet.replaceSync(`:host{${custom};${own}}` + launcherCss);
  root.adoptedStyleSheets = [sheet];

  const launcher = document.createElement('button');
  launcher.className = 'launcher ' + corner.replace('-', ' ');
  for (const [name, value] of [['label', label], ['haspopup', 'dialog'], ['expanded', 'false']]) {
    launcher.setAttribute('aria-' + name, value);
  }
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '0 0 24 24');
  const shape = document.createElementNS(SVG, 'path');
  shape.setAttribute('d', BUBBLE);
  svg.append(shape);
  launcher.append(svg);
  return { host, root, launcher };
}

/**
 * Puts the widget at the end of the page and keeps it there: pages that are one app replace their body, or empty it.
 *
 * @param {HTMLElement} host
 * @returns {() => void}  lets go of it
 */
export function keepOnPage(host) {
  let rescues = 0;
  const observer = new MutationObserver(() => {
    if (document.body && !host.isConnected && rescues++ < RESCUES) put();
  });
  function put() {
    document.body.append(host);
    for (const element of [document.documentElement, document.body]) observer.observe(element, { childList: true });
  }
  put();
  return () => observer.disconnect();
}
