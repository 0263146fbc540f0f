// Which language the widget speaks.

/** The launcher's name in the languages that there is a panel for. */
export const LABELS = /** @type {Record<string, string>} */ (/** @type {unknown} */ ('__LABELS__'));

/**
 * The first language that somebody asks for, and we or the owner have texts for: the owner, the page, the visitor.
 *
 * @param {import('../types').Customization} look
 * @returns {{ language: string, texts?: import('../types').Texts }}
 */
export function chooseLanguage({ locale, strings }) {
  const wanted = [locale, document.documentElement.lang, ...navigator.languages];
  const tags = wanted.flatMap((tag) => (tag ? [tag, tag.split('-')[0].toLowerCase()] : []));
  const language = tags.find((tag) => strings?.[tag] || LABELS[tag]) ?? 'en';
  return { language, texts: strings?.[language] };
}
