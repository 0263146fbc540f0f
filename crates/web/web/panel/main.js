// Puts the panel together inside the launcher's shadow root.

import { el, iconButton } from './dom.js';
import { TEXT } from './strings.js';
import { createApi } from './api.js';
import { openStore } from './store.js';
import { paint } from './theme.js';
import { avatar } from './avatar.js';
import { createAnnouncer } from './announcer.js';
import { createThread } from './thread.js';
import { createComposer } from './composer.js';
import { createConversation } from './conversation.js';
import { makeSheet } from './sheet.js';
import panelCss from './panel.css';

/** Keys typed in the panel must not set off shortcuts of the page around it. */
const KEY_EVENTS = ['keydown', 'keyup', 'keypress'];

/**
 * Called by the loader, which may be an older one from a cache: the contract only grows.
 *
 * @param {import('../types').MountContext} context
 * @returns {import('../types').Panel}
 */
export function mount({ root, launcher, base, token, config, identity, storeKey }) {
  const look = config.customization;
  const store = openStore(storeKey ?? 'chatloom:' + config.widgetId);
  const announcer = createAnnouncer();
  const status = el('p', { class: 'status' }, TEXT.assistant);
  const thread = createThread(look, announcer.say, (prompt) => conversation.ask(prompt));
  const api = createApi({ base, token, identity, session: store.session, hasBotCheck: Boolean(config.botCheck) });
  const composer = createComposer(look.inputPlaceholder, store, {
    send: (text) => conversation.ask(text),
    stop: () => conversation.stop(),
    focus: api.prepare,
  });
  const conversation = createConversation({
    api,
    store,
    thread,
    composer,
    onTyping: (typing) => {
      status.textContent = typing ? TEXT.typing : TEXT.assistant;
    },
  });

  const title = el('h2', { id: 'title', dir: 'auto' }, look.title || config.name);
  const closeButton = iconButton('tool', 'chevron', TEXT.close, close);
  const restartButton = iconButton('tool', 'restart', TEXT.restart, () => {
    conversation.restart();
    composer.focus();
  });
  const panel = el(
    'section',
    { class: `cw ${launcher.className.replace('launcher', '')}`, role: 'dialog', 'aria-labelledby': 'title', lang: 'en' },
    el('header', {}, avatar(look.avatarUrl), el('div', {}, title, status), restartButton, closeButton),
    thread.element,
    composer.element,
    announcer.element,
  );

  dress(root, panel, look);
  root.append(panel);
  makeSheet(panel, root);
  for (const name of KEY_EVENTS) panel.addEventListener(name, (event) => event.stopPropagation());
  panel.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') close();
  });
  composer.write(store.read().draft ?? '');
  void conversation.sync();

  const isOpen = () => panel.classList.contains('open');

  /** @param {boolean} now */
  function setOpen(now) {
    panel.classList.toggle('open', now);
    launcher.setAttribute('aria-expanded', String(now));
    launcher.setAttribute('aria-label', now ? TEXT.close : TEXT.open);
    store.save({ open: now });
  }

  /** @param {boolean} [focus]  false where the page opened the panel and not the visitor */
  function open(focus = true) {
    // One frame closed, so that the first open moves like the later ones.
    panel.getBoundingClientRect();
    setOpen(true);
    composer.refresh();
    thread.toEnd();
    if (focus) composer.focus();
  }

  function close() {
    if (!isOpen()) return;
    setOpen(false);
    launcher.focus({ preventScroll: true });
  }

  return { open, close, toggle: () => (isOpen() ? close() : open()) };
}

/**
 * @param {ShadowRoot} root
 * @param {HTMLElement} panel
 * @param {import('../types').Customization} look
 */
function dress(root, panel, look) {
  const base = new CSSStyleSheet();
  const colours = new CSSStyleSheet();
  base.replaceSync(panelCss);
  root.adoptedStyleSheets = [...root.adoptedStyleSheets, base, colours];
  const system = matchMedia('(prefers-color-scheme: dark)');
  const apply = () => {
    const theme = paint(look, system.matches);
    colours.replaceSync(theme.css);
    panel.classList.toggle('dark', theme.dark);
    panel.classList.toggle('bubbles', theme.bubbles);
  };
  system.addEventListener('change', apply);
  apply();
}
