// The panel, which is imported when it is wanted.

import { LABELS } from './language.js';

const PANEL_PATH = '__PANEL_PATH__';

/** @typedef {import('../types').Panel} Panel */

/**
 * @param {import('../types').MountContext & { language: string }} context
 * @param {boolean} isFirst  whether it is the page's only widget, or was there before the others
 */
export function createPanel(context, isFirst) {
  /** @type {Promise<Panel> | undefined} */
  let loading;
  /** @type {Panel | undefined} */
  let mounted;
  // Each widget of a page has a module of its own; and browsers may remember that one failed to load.
  let copy = isFirst ? '' : context.config.widgetId;
  let isGone = false;

  /** @returns {Promise<Panel>} */
  function load() {
    if (loading) return loading;
    const language = LABELS[context.language] ? context.language : 'en';
    loading = import(`${context.base}${PANEL_PATH}${language}.js${copy ? '?' + copy : ''}`).then((module) =>
      // Who has gone meanwhile does not open anything.
      isGone ? new Promise(() => {}) : (mounted = module.mount(context)),
    );
    loading.catch(() => {
      copy += '-';
      loading = undefined;
    });
    return loading;
  }

  return {
    /** Fetches it, so that it is there when it is needed. */
    prepare: () => void load().catch(() => {}),

    /** @param {(panel: Panel) => void} act */
    use: (act) => void load().then(act).catch((error) => console.warn('Chatloom could not open the chat.', error)),

    mounted: () => mounted,

    destroy() {
      isGone = true;
      mounted?.destroy();
    },
  };
}
