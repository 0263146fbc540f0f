//! How many connections the process can hold: a question of how many files it may open.

/// More than one process should carry; a second replica is the better answer.
const MOST: u64 = 10_000;

/// Files that are no visitors' connections: databases, logs, connections that are just being turned away.
const OTHER_FILES: u64 = 512;

/// A visitor's connection, and the one to a model that writes the answer.
const FILES_PER_CONNECTION: u64 = 2;

/// Below this, the limit of open files is likely an oversight.
const FEW: u64 = 1000;

/// Raises the process's limit of open files as far as it may, and says how many connections fit: what was configured, or
/// as many as there are files for. Warns where the two do not go together.
pub(crate) fn bound(configured: Option<usize>) -> usize {
    let files = raise_file_limit();
    let fitting = files.map_or(MOST, fitting);
    let most = configured.map_or(fitting, |most| most as u64);
    let is_low = most > fitting || (configured.is_none() && fitting < FEW);
    if let Some(files) = files.filter(|_| is_low) {
        tracing::warn!(
            files,
            max_connections = most,
            fitting,
            "the limit of open files is low: raise it (ulimit -n, LimitNOFILE) or set MAX_CONNECTIONS to what fits"
        );
    }
    usize::try_from(most).unwrap_or(usize::MAX)
}

/// How many connections fit into a limit of open files.
fn fitting(files: u64) -> u64 {
    (files.saturating_sub(OTHER_FILES) / FILES_PER_CONNECTION).clamp(1, MOST)
}

/// Raises the soft limit to the hard one, which needs no privilege, and gives what holds then. The soft one is kept low
/// for the sake of old programs that use `select`; this is none.
#[cfg(unix)]
fn raise_file_limit() -> Option<u64> {
    use nix::sys::resource::{Resource, getrlimit, setrlimit};
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).ok()?;
    // macOS names no hard limit and refuses to be taken at its word.
    let is_raised = soft < hard && setrlimit(Resource::RLIMIT_NOFILE, hard, hard).is_ok();
    Some(if is_raised { hard } else { soft })
}

#[cfg(not(unix))]
fn raise_file_limit() -> Option<u64> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_the_files_are_for_visitors() {
        assert_eq!(fitting(64), 1);
        assert_eq!(fitting(1024), 256);
        assert_eq!(fitting(20_000), 9744);
        assert_eq!(fitting(u64::MAX), MOST);
    }

    #[test]
    fn what_was_configured_holds() {
        assert_eq!(bound(Some(7)), 7);
        assert!(bound(None) <= 10_000);
    }
}
