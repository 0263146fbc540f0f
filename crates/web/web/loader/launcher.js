// What stands on the page before anybody wants to chat: an element of ours, and the launcher in its shadow root.

import { coloursOf } from './colours.js';
import launcherCss from './launcher.css';

const SVG = 'http://www.w3.org/2000/svg';
const BUBBLE =
  'M12 3.2c-5.2 0-9.4 3.5-9.4 8 0 2.4 1.2 4.5 3.1 6l-1 3.5c-.1.4.3.7.7.5l3.6-2c1 .2 2 .3 3 .3 5.2 0 9.4-3.8 9.4-8.3s-4.2-8-9.4-8Z';

/** How often the widget is put back within a few seconds where the page throws it out, and how many milliseconds those are. */
const RESCUES = 20;
const PATIENCE = 10_000;

/**
 * @param {import('../types').Customization} look
 * @param {string} label
 */
export function createLauncher(look, label) {
  const corner = look.position ?? 'bottom-right';
  /** @type {(string | undefined)[]} the places of the corner that others have */
  const taken = [...document.querySelectorAll('chatloom-widget')].map(
    ({ shadowRoot }) => /** @type {HTMLElement | null | undefined} */ (shadowRoot?.querySelector('.' + corner.replace('-', '.')))?.dataset.place,
  );
  let place = 0;
  while (taken.includes(`${place}`)) place++;
  // An undefined custom tag may hold a shadow root, needs no registry and is met by no rule for div or span.
  const host = document.createElement('chatloom-widget');
  const root = host.attachShadow({ mode: 'open' });
  const sheet = new CSSStyleSheet();
  const [brand, ink] = coloursOf(look.primaryColor);
  // The server has looked at every declaration; here it only must not leave its rule.
  const custom = look.customCss?.replace(/[{}@*\\]/g, '') ?? '';
  const own = `--brand:${brand};--on-brand:${ink};--shift:calc(${place}*(var(--chatloom-launcher-size,56px) + 16px))`;
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
  launcher.dataset.place = `${place}`;
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
    setTimeout(() => rescues--, PATIENCE);
    document.body.append(host);
    for (const element of [document.documentElement, document.body]) observer.observe(element, { childList: true });
  }
  put();
  return () => observer.disconnect();
}
