// Puts the panel together inside the launcher's shadow root.

import { el, icon, iconButton } from './dom.js';
import { TEXT, directionOf, speak } from './strings.js';
import { createApi } from './api.js';
import { nameOf, openStore } from './store.js';
import { paint } from './theme.js';
import { avatar } from './avatar.js';
import { createAnnouncer } from './announcer.js';
import { createThread } from './thread.js';
import { createComposer } from './composer.js';
import { createConversation } from './conversation.js';
import { describePage } from './context.js';
import { makeSheet } from './sheet.js';
import answerCss from './answer.css';
import panelCss from './panel.css';
import threadCss from './thread.css';

/** Keys typed in the panel must not set off shortcuts of the page around it. */
const KEY_EVENTS = ['keydown', 'keyup', 'keypress'];

/**
 * Called by the loader, which may be an older one from a cache: the contract only grows.
 *
 * @param {import('../types').MountContext} context
 * @returns {import('../types').Panel}
 */
export function mount(context) {
  const { root, launcher, base, token, config, identity, language = 'en', isInline, emit = () => {} } = context;
  speak(language, context.texts);
  const look = config.customization;
  const store = openStore(config.widgetId, identity);
  const ending = new AbortController();
  const end = ending.signal;
  const announcer = createAnnouncer();
  const status = el('p', { class: 'status' }, TEXT.assistant);
  const thread = createThread(look, announcer.say, (prompt) => conversation.ask(prompt));
  const api = createApi({
    base,
    token,
    identity,
    session: store.session,
    hasBotCheck: Boolean(config.botCheck),
    context: () => (config.pageContext ? describePage(context.pageContext?.()) : undefined),
  });
  const composer = createComposer(look.inputPlaceholder, store, {
    send: (text) => conversation.ask(text),
    stop: () => conversation.stop(),
    focus: api.prepare,
  });
  const conversation = createConversation({ api, store, thread, composer, end, on: { change, event } });

  const title = el('h2', { id: 'title' }, el('bdi', {}, look.title || config.name));
  const tools = [
    iconButton('tool', 'restart', TEXT.restart, () => {
      conversation.restart();
      composer.focus();
    }),
  ];
  if (!isInline) tools.push(iconButton('tool', 'chevron', TEXT.close, close));
  const panel = el(
    'section',
    {
      class: isInline ? 'cw inline' : `cw ${launcher.className.replace('launcher', '')}`,
      role: isInline ? 'region' : 'dialog',
      'aria-labelledby': 'title',
      lang: language,
      dir: directionOf(language),
    },
    el('header', {}, avatar(look.avatarUrl), el('div', {}, title, status), ...tools),
    thread.element,
    composer.element,
    announcer.element,
  );

  dress(root, panel, look, end);
  // Once the panel is open, the launcher closes it. A loader from before has put the picture for that there.
  if (launcher.childElementCount < 2) launcher.append(icon('chevron'));
  root.append(panel);
  if (!isInline) makeSheet(panel, root, end);
  // In all of the widget: a key that closes the panel is let go on the launcher.
  for (const name of KEY_EVENTS) root.addEventListener(name, (event) => event.stopPropagation());
  panel.addEventListener('keydown', (event) => {
    // One that takes back what an input method proposes is not meant for us.
    if (event.key === 'Escape' && !event.isComposing) close();
  });
  composer.write(store.read().draft ?? '');
  /** @type {'idle' | 'typing' | 'resumed'} who is at work */
  let now = 'idle';
  const { waiting, unread } = store.shared.read();
  void conversation.sync().then(() => {
    if (now !== 'idle') return;
    store.shared.save({ waiting: undefined });
    // The answer came while the visitor was on the way to this page.
    if (unread || waiting) notify();
  });

  const isOpen = () => panel.classList.contains('open');

  /** @param {'idle' | 'typing' | 'resumed'} next */
  function change(next) {
    if (next === now) return;
    now = next;
    status.textContent = { idle: TEXT.assistant, typing: TEXT.typing, resumed: TEXT.stillWriting }[now];
    if (now === 'resumed') announcer.say(TEXT.stillWriting);
    store.shared.save({ waiting: now !== 'idle' || undefined });
  }

  /**
   * @param {'message' | 'error'} name
   * @param {object} detail
   */
  function event(name, detail) {
    if (name === 'message' && 'role' in detail && detail.role === 'assistant') notify();
    emit(name, detail);
  }

  /** Lets the launcher tell of an answer that nobody sees. */
  function notify() {
    if (!isOpen()) setUnread(true);
  }

  /** @param {boolean} unread */
  function setUnread(unread) {
    launcher.classList.toggle('unread', unread);
    launcher.setAttribute('aria-label', unread ? TEXT.openUnread : isOpen() ? TEXT.close : TEXT.open);
    store.shared.save({ unread: unread || undefined });
  }

  /** @param {boolean} now */
  function setOpen(now) {
    panel.classList.toggle('open', now);
    launcher.setAttribute('aria-expanded', String(now));
    setUnread(false);
    if (!isInline) store.shared.save({ open: now });
    emit(now ? 'open' : 'close', {});
  }

  /** @param {boolean} [focus]  false where the page opened the panel and not the visitor */
  function open(focus = true) {
    if (!isOpen()) {
      // One frame closed, so that the first open moves like the later ones.
      panel.getBoundingClientRect();
      setOpen(true);
      composer.refresh();
      thread.toEnd();
    }
    if (focus) composer.focus();
  }

  function close() {
    if (isInline || !isOpen()) return;
    // Closed by the page, it leaves the focus where that is.
    if (root.activeElement) launcher.focus({ preventScroll: true });
    setOpen(false);
  }

  return {
    open,
    close,
    toggle: () => (isOpen() ? close() : open()),
    send(text) {
      open();
      if (!conversation.ask(text)) composer.giveBack(text, TEXT.running);
    },
    prefill(text) {
      open();
      composer.giveBack(text);
    },
    identify(proof) {
      api.renew(proof);
      return nameOf(identity) === nameOf(proof);
    },
    destroy() {
      ending.abort();
      panel.remove();
    },
  };
}

/**
 * @param {ShadowRoot} root
 * @param {HTMLElement} panel
 * @param {import('../types').Customization} look
 * @param {AbortSignal} end  when nothing is listened to any more
 */
function dress(root, panel, look, end) {
  const base = new CSSStyleSheet();
  const colours = new CSSStyleSheet();
  // The last one has the last word: small screens, forced colours, and the like.
  base.replaceSync(answerCss + threadCss + panelCss);
  root.adoptedStyleSheets = [...root.adoptedStyleSheets, base, colours];
  const system = matchMedia('(prefers-color-scheme: dark)');
  const apply = () => {
    const theme = paint(look, system.matches);
    // The element of an inline widget is as high as what it stands in.
    colours.replaceSync(theme.css + (panel.matches('.inline') ? ':host{height:100%!important}' : ''));
    panel.classList.toggle('dark', theme.dark);
    panel.classList.toggle('bubbles', theme.bubbles);
  };
  system.addEventListener('change', apply, { signal: end });
  apply();
}
