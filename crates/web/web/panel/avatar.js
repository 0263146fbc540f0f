// The owner's picture, or the spark where there is none or it does not load.

import { el, icon } from './dom.js';

/** @param {string | null | undefined} url */
export function avatar(url) {
  const element = el('span', { class: 'avatar', 'aria-hidden': 'true' }, icon('spark'));
  if (url && /^(https:|http:\/\/(localhost|127\.0\.0\.1)[:/])/.test(url)) {
    const picture = el('img', { alt: '', referrerpolicy: 'no-referrer', src: url });
    // The spark stays until the picture is there, and for good if the page's policy blocks it.
    picture.addEventListener('load', () => element.replaceChildren(picture));
  }
  return element;
}
