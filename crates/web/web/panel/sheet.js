// On a small screen the panel is a sheet over the whole of it: as high as the keyboard leaves, and modal.

const SMALL_SCREEN = '(max-width: 480px)';

/**
 * @param {HTMLElement} panel
 * @param {ShadowRoot} root
 * @param {AbortSignal} end  when nothing is listened to any more
 */
export function makeSheet(panel, root, end) {
  const small = matchMedia(SMALL_SCREEN);
  const view = window.visualViewport;

  function fit() {
    panel.classList.toggle('sheet', small.matches);
    if (small.matches) panel.setAttribute('aria-modal', 'true');
    else panel.removeAttribute('aria-modal');
    if (!view) return;
    panel.style.setProperty('--view-height', `${view.height}px`);
    panel.style.setProperty('--view-top', `${view.offsetTop}px`);
  }

  small.addEventListener('change', fit, { signal: end });
  view?.addEventListener('resize', fit, { signal: end });
  view?.addEventListener('scroll', fit, { signal: end });
  fit();

  panel.addEventListener('keydown', (event) => {
    if (event.key !== 'Tab' || !small.matches) return;
    /** @type {NodeListOf<HTMLElement>} */
    const all = panel.querySelectorAll('button:not(:disabled), textarea, a[href], [tabindex="0"]');
    const stops = Array.from(all).filter((stop) => stop.offsetParent);
    const edge = event.shiftKey ? stops[0] : stops[stops.length - 1];
    if (root.activeElement !== edge) return;
    event.preventDefault();
    (event.shiftKey ? stops[stops.length - 1] : stops[0]).focus();
  });
}
