//! SQL comes from the typed layer, or is a text that stands in the source as it is sent: nothing is put into it.

use crate::hold;
use crate::sources::{Source, sources};

/// What takes SQL as text.
const DOORS: &[&str] = &[
    "sql_query(",
    "batch_execute(",
    "simple_query(",
    "dsl::sql(",
    "sql::<Integer>(",
    "sql::<BigInt>(",
    ".sql(",
    "push_sql(",
];

/// What goes through a door without standing there, and why it is one of our own texts all the same.
const NAMED: &[(&str, &str, &str)] = &[
    ("budgets.rs", "condition)", "`&'static str`"),
    ("budgets.rs", "separator)", "`&'static str`"),
    ("usage.rs", "sum)", "a closure that is called with literals a few lines below"),
    ("database.rs", "more_settings)", "`&'static str`"),
    ("insert_many.rs", "if index == 0", "either of two literals"),
    ("insert_many.rs", "std::mem::replace(&mut separator", "a literal, then another one"),
    ("replay.rs", "std::mem::replace(&mut before", "a literal, then another one"),
    ("teller.rs", "notification(change))", "`&'static str` by kind of change"),
];

/// Words that SQL begins with.
const VERBS: &[&str] = &[
    "SELECT ", "INSERT ", "UPDATE ", "DELETE ", "CREATE ", "ALTER ", "DROP ", "SET ", "NOTIFY ", "PRAGMA ",
    "WITH ",
];

/// What makes a text of parts.
const MAKERS: &[&str] = &["format!(", "write!(", "writeln!(", "format_args!(", "push_str("];

#[test]
fn x04_no_sql_is_put_together_from_parts() {
    let mut broken = Vec::new();
    for source in sources().iter().filter(|source| is_service(source)) {
        let name = source.path.display();
        let code = without_tests(&source.text);
        for (line, argument) in uses(code, DOORS) {
            if !is_fixed(argument) && !is_named(source, argument) {
                broken.push(format!("{name}:{line}: {argument:.40}"));
            }
        }
        for (line, argument) in uses(code, MAKERS) {
            let text = argument.trim_start_matches(|c: char| !c.is_ascii_alphabetic());
            if VERBS.iter().any(|verb| text.starts_with(verb)) {
                broken.push(format!("{name}:{line}: {text:.40}"));
            }
        }
    }
    hold("Use the typed layer, or bind parameters to a text that is a literal:", &broken);
}

#[test]
fn formatted_sql_is_found_and_fixed_sql_is_not() {
    let found = |code: &str| uses(code, DOORS).any(|(_, argument)| !is_fixed(argument));
    assert!(found("sql_query(format!(\"SELECT {id}\"))"));
    assert!(found("conn.batch_execute(&text)"));
    assert!(!found("sql_query(\"SELECT 1\")"));
    assert!(!found("conn.batch_execute(\n    LIMITS,\n)"));
}

/// The crates of which the service is made. Tests and tools talk to databases of their own.
fn is_service(source: &Source) -> bool {
    let path = source.path.to_string_lossy();
    let tools = ["crates/testkit", "crates/checker", "crates/bench", "crates/xtask"];
    path.contains("/src/") && !tools.iter().any(|tool| path.starts_with(tool))
}

fn without_tests(text: &str) -> &str {
    text.split("#[cfg(test)]").next().unwrap_or(text)
}

/// The line of each use, and what follows the parenthesis.
fn uses<'a>(code: &'a str, words: &'a [&'a str]) -> impl Iterator<Item = (usize, &'a str)> {
    words.iter().flat_map(move |word| {
        code.match_indices(word).map(move |(at, _)| {
            let line = code[..at].matches('\n').count() + 1;
            (line, code[at + word.len()..].trim_start())
        })
    })
}

/// Whether it is a literal, or a constant, which this test finds under its own name if it were made of parts.
fn is_fixed(argument: &str) -> bool {
    let name = argument.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap_or_default();
    let is_constant =
        !name.is_empty() && name.chars().all(|c| c.is_ascii_uppercase() || c == '_' || c.is_ascii_digit());
    argument.starts_with('"') || is_constant
}

fn is_named(source: &Source, argument: &str) -> bool {
    NAMED.iter().any(|(file, text, _)| source.path.ends_with(file) && argument.starts_with(text))
}
