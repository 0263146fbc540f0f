//! Installs packages where there is apt-get and we may use it.

use std::path::Path;
use std::process::Command;

use crate::steps::spelled;
use crate::tools::find_in_path;

/// Installs the packages, saying so; the error says what to install by hand.
pub(crate) fn install(packages: &[&str]) -> Result<(), String> {
    let wanted = packages.join(" ");
    let Some(apt_get) = find_in_path("apt-get") else {
        return Err(format!("there is no apt-get here; please install the equivalents of: {wanted}"));
    };
    println!("xtask: installing {wanted}");
    // A fresh container has no package lists, and old lists name versions that are gone.
    run(&apt_get, &["update", "--quiet"], &wanted)?;
    let options = ["install", "--yes", "--quiet", "--no-install-recommends"];
    run(&apt_get, &[&options[..], packages].concat(), &wanted)
}

fn run(apt_get: &Path, arguments: &[&str], wanted: &str) -> Result<(), String> {
    let mut command = as_root(apt_get);
    command.args(arguments);
    let shown = spelled(&command);
    println!("xtask: {shown}");
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("`{shown}` failed ({status}); please install: {wanted}")),
        Err(error) => Err(format!("`{shown}` could not be started ({error}); please install: {wanted}")),
    }
}

/// `apt-get` itself for root, else through sudo, which must not ask for a password: nobody may be watching.
fn as_root(apt_get: &Path) -> Command {
    if is_root() {
        let mut command = Command::new(apt_get);
        command.env("DEBIAN_FRONTEND", "noninteractive");
        command
    } else {
        let mut command = Command::new("sudo");
        command.args(["--non-interactive", "env", "DEBIAN_FRONTEND=noninteractive"]).arg(apt_get);
        command
    }
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output();
    id.is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}
