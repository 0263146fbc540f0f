//! The text form that all our public credentials share: prefix, 256 bits in base62, checksum in base62.
//!
//! After the form of GitHub's tokens: the checksum lets a scanner, and our own parser, tell a real credential
//! from noise without a lookup. CRC-32 finds every change of a single character.

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// The least number of base62 digits that hold 256 bits: 62^42 < 2^256 < 62^43.
const BODY_CHARS: usize = 43;
/// The least number of base62 digits that hold 32 bits.
const CHECKSUM_CHARS: usize = 6;

/// One kind of credential, told apart by its prefix.
pub(super) struct Scheme {
    pub(super) prefix: &'static str,
}

impl Scheme {
    /// Writes 256 bits as a credential of this kind.
    pub(super) fn write(&self, random: &[u8; 32]) -> String {
        let mut text = String::with_capacity(self.length());
        text.push_str(self.prefix);
        text.extend(encode(*random).map(char::from));
        let checksum = checksum(text.as_bytes());
        text.extend(checksum.map(char::from));
        text
    }

    /// Whether `write` could have produced this text.
    pub(super) fn accepts(&self, text: &str) -> bool {
        let bytes = text.as_bytes();
        if bytes.len() != self.length() {
            return false;
        }
        let (signed, given) = bytes.split_at(bytes.len() - CHECKSUM_CHARS);
        signed.strip_prefix(self.prefix.as_bytes()).is_some_and(fits_256_bits) && given == checksum(signed)
    }

    fn length(&self) -> usize {
        self.prefix.len() + BODY_CHARS + CHECKSUM_CHARS
    }
}

/// The bytes as one big-endian number in base62, padded to a fixed width.
fn encode(mut number: [u8; 32]) -> [u8; BODY_CHARS] {
    let mut digits = [0; BODY_CHARS];
    for digit in digits.iter_mut().rev() {
        let mut remainder = 0;
        for byte in &mut number {
            let dividend = (remainder << 8) | u16::from(*byte);
            // The remainder before was below 62, so the quotient fits the low byte.
            [*byte, _] = (dividend / 62).to_le_bytes();
            remainder = dividend % 62;
        }
        *digit = ALPHABET[usize::from(remainder)];
    }
    digits
}

/// Whether all digits are base62 and their number is below 2^256. Without the second half, some texts with a
/// right checksum would stand for no 32 bytes at all.
fn fits_256_bits(digits: &[u8]) -> bool {
    let mut number = [0_u8; 32];
    digits.iter().all(|digit| {
        let Some(value) = ALPHABET.iter().position(|letter| letter == digit) else {
            return false;
        };
        let mut carry = value;
        for byte in number.iter_mut().rev() {
            let product = usize::from(*byte) * 62 + carry;
            carry = product >> 8;
            [*byte, ..] = product.to_le_bytes();
        }
        carry == 0
    })
}

/// CRC-32 of the text in base62, padded to a fixed width.
fn checksum(signed: &[u8]) -> [u8; CHECKSUM_CHARS] {
    let mut rest = crc32fast::hash(signed);
    let mut digits = [0; CHECKSUM_CHARS];
    for digit in digits.iter_mut().rev() {
        *digit = ALPHABET[(rest % 62) as usize];
        rest /= 62;
    }
    digits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_extremes_are_padded_to_the_same_width() {
        assert_eq!(encode([0; 32]), [b'0'; BODY_CHARS]);
        assert!(fits_256_bits(&encode([0xff; 32])));
    }

    #[test]
    fn the_number_after_the_largest_is_refused() {
        let mut digits = encode([0xff; 32]);
        let last = digits[BODY_CHARS - 1];
        let position = ALPHABET.iter().position(|letter| *letter == last).unwrap();
        digits[BODY_CHARS - 1] = ALPHABET[position + 1];
        assert!(!fits_256_bits(&digits));
        assert!(!fits_256_bits(&[b'z'; BODY_CHARS]));
    }

    #[test]
    fn an_overflowing_body_is_refused_in_spite_of_a_right_checksum() {
        let scheme = Scheme { prefix: "clw_" };
        let mut text = format!("clw_{}", "z".repeat(BODY_CHARS));
        text.extend(checksum(text.as_bytes()).map(char::from));
        assert!(!scheme.accepts(&text));
    }
}
