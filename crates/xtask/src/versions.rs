//! Reads version numbers out of what programs print about themselves.

use std::path::Path;
use std::process::Command;

/// The first number in what `program --version` prints, such as 20 for `v20.1.0`; `None` if it cannot be run.
pub(crate) fn major_version(program: &Path) -> Option<u32> {
    let output = Command::new(program).arg("--version").output().ok()?;
    output.status.success().then(|| first_number(&String::from_utf8_lossy(&output.stdout)))?
}

fn first_number(text: &str) -> Option<u32> {
    let digits = text.trim_start_matches(|c: char| !c.is_ascii_digit());
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    digits[..end].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::first_number;

    #[test]
    fn the_major_version_is_the_first_number() {
        assert_eq!(first_number("v20.20.2\n"), Some(20));
        assert_eq!(first_number("initdb (PostgreSQL) 15.18 (Debian 15.18-0)"), Some(15));
        assert_eq!(first_number("Chromium 156.0.1"), Some(156));
        assert_eq!(first_number("none"), None);
    }
}
