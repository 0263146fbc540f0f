//! The keys that our widget understands, and what each accepts.

use thiserror::Error;
use url::{Host, Url};

use super::{Color, CssFault, Data, StringsFault, css, strings};

/// The known keys in the order of the documentation.
pub(super) const KNOWN: &[(&str, Rule)] = &[
    ("primaryColor", Rule::Color),
    ("backgroundColor", Rule::Color),
    ("textColor", Rule::Color),
    ("agentMessageBackground", Rule::Color),
    ("userMessageBackground", Rule::Color),
    ("title", Rule::Line { max_chars: 100 }),
    ("welcomeMessage", Rule::Lines { max_chars: 1_000 }),
    ("inputPlaceholder", Rule::Line { max_chars: 100 }),
    ("position", Rule::OneOf("bottom-right, bottom-left, top-right, top-left")),
    ("avatarUrl", Rule::Url),
    ("logoUrl", Rule::Url),
    ("theme", Rule::OneOf("auto, light, dark")),
    ("locale", Rule::Locale),
    ("starterPrompts", Rule::Prompts),
    ("customCss", Rule::Css),
    ("strings", Rule::Strings),
];

/// Longer URLs fail in some browsers and proxies.
const MAX_URL_BYTES: usize = 2_048;
/// RFC 5646 section 4.4.1 asks for room for at least this many.
const MAX_LOCALE_BYTES: usize = 35;
/// More do not fit above the input on a telephone.
const MAX_PROMPTS: usize = 6;
/// A prompt is a button's label.
const MAX_PROMPT_CHARS: usize = 120;

/// What a known key accepts.
#[derive(Clone, Copy, Debug)]
pub(super) enum Rule {
    Color,
    Line {
        max_chars: usize,
    },
    Lines {
        max_chars: usize,
    },
    /// The words, separated by ", " so that the error can print them as they are.
    OneOf(&'static str),
    Url,
    Locale,
    Prompts,
    Css,
    Strings,
}

/// What is wrong with a value, and which keys in it lead there.
type Fault<'a> = (Vec<&'a str>, CustomizationFault);

/// Whether the key is a known one; if so, its value has been found good.
pub(super) fn check_known<'a>(key: &str, value: &'a Data) -> Result<bool, Fault<'a>> {
    match KNOWN.iter().find(|(known, _)| *known == key) {
        Some((_, rule)) => rule.check(value).map(|()| true),
        None => Ok(false),
    }
}

impl Rule {
    fn check(self, value: &Data) -> Result<(), Fault<'_>> {
        let text = value.as_text();
        let (is_good, fault) = match self {
            Self::Color => (text.is_some_and(|text| Color::parse(text).is_ok()), CustomizationFault::Color),
            Self::Line { max_chars } => {
                (text.is_some_and(|text| is_line(text, max_chars)), CustomizationFault::Line { max_chars })
            }
            Self::Lines { max_chars } => {
                (text.is_some_and(|text| is_lines(text, max_chars)), CustomizationFault::Lines { max_chars })
            }
            Self::OneOf(words) => (
                text.is_some_and(|text| words.split(", ").any(|word| word == text)),
                CustomizationFault::OneOf(words),
            ),
            Self::Url => (text.is_some_and(is_picture_url), CustomizationFault::Url),
            Self::Locale => (text.is_some_and(is_language_tag), CustomizationFault::Locale),
            Self::Prompts => (are_prompts(value), CustomizationFault::Prompts),
            Self::Css => {
                let checked = text.ok_or(CssFault::TooLong).and_then(css::check);
                return checked.map_err(|fault| (vec![], fault.into()));
            }
            Self::Strings => {
                return strings::check(value).map_err(|(below, fault)| (below, fault.into()));
            }
        };
        if is_good { Ok(()) } else { Err((vec![], fault)) }
    }
}

pub(super) fn is_line(text: &str, max_chars: usize) -> bool {
    text.chars().count() <= max_chars && !text.chars().any(char::is_control)
}

fn is_lines(text: &str, max_chars: usize) -> bool {
    text.chars().count() <= max_chars && !text.chars().any(|c| c.is_control() && c != '\n')
}

