// Colours: the few that an owner may choose, and those that follow from them so that text stays readable
// (WCAG 2.2, 1.4.3: 4.5:1). A value that is not a hex colour counts as absent, so nothing else gets into the CSS.

/** @typedef {[number, number, number]} Rgb */

const PAPER = { light: '#ffffff', dark: '#17181c' };

/** Links and small text aim slightly above the limit, since colours are rounded to whole steps. */
const READABLE = 4.6;

/**
 * Whether the panel is dark, and its custom properties that depend on the owner's colours.
 *
 * @param {import('../types').Customization} look
 * @param {boolean} systemDark  what the visitor's system prefers
 */
export function paint(look, systemDark) {
  const ownPaper = parse(look.backgroundColor);
  const wanted = look.theme === 'light' || look.theme === 'dark' ? look.theme : systemDark ? 'dark' : 'light';
  const dark = ownPaper ? luminance(ownPaper) < 0.2 : wanted === 'dark';
  const paper = ownPaper ?? /** @type {Rgb} */ (parse(PAPER[dark ? 'dark' : 'light']));
  const brand = parse(look.primaryColor) ?? [79, 70, 229];
  const mine = parse(look.userMessageBackground) ?? brand;
  const theirs = parse(look.agentMessageBackground);
  const ground = theirs ?? paper;
  const ownText = parse(look.textColor);
  const text = ownText ?? inkOn(paper);

  /** @type {Record<string, Rgb | undefined>} */
  const colours = {
    mine,
    'on-mine': inkOn(mine),
    theirs,
    'on-theirs': theirs && (ownText ? readable(text, theirs) : inkOn(theirs)),
    link: readable(brand, ground),
    paper: ownPaper,
    text: ownPaper || ownText ? readable(text, paper) : undefined,
    muted: ownPaper && readable(mix(text, paper, 0.4), paper),
    line: ownPaper && mix(text, paper, 0.86),
    soft: ownPaper && mix(text, paper, 0.95),
  };
  const properties = Object.entries(colours).map(([name, colour]) => (colour ? `--${name}:${css(colour)};` : ''));
  return { dark, bubbles: Boolean(theirs), css: `.cw{${properties.join('')}}` };
}

/**
 * Reads any of CSS's four notations. The alpha is dropped: what shines through would not be the colour that text
 * was made readable on.
 *
 * @param {string | null | undefined} hex
 * @returns {Rgb | undefined}
 */
export function parse(hex) {
  if (!hex || !/^#([\da-f]{3,4}|[\da-f]{6}|[\da-f]{8})$/i.test(hex)) return undefined;
  const digits = hex.length < 6 ? hex.replace(/[^#]/g, '$&$&') : hex;
  return /** @type {Rgb} */ ([1, 3, 5].map((at) => parseInt(digits.slice(at, at + 2), 16)));
}

/**
 * White, else dark ink, else black. With black as the last choice every colour reaches 4.5:1.
 *
 * @param {Rgb} ground
 * @returns {Rgb}
 */
export function inkOn(ground) {
  /** @type {Rgb[]} */
  const inks = [[255, 255, 255], [17, 24, 39]];
  return inks.find((ink) => contrast(ink, ground) >= 4.5) ?? [0, 0, 0];
}

/**
 * The colour itself where it can be read on the ground, else the nearest mix towards black or white that can.
 *
 * @param {Rgb} colour
 * @param {Rgb} ground
 */
export function readable(colour, ground) {
  const end = inkOn(ground)[0] === 255 ? /** @type {Rgb} */ ([255, 255, 255]) : /** @type {Rgb} */ ([0, 0, 0]);
  for (let share = 0; share < 1; share += 0.05) {
    const candidate = mix(colour, end, share);
    if (contrast(candidate, ground) >= READABLE) return candidate;
  }
  return end;
}

/**
 * @param {Rgb} a
 * @param {Rgb} b
 */
export function contrast(a, b) {
  const [high, low] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (high + 0.05) / (low + 0.05);
}

/** @param {Rgb} colour */
function luminance(colour) {
  const [r, g, b] = colour.map((value) => {
    const channel = value / 255;
    return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/**
 * @param {Rgb} from
 * @param {Rgb} to
 * @param {number} share  0 is `from`, 1 is `to`
 * @returns {Rgb}
 */
function mix(from, to, share) {
  return /** @type {Rgb} */ (from.map((value, at) => Math.round(value + (to[at] - value) * share)));
}

/** @param {Rgb} colour */
function css(colour) {
  return `rgb(${colour.join(' ')})`;
}
