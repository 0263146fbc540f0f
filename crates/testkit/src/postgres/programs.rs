//! Finding and running PostgreSQL's own programs.

use std::fs;
use std::io;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use nix::unistd::{Gid, Uid, User, geteuid};
use thiserror::Error;

/// Where Debian keeps the programs of each major version, outside of `PATH`.
const DEBIAN_VERSIONS: &str = "/usr/lib/postgresql";

/// Why a program of PostgreSQL could not do its work.
#[derive(Debug, Error)]
pub enum ProgramError {
    /// No server is installed.
    #[error(
        "no PostgreSQL server was found: neither pg_config nor PATH nor {DEBIAN_VERSIONS} leads to initdb; \
         install one (on Debian and Ubuntu: apt-get install postgresql)"
    )]
    NotInstalled,
    /// A program or a file operation could not be started.
    #[error("could not {what}")]
    Io {
        /// What was tried.
        what: &'static str,
        /// The reason.
        #[source]
        source: io::Error,
    },
    /// A program ran and failed.
    #[error("{program} failed: {output}")]
    Failed {
        /// The program's name.
        program: &'static str,
        /// What it said.
        output: String,
    },
}

impl ProgramError {
    /// For `map_err` of file operations.
    pub(super) fn io(what: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { what, source }
    }
}

/// The programs of one installed version, and the user who may run them.
#[derive(Debug, Clone)]
pub(super) struct Programs {
    folder: PathBuf,
    /// Who runs them if we are root, because PostgreSQL refuses to run as root.
    user: Option<(Uid, Gid)>,
}

impl Programs {
    /// Looks where `pg_config` points, then along `PATH`, then at Debian's versions, newest first.
    pub(super) fn find() -> Result<Self, ProgramError> {
        let candidates = [
            said("pg_config", &["--bindir"]).map(PathBuf::from),
            said("sh", &["-c", "command -v initdb"]).and_then(|path| Some(Path::new(&path).parent()?.into())),
        ];
        let folder = candidates
            .into_iter()
            .flatten()
            .chain(debian_folders())
            // `pg_config` also comes with the client's headers, without a server.
            .find(|folder| folder.join("initdb").is_file() && folder.join("pg_ctl").is_file())
            .ok_or(ProgramError::NotInstalled)?;
        Ok(Self { folder, user: unprivileged_user()? })
    }

    /// Gives a file or folder to the user who runs the programs.
    pub(super) fn hand_over(&self, path: &Path) -> Result<(), ProgramError> {
        let Some((uid, gid)) = self.user else {
            return Ok(());
        };
        chown(path, Some(uid.as_raw()), Some(gid.as_raw())).map_err(ProgramError::io("give a folder away"))
    }

    /// Where a program is.
    pub(super) fn path(&self, program: &str) -> PathBuf {
        self.folder.join(program)
    }

    /// A command that runs as the right user in `folder`, out of reach of the terminal's Ctrl-C.
    pub(super) fn command(&self, program: impl AsRef<Path>, folder: &Path) -> Command {
        let mut command = Command::new(self.folder.join(program));
        command.current_dir(folder).process_group(0).stdin(Stdio::null());
        if let Some((uid, gid)) = self.user {
            command.uid(uid.as_raw()).gid(gid.as_raw());
        }
        command
    }

    /// Runs a program to its end.
    pub(super) fn run(
        &self,
        program: &'static str,
        folder: &Path,
        arguments: &[&str],
    ) -> Result<(), ProgramError> {
        let output = self
            .command(program, folder)
            .args(arguments)
            .output()
            .map_err(ProgramError::io("start a program of PostgreSQL"))?;
        if output.status.success() {
            return Ok(());
        }
        let said = [output.stdout, output.stderr].concat();
        Err(ProgramError::Failed { program, output: String::from_utf8_lossy(&said).trim().to_owned() })
    }
}

/// What a program prints, if it is there and succeeds.
fn said(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}

/// `/usr/lib/postgresql/<version>/bin`, the highest version first.
fn debian_folders() -> Vec<PathBuf> {
    let entries = fs::read_dir(DEBIAN_VERSIONS).into_iter().flatten().flatten();
    let mut versions: Vec<(u32, PathBuf)> = entries
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .collect();
    versions.sort_unstable_by(|a, b| b.cmp(a));
    versions.into_iter().map(|(_, folder)| folder).collect()
}

fn unprivileged_user() -> Result<Option<(Uid, Gid)>, ProgramError> {
    if !geteuid().is_root() {
        return Ok(None);
    }
    let nobody =
        User::from_name("nobody").map_err(|errno| ProgramError::io("look up nobody")(errno.into()))?;
    // The number is nobody's wherever the name is missing, as in images without a user database.
    Ok(Some(nobody.map_or((Uid::from_raw(65_534), Gid::from_raw(65_534)), |user| (user.uid, user.gid))))
}
