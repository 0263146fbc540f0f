//! Everything in the domain that reads untrusted input, tried with tables of known tricks and with generated
//! input.

mod allowed_domains;
mod colors;
mod css;
mod customization;
mod frame_sources;
mod origins;
mod solutions;
mod strings;
mod tokens;

use proptest::test_runner::Config;

/// Few enough cases that the whole suite takes seconds, and no files of failures beside the sources: a
/// failure that is found becomes a row of a table.
fn config() -> Config {
    Config { cases: 256, failure_persistence: None, ..Config::default() }
}
