//! CSS hex colours.

use std::fmt;

use thiserror::Error;

/// A colour in one of the four hexadecimal notations of CSS Color 4 section 5.2. Names and functions are left
/// out on purpose: the widget writes the value into a style sheet, and hex digits cannot break out of one.
///
/// `Display` gives `#rrggbb`, or `#rrggbbaa` where the colour is not opaque.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Color {
    channels: [u8; 4],
}

impl Color {
    /// Reads `#rgb`, `#rgba`, `#rrggbb` or `#rrggbbaa` in either case.
    pub fn parse(text: &str) -> Result<Self, ColorError> {
        let digits = text.strip_prefix('#').ok_or(ColorError)?.as_bytes();
        let digits_per_channel = match digits.len() {
            3 | 4 => 1,
            6 | 8 => 2,
            _ => return Err(ColorError),
        };
        let mut channels = [0, 0, 0, u8::MAX];
        for (channel, digits) in channels.iter_mut().zip(digits.chunks(digits_per_channel)) {
            *channel = match *digits {
                [digit] => hex_value(digit)? * 0x11,
                [high, low] => hex_value(high)? << 4 | hex_value(low)?,
                _ => return Err(ColorError),
            };
        }
        Ok(Self { channels })
    }

    /// Red, green, blue and alpha, each from 0 to 255; 255 is opaque.
    pub fn channels(self) -> [u8; 4] {
        self.channels
    }
}

fn hex_value(digit: u8) -> Result<u8, ColorError> {
    match digit {
        b'0'..=b'9' => Ok(digit - b'0'),
        b'a'..=b'f' => Ok(digit - b'a' + 10),
        b'A'..=b'F' => Ok(digit - b'A' + 10),
        _ => Err(ColorError),
    }
}

impl fmt::Display for Color {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [red, green, blue, alpha] = self.channels;
        write!(f, "#{red:02x}{green:02x}{blue:02x}")?;
        if alpha != u8::MAX {
            write!(f, "{alpha:02x}")?;
        }
        Ok(())
    }
}

/// The text is no CSS hex colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("not a CSS hex colour")]
pub struct ColorError;
