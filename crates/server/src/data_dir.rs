//! The data folder of the embedded default: the database and the secret that the service makes for itself.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use chatloom_ports::environment::Entropy;
use thiserror::Error;

use crate::config::JwtSecret;

/// The secret's file.
const SECRET_FILE: &str = "jwt-secret";

/// Why the data folder cannot be used. Both variants name the setting, since its folder is what to look at.
#[derive(Debug, Error)]
pub enum DataDirError {
    /// The folder or a file in it cannot be made or read.
    #[error("DATA_DIR: cannot use {}", path.display())]
    Io {
        /// The folder or file.
        path: PathBuf,
        /// The system's reason.
        #[source]
        source: io::Error,
    },
    /// The kept secret was changed or cut short.
    #[error(
        "DATA_DIR: {} is damaged; restore it from a backup, or delete it: then everybody is signed out, and embed \
         codes can be shown again only after their tokens are regenerated",
        path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
    },
}

/// Makes the folder, for its owner only, unless it is there.
pub(crate) fn create(folder: &Path) -> Result<(), DataDirError> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(|source| DataDirError::Io { path: folder.to_owned(), source })
}

/// The installation's own secret: the kept one, or a new one from now on.
pub(crate) fn keep_secret(folder: &Path, entropy: &dyn Entropy) -> Result<JwtSecret, DataDirError> {
    let path = folder.join(SECRET_FILE);
    let io = |source| DataDirError::Io { path: path.clone(), source };
    if !path.try_exists().map_err(io)? {
        // Process ids are no names for drafts: two containers on one volume can have the same.
        let draft = folder.join(format!("{SECRET_FILE}.{}", hexadecimal(&entropy.secret()[..8])));
        write_for_owner(&draft, &path, &hexadecimal(&entropy.secret())).map_err(io)?;
    }
    // Read back even if just written: of two processes that start at once, one wrote in vain.
    let text = fs::read_to_string(&path).map_err(io)?;
    JwtSecret::parse(text.trim()).map_err(|_| DataDirError::Damaged { path: path.clone() })
}

/// Writes a whole file or none, and never over one that is there: a crash must not leave half a secret, and another
/// process that starts at the same time may already be using its own.
fn write_for_owner(draft: &Path, path: &Path, text: &str) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(draft)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    // Unlike a rename, a link fails where there is a file already.
    match fs::hard_link(draft, path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            // A file system without links; there, two first starts at once are the operator's to avoid.
            fs::rename(draft, path)
        }
        _ => fs::remove_file(draft),
    }
}

/// 32 random bytes as text. Also makes the password that is printed once, which is why it is not private.
pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a `String` cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environment::OsEntropy;

    #[test]
    fn the_secret_is_made_once_and_kept_for_its_owner_only() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("deep/data");
        create(&folder).unwrap();
        let first = keep_secret(&folder, &OsEntropy::new()).unwrap();
        let second = keep_secret(&folder, &OsEntropy::new()).unwrap();
        assert_eq!(first.expose(), second.expose());
        assert_eq!(first.expose().len(), 64);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
            assert_eq!(mode(&folder), 0o700);
            assert_eq!(mode(&folder.join(SECRET_FILE)), 0o600);
        }
    }

    #[test]
    fn a_secret_that_another_process_has_just_written_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(SECRET_FILE);
        for text in ["first", "second"] {
            write_for_owner(&folder.path().join("draft"), &path, text).unwrap();
        }
        assert_eq!(fs::read_to_string(&path).unwrap(), "first");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "the draft is gone");
    }

    #[test]
    fn a_damaged_secret_is_an_error_that_names_the_file() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(SECRET_FILE), "0123").unwrap();
        let Err(error) = keep_secret(folder.path(), &OsEntropy::new()) else {
            panic!("a short secret was taken")
        };
        assert!(error.to_string().starts_with("DATA_DIR: "), "{error}");
        assert!(error.to_string().contains(SECRET_FILE), "{error}");
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_an_error() {
        let parent = tempfile::tempdir().unwrap();
        let file = parent.path().join("file");
        fs::write(&file, "").unwrap();
        assert!(matches!(create(&file.join("data")), Err(DataDirError::Io { .. })));
    }
}
