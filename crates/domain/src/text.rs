//! The rule that all short human texts share: trimmed, not empty, bounded, without control characters.

use thiserror::Error;

/// Why a short text was refused. The caller knows the field's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum TextError {
    /// Nothing is left after trimming.
    #[error("must not be empty")]
    Empty,
    /// More than the allowed number of characters (Unicode scalar values).
    #[error("must be at most {max} characters")]
    TooLong {
        /// The limit that was passed.
        max: usize,
    },
    /// A control character that the field does not allow.
    #[error("must not contain control characters")]
    ControlCharacter,
}

/// Whether a text may span lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lines {
    /// No control characters at all.
    Single,
    /// Newline, carriage return and tab are allowed.
    Many,
}

/// Trims `input` and checks it: 1 to `max` characters, no control characters that `lines` does not allow.
pub fn parse_text(input: &str, max: usize, lines: Lines) -> Result<String, TextError> {
    let text = input.trim();
    if text.is_empty() {
        return Err(TextError::Empty);
    }
    // The byte length is checked first, so that counting characters stays bounded for hostile input.
    if text.len() > max * 4 || text.chars().count() > max {
        return Err(TextError::TooLong { max });
    }
    let allowed = |c: char| lines == Lines::Many && matches!(c, '\n' | '\r' | '\t');
    if text.chars().any(|c| c.is_control() && !allowed(c)) {
        return Err(TextError::ControlCharacter);
    }
    Ok(text.to_owned())
}

/// Declares a newtype over a short text with one `parse` constructor.
macro_rules! text_type {
    ($(#[$doc:meta])* $name:ident, max = $max:expr, lines = $lines:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        pub struct $name(String);

        impl $name {
            /// The longest text that is accepted, in characters.
            pub const MAX_CHARS: usize = $max;

            /// Trims and checks the text.
            pub fn parse(input: &str) -> Result<Self, $crate::text::TextError> {
                $crate::text::parse_text(input, Self::MAX_CHARS, $lines).map(Self)
            }

            /// The text, trimmed.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
    };
}
pub(crate) use text_type;
