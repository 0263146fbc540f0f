// The launcher's two colours. The panel has more of them, and a file of its own for that.

/**
 * The owner's colour without its alpha, as a launcher that shines through could not be seen, and black or white for what
 * stands on it, whichever is easier to see there: by the relative luminance of WCAG 2.2 with its curve simplified.
 *
 * @param {string | null | undefined} hex  any of CSS's four notations; ours in the place of anything else
 * @returns {[string, string]}
 */
export function coloursOf(hex) {
  if (!hex || !/^#([\da-f]{3,4}|[\da-f]{6}|[\da-f]{8})$/i.test(hex)) hex = '#4f46e5';
  if (hex.length < 6) hex = hex.replace(/[^#]/g, '$&$&');
  const brand = hex.slice(0, 7);
  const [r, g, b] = [1, 3, 5].map((at) => (parseInt(brand.slice(at, at + 2), 16) / 255) ** 2.2);
  return [brand, 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.18 ? '#000' : '#fff'];
}
