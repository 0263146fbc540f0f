// One scene in a frame: the network is stood in for before the widget is loaded, and then somebody uses the widget.

import { scenes } from './scenes.js';
import { sessionIdOf, standIn, widgetIdOf } from './network.js';
import { createVisitor } from './visitor.js';

// In a frame the focus would be taken from the page around it, which would jump to it.
if (parent !== window) HTMLElement.prototype.focus = () => {};

const wanted = new URLSearchParams(location.search);
const index = scenes.findIndex(({ id }) => id === wanted.get('state'));
const scene = scenes[index];
if (scene) void play();

async function play() {
  const widgetId = widgetIdOf(index);
  const theme = wanted.get('theme');
  const locale = wanted.get('locale');
  scene.look = { ...scene.look, ...(theme && { theme }), ...(locale && { locale }) };
  dress(scene.look);
  remember(widgetId);
  standIn(scene, widgetId);
  if (scene.isOffline) goOffline();
  const visitor = createVisitor();
  if (scene.frame === 'page') {
    const script = /** @type {HTMLElement} */ (document.querySelector('script[data-token]'));
    script.dataset.target = '#page';
  }
  await scene.act?.(visitor);
  await visitor.see(scene.shows);
  document.documentElement.dataset.reached = scene.id;
}

/**
 * Gives the page around the widget its language, its direction and its light.
 *
 * @param {import('../types').Customization} look
 */
function dress({ locale, theme }) {
  const page = document.documentElement;
  page.lang = locale ?? 'en';
  page.dir = page.lang === 'ar' || page.lang === 'he' ? 'rtl' : 'ltr';
  page.classList.toggle('dark', theme === 'dark');
  page.classList.toggle('light', theme === 'light');
  page.classList.toggle('full', scene.frame === 'page');
}

/**
 * What the browser knows from before the page was loaded.
 *
 * @param {string} widgetId
 */
function remember(widgetId) {
  const key = 'chatloom:' + widgetId;
  for (const area of [localStorage, sessionStorage]) area.removeItem(key);
  const session = scene.history && { sessionId: sessionIdOf(widgetId), sessionSecret: 'cls_gallery' };
  if (session || scene.saved) localStorage.setItem(key, JSON.stringify({ ...session, ...scene.saved }));
}

function goOffline() {
  Object.defineProperty(navigator, 'onLine', { get: () => false });
  dispatchEvent(new Event('offline'));
}
