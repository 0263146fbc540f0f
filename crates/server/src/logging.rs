//! Log lines on standard error: readable or JSON, coloured only for a person's eyes.
//!
//! Whatever a line is about, it is one line: control characters are escaped in both forms, so nobody can write a line of
//! their own into the log or move the cursor of whoever reads it.

use std::fmt::{self, Debug, Write as _};
use std::io::{self, IsTerminal, stderr};

use thiserror::Error;
use tracing::{Level, Metadata, Subscriber};
use tracing_subscriber::field::MakeExt as _;
use tracing_subscriber::filter::{EnvFilter, FilterExt as _, filter_fn};
use tracing_subscriber::fmt::format::{Writer, debug_fn};
use tracing_subscriber::fmt::{self as lines, MakeWriter};
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::util::{SubscriberInitExt as _, TryInitError};
use tracing_subscriber::{Registry, registry};

use crate::config::{Config, LogFormat};

/// Why there are no log lines.
#[derive(Debug, Error)]
pub enum LoggingError {
    /// The filter is none. `Config` checks it, so this is a `Config` that was built by hand.
    #[error("the log filter is not valid")]
    Filter(#[source] tracing_subscriber::filter::ParseError),
    /// The process has a subscriber already.
    #[error("log lines go elsewhere already")]
    Taken(#[source] TryInitError),
}

/// Sends the whole process's log lines to standard error.
pub fn start(config: &Config) -> Result<(), LoggingError> {
    let filter = EnvFilter::try_new(&config.log_filter).map_err(LoggingError::Filter)?;
    let colour = stderr().is_terminal();
    subscriber(filter, config.log_format, colour, stderr).try_init().map_err(LoggingError::Taken)
}

fn subscriber<W>(
    filter: EnvFilter,
    format: LogFormat,
    colour: bool,
    writer: W,
) -> impl Subscriber + Send + Sync
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let lines = lines::layer::<Registry>();
    let lines = match format {
        LogFormat::Text => {
            let fields = debug_fn(one_line).delimited(" ");
            lines.with_writer(writer).with_ansi(colour).fmt_fields(fields).boxed()
        }
        LogFormat::Json => lines.with_writer(JsonLines(writer)).json().flatten_event(true).boxed(),
    };
    registry().with(lines.with_filter(filter.and(filter_fn(is_discreet))))
}

/// Whether a line may be written at all, whatever `LOG` asks for. Our own crates keep to what a log may hold. Libraries do
/// not know what that is: at `debug` and `trace` they print headers, addresses and the parameters of statements.
/// `actix_http` reports each request that is none as an error, which would let anybody fill the log.
fn is_discreet(line: &Metadata<'_>) -> bool {
    let target = line.target();
    let is_ours = target.starts_with("chatloom");
    is_ours || (*line.level() <= Level::INFO && !target.starts_with("actix_http"))
}

/// A field of a readable line, `message` without its name.
fn one_line(writer: &mut Writer<'_>, field: &tracing::field::Field, value: &dyn Debug) -> fmt::Result {
    if field.name() != "message" {
        write!(writer, "{}=", field.name())?;
    }
    write!(OneLine(writer), "{value:?}")
}

/// Escapes what would end the line, or do anything but be read.
struct OneLine<'w, W>(&'w mut W);

impl<W: fmt::Write> fmt::Write for OneLine<'_, W> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        text.chars().try_for_each(|character| {
            if is_active(character) {
                write!(self.0, "{}", character.escape_default())
            } else {
                self.0.write_char(character)
            }
        })
    }
}

/// Whether a character does something instead of being read.
fn is_active(character: char) -> bool {
    character.is_control() || matches!(character, '\u{2028}' | '\u{2029}')
}

/// Escapes what JSON lets stand in a text (RFC 8259 section 7) and a terminal may act on all the same.
struct JsonLines<M>(M);

impl<'a, M: MakeWriter<'a>> MakeWriter<'a> for JsonLines<M> {
    type Writer = JsonLines<M::Writer>;

    fn make_writer(&'a self) -> Self::Writer {
        JsonLines(self.0.make_writer())
    }
}

impl<W: io::Write> io::Write for JsonLines<W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        // What is below comes escaped, but for the line's own end.
        let is_left = |character: &char| *character > '~' && is_active(*character);
        let text = String::from_utf8_lossy(line);
        if text.chars().any(|character| is_left(&character)) {
            let escaped = text.chars().map(|character| {
                let code = u32::from(character);
                if is_left(&character) { format!("\\u{code:04x}") } else { character.to_string() }
            });
            self.0.write_all(escaped.collect::<String>().as_bytes())?;
        } else {
            self.0.write_all(line)?;
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    /// Collects what is written.
    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Log {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// What is in the log after `write`, with this filter.
    fn logged(filter: &str, format: LogFormat, write: impl FnOnce()) -> String {
        let log = Log::default();
        let writer = log.clone();
        let filter = EnvFilter::try_new(filter).unwrap();
        let subscriber = subscriber(filter, format, false, move || writer.clone());
        tracing::subscriber::with_default(subscriber, write);
        let bytes = log.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    const HOSTILE: &str = "a\u{1b}[31m\r\n2026-01-01T00:00:00Z ERROR b\u{9b}2J\u{2028}{\"c\":1}%n\0\u{7f}";

    #[test]
    fn a_hostile_text_stays_within_its_line_in_both_forms() {
        let write =
            || tracing::info!(target: "chatloom_test", shown = %HOSTILE, debugged = ?HOSTILE, "{HOSTILE}");
        let text = logged("info", LogFormat::Text, write);
        assert_eq!(text.lines().count(), 1, "{text}");
        assert!(!text.trim_end_matches('\n').contains(is_active), "{text:?}");
        assert!(text.contains(r"chatloom_test: a\u{1b}[31m\r\n2026"), "{text}");
        let json = logged("info", LogFormat::Json, write);
        assert_eq!(json.lines().count(), 1, "{json}");
        assert!(!json.trim_end_matches('\n').contains(is_active), "{json:?}");
        assert!(
            json.contains(r#""shown":"a\u001b[31m\r\n2026-01-01T00:00:00Z ERROR b\u009b2J\u2028{"#),
            "{json}"
        );
    }

    #[test]
    fn a_readable_line_looks_as_ever() {
        let text = logged("info", LogFormat::Text, || {
            tracing::info!(target: "chatloom_test", number = 7, text = "two words", shown = %"bare", "it happened");
        });
        let (_, line) = text.split_once(' ').unwrap();
        assert_eq!(line, " INFO chatloom_test: it happened number=7 text=\"two words\" shown=bare\n");
    }

    #[test]
    fn libraries_are_not_louder_than_info_whatever_is_asked_for() {
        let text = logged("trace,actix_http::h1=trace", LogFormat::Text, || {
            tracing::debug!(target: "tokio_postgres", "parameters");
            tracing::trace!(target: "actix_http::h1", "header");
            tracing::error!(target: "actix_http::h1", "stream error");
            tracing::info!(target: "actix_server", "a library's news");
            tracing::trace!(target: "chatloom_app", "our own");
        });
        let said: Vec<_> = text.lines().map(|line| line.split_once(": ").unwrap().1).collect();
        assert_eq!(said, ["a library's news", "our own"]);
    }
}
