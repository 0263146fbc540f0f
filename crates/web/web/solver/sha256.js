// SHA-256 (FIPS 180-4) for many short texts that begin alike. The browser's own is missing on pages served over plain http,
// and answers each call by a promise, which takes longer than the hash.

/** First 32 bits of the fractional parts of the square and cube roots of the first primes. */
const START = new Int32Array(8);
const K = new Int32Array(64);
for (let candidate = 2, found = 0; found < 64; candidate++) {
  let divisor = 2;
  while (candidate % divisor) divisor++;
  if (divisor < candidate) continue;
  if (found < 8) START[found] = candidate ** (1 / 2) * 2 ** 32;
  K[found++] = candidate ** (1 / 3) * 2 ** 32;
}

const schedule = new Int32Array(64);

/**
 * Takes one block into the state.
 *
 * @param {Int32Array} state
 * @param {Int32Array} words
 * @param {number} from  where the block's 16 words begin
 */
function compress(state, words, from) {
  let [a, b, c, d, e, f, g, h] = state;
  for (let i = 0; i < 64; i++) {
    if (i < 16) {
      schedule[i] = words[from + i];
    } else {
      const x = schedule[i - 15];
      const y = schedule[i - 2];
      const low = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
      const high = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
      schedule[i] = schedule[i - 16] + low + schedule[i - 7] + high;
    }
    const mix = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
    const one = (h + mix + ((e & f) ^ (~e & g)) + K[i] + schedule[i]) | 0;
    const sum = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
    const two = (sum + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + one) | 0;
    d = c;
    c = b;
    b = a;
    a = (one + two) | 0;
  }
  state[0] += a;
  state[1] += b;
  state[2] += c;
  state[3] += d;
  state[4] += e;
  state[5] += f;
  state[6] += g;
  state[7] += h;
}

/**
 * @param {Int32Array} words
 * @param {number} at  place of the byte
 * @param {number} byte
 */
function put(words, at, byte) {
  words[at >> 2] |= byte << (24 - (at & 3) * 8);
}

/**
 * Hashes texts that begin with `prefix`, of which whole blocks are hashed once. Prefix and numbers are ASCII.
 *
 * @param {string} prefix
 * @returns {(number: number) => Int32Array}  the hash of prefix and number, as eight words; it is reused
 */
export function createHasher(prefix) {
  const words = new Int32Array(32);
  const before = Int32Array.from(START);
  const state = new Int32Array(8);
  const whole = prefix.length & -64;
  for (let at = 0; at < whole; at++) {
    if (at % 64 === 0) words.fill(0);
    put(words, at % 64, prefix.charCodeAt(at));
    if (at % 64 === 63) compress(before, words, 0);
  }
  const rest = prefix.slice(whole);

  return (number) => {
    const text = rest + number;
    const { length } = text;
    words.fill(0);
    for (let at = 0; at < length; at++) put(words, at, text.charCodeAt(at));
    put(words, length, 0x80);
    // Behind the text stand one bit and the length of everything in bits, at the end of this block or of the next.
    const last = length < 56 ? 15 : 31;
    words[last] = (whole + length) * 8;
    state.set(before);
    compress(state, words, 0);
    if (last > 15) compress(state, words, 16);
    return state;
  };
}