fn are_prompts(value: &Data) -> bool {
    let Data::List(prompts) = value else {
        return false;
    };
    let is_prompt = |text: &str| !text.trim().is_empty() && is_line(text, MAX_PROMPT_CHARS);
    prompts.len() <= MAX_PROMPTS && prompts.iter().all(|prompt| prompt.as_text().is_some_and(is_prompt))
}

/// Whether a page on any site can load a picture from here without mixed content. The text is kept as
/// written, so it must mean the same to our parser and to a browser: no white space, no backslash, and `//`
/// after the scheme.
fn is_picture_url(text: &str) -> bool {
    let is_plain = |c: char| !c.is_whitespace() && !c.is_control() && c != '\\';
    if text.len() > MAX_URL_BYTES || !text.chars().all(is_plain) {
        return false;
    }
    let Some((scheme, _)) = text.split_once("://") else {
        return false;
    };
    let Ok(url) = Url::parse(text) else {
        return false;
    };
    let is_loopback = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    let is_safe =
        scheme.eq_ignore_ascii_case("https") || (scheme.eq_ignore_ascii_case("http") && is_loopback);
    is_safe && url.username().is_empty() && url.password().is_none()
}

/// Whether the text has the shape of a BCP 47 tag: a language of 2 to 8 letters, then subtags of 1 to 8
/// letters or digits. Whether the registry knows them is for the widget, which falls back to a language that
/// it has.
pub(super) fn is_language_tag(text: &str) -> bool {
    let mut subtags = text.split('-');
    let is_language =
        |tag: &str| (2..=8).contains(&tag.len()) && tag.bytes().all(|byte| byte.is_ascii_alphabetic());
    let is_subtag =
        |tag: &str| (1..=8).contains(&tag.len()) && tag.bytes().all(|byte| byte.is_ascii_alphanumeric());
    text.len() <= MAX_LOCALE_BYTES && subtags.next().is_some_and(is_language) && subtags.all(is_subtag)
}

/// What is wrong with a value. The texts follow on the name of the field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum CustomizationFault {
    /// Not `#rgb`, `#rgba`, `#rrggbb` or `#rrggbbaa`.
    #[error("must be a CSS hex colour such as #6366f1")]
    Color,
    /// Not a short text on one line.
    #[error("must be a text of at most {max_chars} characters without line breaks or control characters")]
    Line {
        /// Unicode scalar values.
        max_chars: usize,
    },
    /// Not a short text.
    #[error(
        "must be a text of at most {max_chars} characters without control characters other than line feeds"
    )]
    Lines {
        /// Unicode scalar values.
        max_chars: usize,
    },
    /// Not one of these words, which are separated by a comma and a space.
    #[error("must be one of {0}")]
    OneOf(&'static str),
    /// Not a URL that pages on any site can load pictures from.
    #[error(
        "must be an https URL of at most {MAX_URL_BYTES} bytes without a user name \
         (http is accepted for localhost)"
    )]
    Url,
    /// Not of the shape of a BCP 47 language tag.
    #[error("must be a language tag such as en or pt-BR")]
    Locale,
    /// Not a short list of short texts.
    #[error(
        "must be a list of at most {MAX_PROMPTS} non-empty texts of at most \
         {MAX_PROMPT_CHARS} characters without line breaks"
    )]
    Prompts,
    /// Not the declarations that the widget understands.
    #[error(transparent)]
    Css(#[from] CssFault),
    /// Not texts that the widget could say.
    #[error(transparent)]
    Strings(#[from] StringsFault),
    /// The name of an unknown key is empty, too long or has control characters.
    #[error("must have a name of 1 to 64 bytes without control characters")]
    Key,
    /// The value of an unknown key is nested too deeply.
    #[error("must not nest lists and objects more than 4 deep")]
    TooDeep,
    /// A number that JSON cannot write.
    #[error("must contain finite numbers only")]
    NotANumber,
    /// The unknown keys together are too large.
    #[error("must not have more than 8 KiB of keys that the widget does not know")]
    TooLarge,
}
