//! A server with a data folder of its own, from `initdb` to the last file's removal.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use super::programs::{ProgramError, Programs};

/// Not the configured temporary folder: a socket's path has at most 107 bytes, and the unprivileged user must be
/// able to get there.
const PARENT: &str = "/tmp";
const PREFIX: &str = "chatloom-postgres-";
/// Held by the process that made the folder, so that others can tell whether it is still wanted.
const OWNER_LOCK: &str = "owner.lock";
/// Far longer than it takes from making a folder to locking it.
const LEAST_STALE_AGE: Duration = Duration::from_mins(1);
const USER: &str = "chatloom";

/// The data is thrown away anyway, so it is never forced to disk: that is most of the time of a small test.
const OPTIONS: &str = "-c listen_addresses= -c fsync=off -c synchronous_commit=off -c full_page_writes=off \
     -c max_connections=200 -c shared_buffers=32MB -c autovacuum=off -c log_min_messages=fatal";

/// Waits until its input ends, which it does when our process is gone, however it went; then stops the server and
/// removes its folder. A parent-death signal would not do: it comes when the spawning thread ends.
const WATCHDOG: &str = r#"read -r _; "$0" stop -s -m immediate -D "$1/data" 2>/dev/null; cd /; rm -rf "$1""#;

/// A PostgreSQL server that nobody else uses and that is gone with this handle, or with this process.
///
/// All methods block until the server has done what they say: about a second for [`ThrowawayPostgres::start`],
/// a tenth for the others.
#[derive(Debug)]
pub struct ThrowawayPostgres {
    programs: Programs,
    folder: PathBuf,
    watchdog: Child,
    _owner_lock: File,
}

impl ThrowawayPostgres {
    /// Makes a data folder and starts a server on it. Folders that crashed machines left behind are removed.
    pub fn start() -> Result<Self, ProgramError> {
        let programs = Programs::find()?;
        remove_stale_folders();
        let folder = tempfile::Builder::new()
            .prefix(PREFIX)
            .tempdir_in(PARENT)
            .map_err(ProgramError::io("make a folder for PostgreSQL"))?;
        let owner_lock = lock(folder.path()).map_err(ProgramError::io("lock PostgreSQL's folder"))?;
        programs.hand_over(folder.path())?;
        let server = Self::guard(programs, folder, owner_lock)?;
        server.initialize()?;
        server.start_again()?;
        Ok(server)
    }

    /// The URL of the server's maintenance database, `postgres`.
    pub fn url(&self) -> String {
        self.url_of("postgres")
    }

    /// The URL of a database of this server.
    pub fn url_of(&self, database: &str) -> String {
        format!("postgres:///{database}?host={}&user={USER}", self.folder.display())
    }

    /// Makes an empty database, in UTF-8 and the C locale as the server is.
    pub fn create_database(&self, name: &str) -> Result<(), ProgramError> {
        self.execute("postgres", &format!("CREATE DATABASE {name} TEMPLATE template0"))
    }

    /// Drops a database and cuts off whoever is still connected to it.
    pub fn drop_database(&self, name: &str) -> Result<(), ProgramError> {
        self.execute("postgres", &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
    }

    /// Runs a statement in a database, as the server's administrator.
    pub fn execute(&self, database: &str, statement: &str) -> Result<(), ProgramError> {
        let url = self.url_of(database);
        self.programs.run("psql", &self.folder, &["-X", "-q", "-d", &url, "-c", statement])
    }

    /// Stops the server as an operator would: sessions are told and cut off, the data is left clean.
    pub fn stop_fast(&self) -> Result<(), ProgramError> {
        self.pg_ctl(&["stop", "-m", "fast"])
    }

    /// Stops the server as a crash would: it recovers from its log at the next start.
    pub fn stop_immediate(&self) -> Result<(), ProgramError> {
        self.pg_ctl(&["stop", "-m", "immediate"])
    }

    /// Starts a stopped server on the same data under the same URLs, and waits until it takes connections.
    pub fn start_again(&self) -> Result<(), ProgramError> {
        let options = format!("-k {} {OPTIONS}", self.folder.display());
        let log = self.folder.join("server.log");
        self.pg_ctl(&["start", "-o", &options, "-l", &log.to_string_lossy()])
    }

    /// Starts the watchdog before the server, so that there is no moment in which a server could be left behind.
    fn guard(programs: Programs, folder: TempDir, owner_lock: File) -> Result<Self, ProgramError> {
        let watchdog = programs
            .command("/bin/sh", folder.path())
            .args(["-c", WATCHDOG])
            .arg(programs.path("pg_ctl"))
            .arg(folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(ProgramError::io("start PostgreSQL's watchdog"))?;
        Ok(Self { programs, folder: folder.keep(), watchdog, _owner_lock: owner_lock })
    }

    fn initialize(&self) -> Result<(), ProgramError> {
        let data = self.data();
        let options = ["-D", &data, "-U", USER, "--auth=trust", "--no-sync", "--no-locale", "-E", "UTF8"];
        self.programs.run("initdb", &self.folder, &options)
    }

    fn pg_ctl(&self, arguments: &[&str]) -> Result<(), ProgramError> {
        let data = self.data();
        self.programs.run("pg_ctl", &self.folder, &[arguments, &["-D", &data, "-w", "-s"]].concat())
    }

    fn data(&self) -> String {
        self.folder.join("data").to_string_lossy().into_owned()
    }
}

impl Drop for ThrowawayPostgres {
    fn drop(&mut self) {
        // Waiting closes the watchdog's input first, which is its sign to clean up.
        let _ = self.watchdog.wait();
    }
}

fn lock(folder: &Path) -> std::io::Result<File> {
    let file = File::create_new(folder.join(OWNER_LOCK))?;
    file.lock()?;
    Ok(file)
}

/// Removes what is left when a watchdog was killed too. A server that should still run on such a folder stops by
/// itself when it misses its lock file there, which it looks for once a minute.
fn remove_stale_folders() {
    let entries = fs::read_dir(PARENT).into_iter().flatten().flatten();
    for entry in entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(PREFIX)) {
        if is_stale(&entry.path()) {
            // Another process may be removing it at the same time.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

fn is_stale(folder: &Path) -> bool {
    let Ok(file) = File::open(folder.join(OWNER_LOCK)) else {
        return false;
    };
    let age = file.metadata().and_then(|metadata| metadata.modified()).map(|time| time.elapsed());
    let is_old = matches!(age, Ok(Ok(age)) if age >= LEAST_STALE_AGE);
    is_old && file.try_lock().is_ok()
}
