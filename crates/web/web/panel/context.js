// What the page says of itself to the model, where the widget's owner lets it. It is the visitor's word, and no more.

/** The most that the server takes, in bytes of JSON. */
const LIMIT = 2048;

/**
 * The page's title and address, without what a query may give away, and what its scripts have set. Nothing where that is
 * too much: a question must not fail for it.
 *
 * @param {object} [own]  what was set; its keys beat ours
 */
export function describePage(own) {
  const context = { title: document.title, url: location.origin + location.pathname, ...own };
  try {
    if (new TextEncoder().encode(JSON.stringify(context)).length <= LIMIT) return context;
  } catch {
    // There is no JSON of a circle.
  }
  console.warn(`Chatloom: the page's context is no JSON of ${LIMIT} bytes.`);
}
