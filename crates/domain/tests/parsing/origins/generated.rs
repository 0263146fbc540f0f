//! Headers made by chance from a seed: allowed ones that were bent in one to three places, and some put together
//! from parts.

use super::oracle::EXPECTED;

/// `SplitMix64` (Steele, Lea and Flood, 2014): as random as this needs, and the same on every machine.
pub(super) struct Chance(u64);

impl Chance {
    pub(super) fn seeded(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        // The high half is as random as the low one, and fits every machine's words.
        usize::try_from(self.next() >> 32).unwrap_or_default() % bound
    }

    fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }
}

const LABELS: &[&str] =
    &["a", "www", "a.b", "x-1", "my_app", "0", "xn--bcher-kva", "a--b", "-a", "shop", "7.7"];
const PORTS: &[u16] = &[80, 443, 3000, 8080, 8443, 1, 65535, 0];

/// What parsers stumble over: separators, blanks, controls, escapes, what Unicode maps, hides or turns around.
const NASTY: &[&str] = &[
    ".", "..", ":", "/", "//", "\\", "@", "?", "#", "*", "%", "%2e", "%00", "%2f", ",", ";", " ", "\t", "\n",
    "\r", "\0", "\u{7f}", "&", "$", "[", "]", "-", "_", "a", "0", "443", "xn--", "evil", "\u{ad}",
    "\u{200b}", "\u{200d}", "\u{202e}", "\u{feff}", "\u{3002}", "\u{ff0e}", "\u{ff0f}", "\u{ff1a}",
    "\u{ff20}", "\u{2024}", "\u{a0}", "\u{fffd}", "\u{301}", "ß", "é", "İ", "ﬀ", "①",
];

/// Letters and what is taken for them.
const LOOK_ALIKES: &[(char, &[&str])] = &[
    ('a', &["а", "ａ", "á", "𝐚", "%61", "A"]),
    ('c', &["с", "ⅽ", "C"]),
    ('e', &["е", "ℯ", "é", "E"]),
    ('h', &["һ", "ℎ", "H"]),
    ('l', &["1", "ⅼ", "I", "ℓ"]),
    ('m', &["ⅿ", "rn", "M"]),
    ('o', &["о", "0", "ο", "O"]),
    ('p', &["р", "P"]),
    ('s', &["ѕ", "ſ", "S"]),
    ('x', &["х", "ⅹ", "X"]),
    ('.', &["。", "．", "｡", "․", "%2e"]),
    (':', &["：", "%3a"]),
    ('/', &["／", "\\", "%2f"]),
    ('0', &["O", "０", "00"]),
    ('1', &["l", "１", "01"]),
];

const SCHEMES: &[&str] = &[
    "http://",
    "https://",
    "HTTPS://",
    "ws://",
    "wss://",
    "ftp://",
    "file://",
    "https:",
    "https:/",
    "https:///",
    "https:\\\\",
    "//",
    "",
    "blob:https://",
    "chrome-extension://",
    " https://",
    "javascript://",
];
const USERS: &[&str] = &["", "", "", "user@", "user:pass@", "@", "example.com@", "example.com:443@", "%00@"];
const HOSTS: &[&str] = &[
    "example.com",
    "a.shop.example",
    "shop.example",
    "localhost",
    "127.0.0.1",
    "[::1]",
    "evil.com",
    "xn--bcher-kva.example",
    "192.168.0.10",
    "[2001:db8::1]",
    "0x7f.1",
    "2130706433",
    "[::ffff:127.0.0.1]",
    "example.com.evil.com",
    "evilexample.com",
    "EXAMPLE.com",
    "example.com.",
    ".example.com",
    "bücher.example",
    "*.shop.example",
    "a.b.c.shop.example",
    "localhost.evil.com",
    "null",
    "xn--r8jz45g.example",
];
const TAILS: &[&str] =
    &["", "", "", "", "/", "/path", "?", "#", "\\", ",https://example.com", " ", "\n", "%"];

/// The next header.
pub(super) fn header(chance: &mut Chance) -> String {
    if chance.below(4) == 0 {
        return put_together(chance);
    }
    let expected = &EXPECTED[chance.below(EXPECTED.len())];
    let (labels, port) = (labels(chance), port(chance));
    let mut welcome = expected.welcome(&labels, port);
    let mut header = welcome.swap_remove(chance.below(welcome.len()));
    for _ in 0..chance.below(4) {
        header = bent(&header, chance);
    }
    header
}

/// One to three labels, known or made.
fn labels(chance: &mut Chance) -> String {
    const LETTERS: &[char] = &['a', 'b', 'x', 'z', '0', '9', '-', '_'];
    let label = |chance: &mut Chance| match chance.below(2) {
        0 => chance.pick(LABELS).to_owned(),
        _ => (0..=chance.below(70)).map(|_| chance.pick(LETTERS)).collect(),
    };
    (0..=chance.below(3)).map(|_| label(chance)).collect::<Vec<_>>().join(".")
}

fn port(chance: &mut Chance) -> u16 {
    let [low, high, ..] = chance.next().to_le_bytes();
    if chance.below(2) == 0 { chance.pick(PORTS) } else { u16::from_le_bytes([low, high]) }
}

fn put_together(chance: &mut Chance) -> String {
    let port = match chance.below(4) {
        0 => format!(":{}", chance.pick(PORTS)),
        1 => format!(":{}", chance.pick(&["", "0443", "+443", "65536", "*", "3000:3000", "x", "03000"])),
        _ => String::new(),
    };
    let (scheme, user) = (chance.pick(SCHEMES), chance.pick(USERS));
    format!("{scheme}{user}{}{port}{}", chance.pick(HOSTS), chance.pick(TAILS))
}

/// The header with one thing done to it.
fn bent(header: &str, chance: &mut Chance) -> String {
    let mut chars: Vec<String> = header.chars().map(String::from).collect();
    let at = chance.below(chars.len() + 1);
    let inner = at.min(chars.len().saturating_sub(1));
    match chance.below(15) {
        _ if chars.is_empty() => return chance.pick(HOSTS).to_owned(),
        0 | 1 => chars.insert(at, chance.pick(NASTY).to_owned()),
        2 => drop(chars.remove(inner)),
        3 => chance.pick(NASTY).clone_into(&mut chars[inner]),
        4 => chars[inner] = chars[inner].to_uppercase(),
        5 => {
            let escapes: Vec<_> = chars[inner].bytes().map(|byte| format!("%{byte:02x}")).collect();
            chars[inner] = escapes.concat();
        }
        6 | 7 => {
            let (letter, others) = chance.pick(LOOK_ALIKES);
            let other = chance.pick(others);
            return header.replacen(letter, other, 1);
        }
        8 => return header.replacen("https://", chance.pick(SCHEMES), 1),
        9 => return header.replacen("://", &format!("://{}", chance.pick(USERS)), 1),
        10 => return header.replacen("://", &format!("://{}.", chance.pick(LABELS)), 1),
        11 => return format!("{header}.{}", chance.pick(&["", "evil.com", "com", "example"])),
        12 => return format!("{header}:{}", chance.pick(PORTS)),
        13 => return format!("{header}{}", chance.pick(TAILS)),
        _ => chars.swap(inner, 0),
    }
    chars.concat()
}
