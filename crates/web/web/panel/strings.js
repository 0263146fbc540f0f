// Everything the widget says by itself. The build puts the texts of the panel's language in the place of the English ones.

import own from '../languages/en.json' with { type: 'json' };

export const TEXT = { ...own };

/** Languages that are written from right to left. */
const RIGHT_TO_LEFT = /^(ar|fa|he|ur)\b/i;

/** The language that is spoken, for times and the like. */
export const SPOKEN = { language: 'en' };

/**
 * Takes the owner's texts in place of ours. A module serves one widget of the page at a time.
 *
 * @param {string} [language]
 * @param {import('../types').Texts} [texts]
 */
export function speak(language = 'en', texts) {
  SPOKEN.language = language;
  Object.assign(TEXT, own, texts);
}

/** @param {string} language */
export function directionOf(language) {
  return RIGHT_TO_LEFT.test(language) ? 'rtl' : 'ltr';
}
