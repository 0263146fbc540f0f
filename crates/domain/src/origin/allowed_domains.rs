//! The sites on which a widget may be embedded.

use std::fmt;

use thiserror::Error;

use super::Origin;
use super::entry::{Entry, EntryFault};

/// More sites than one widget needs, few enough to compare on each request.
const MAX_ENTRIES: usize = 100;
/// How much of a bad entry an error repeats; a caller recognises it, and an error stays small.
const MAX_ECHOED_CHARS: usize = 80;

/// A widget's allow-list of sites; empty means any site.
///
/// An entry is `example.com` (that host only), `*.example.com` (subdomains at any depth, not `example.com`
/// itself), `localhost:3000` or `host:*` (any port). Without a port it means the scheme's default one. The
/// scheme is https, except that `http://` in front means http, and `localhost`, `127.0.0.1` and `[::1]`
/// without a scheme mean either.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AllowedDomains {
    entries: Vec<Entry>,
    /// Somebody set a limit that cannot be read. It is no empty list: it allows nothing.
    is_unreadable: bool,
}

impl AllowedDomains {
    /// The list that sets no limit.
    pub fn any_site() -> Self {
        Self::default()
    }

    /// What a store gives for a list that breaks the rules: it allows no page at all, where a guess at what was
    /// meant could open the widget to everybody.
    pub fn unreadable() -> Self {
        Self { entries: Vec::new(), is_unreadable: true }
    }

    /// Reads at most 100 entries of at most 253 bytes each, in the order given, and drops repetitions.
    pub fn parse<I, S>(entries: I) -> Result<Self, AllowedDomainsError>
    where
        I: IntoIterator<Item = S>,
        S: AsRef<str>,
    {
        let mut parsed = Vec::new();
        for (index, text) in entries.into_iter().enumerate() {
            if index == MAX_ENTRIES {
                return Err(AllowedDomainsError::TooMany);
            }
            let text = text.as_ref();
            let entry = Entry::parse(text)
                .map_err(|fault| AllowedDomainsError::Entry { entry: EchoedEntry::of(text), fault })?;
            if !parsed.contains(&entry) {
                parsed.push(entry);
            }
        }
        Ok(Self { entries: parsed, is_unreadable: false })
    }

    /// The canonical texts, lower-case and with IDN in ASCII; parsing them gives this list again, unless
    /// it is unreadable: then there are none.
    pub fn entries(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(Entry::as_str)
    }

    /// The sites whose pages may show a page of ours in a frame, in the notation of the directive `frame-ancestors` (CSP
    /// Level 3): `*` where any site is allowed, and nothing where the list cannot be read.
    ///
    /// That notation cannot say that a site on plain http is meant without its secure twin. A host has only letters,
    /// digits, hyphens, underscores and dots, so no entry can end the directive and begin another.
    pub fn frame_sources(&self) -> Vec<String> {
        if self.is_empty() {
            return vec!["*".to_owned()];
        }
        self.entries.iter().flat_map(Entry::frame_sources).collect()
    }

    /// Whether any site is allowed.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty() && !self.is_unreadable
    }

    /// Whether this stands for a stored list that breaks the rules.
    pub fn is_unreadable(&self) -> bool {
        self.is_unreadable
    }

    /// The number of distinct entries.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether a page of this origin may use the widget. Once a list is set, a request that does not say
    /// where it comes from is refused: else leaving out the header would be the way around the list.
    pub fn allows(&self, origin: Option<&Origin>) -> bool {
        self.is_empty() || origin.is_some_and(|origin| self.entries.iter().any(|entry| entry.covers(origin)))
    }
}

/// Why a list was refused. The texts follow on "allowedDomains ".
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum AllowedDomainsError {
    /// Counted before repetitions are dropped.
    #[error("must not have more than {MAX_ENTRIES} entries")]
    TooMany,
    /// One entry is not acceptable, so none is.
    #[error("entry {entry} {fault}")]
    Entry {
        /// The entry as it was written.
        entry: EchoedEntry,
        /// What is wrong with it.
        fault: EntryFault,
    },
}

/// A refused entry, cut to 80 characters; `Display` quotes and escapes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EchoedEntry(String);

impl EchoedEntry {
    fn of(entry: &str) -> Self {
        Self(entry.chars().take(MAX_ECHOED_CHARS).collect())
    }

    /// The text without quotes and escapes.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EchoedEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}
