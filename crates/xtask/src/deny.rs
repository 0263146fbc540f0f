//! Holds the dependencies against `deny.toml` with cargo-deny, and makes sure that the policy bites.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::steps::Steps;
use crate::tools::find_in_path;
use crate::{cargo, workspace};

/// The version that is installed where there is none; building it takes two to three minutes.
const VERSION: &str = "0.19.4";

/// What must never come back: a version below a floor of `deny.toml`, and the floor itself, which is allowed.
const BANNED: (&str, &str) = ("jsonwebtoken", "10.2.0");
const FLOOR: (&str, &str) = ("jsonwebtoken", "10.3.0");

/// Checks licences, bans and sources of everything in the lock file, then whether a banned version would be noticed, then
/// the advisories, as far as their database can be had.
pub(crate) fn run(steps: &mut Steps, target: &Path) -> Result<(), String> {
    let program = find_or_install(steps, target)?;
    let deny = |manifest: &Path, words: &[&str]| {
        let mut command = Command::new(&program);
        command.current_dir(workspace()).args(["--log-level", "error", "--manifest-path"]).arg(manifest);
        command.args(words);
        command
    };
    let own = workspace().join("Cargo.toml");
    // Licences are read in the sources, also in those that are built on other systems only.
    steps.run("all sources", cargo(&["fetch", "--locked"]));
    let offline = ["--offline", "check", "--hide-inclusion-graph", "bans", "licenses", "sources"];
    steps.run("dependencies", deny(&own, &offline));

    let policy = workspace().join("deny.toml");
    let policy = policy.to_string_lossy();
    let bans = ["--offline", "check", "--config", &policy, "bans"];
    steps.must_fail("banned version", deny(&depend_on(target, BANNED)?, &bans), "is explicitly banned");
    steps.run("version at floor", deny(&depend_on(target, FLOOR)?, &bans));

    // The database comes from another place than the crates do, which not every machine can reach.
    if deny(&own, &["fetch", "db"]).output().is_ok_and(|output| output.status.success()) {
        steps.run("advisories", deny(&own, &["check", "--disable-fetch", "advisories"]));
    } else {
        steps.leave_out("advisories", "the advisory database cannot be fetched from here");
    }
    Ok(())
}

/// The system's cargo-deny, or one in the target folder, which is built once.
fn find_or_install(steps: &mut Steps, target: &Path) -> Result<PathBuf, String> {
    let name = format!("cargo-deny{}", std::env::consts::EXE_SUFFIX);
    let folder = target.join("xtask");
    let own = folder.join("bin").join(&name);
    if let Some(found) = find_in_path(&name).or_else(|| own.is_file().then(|| own.clone())) {
        return Ok(found);
    }
    let mut install = cargo(&["install", "cargo-deny", "--locked", "--version", VERSION, "--root"]);
    install.arg(&folder);
    if steps.run("cargo-deny", install) {
        Ok(own)
    } else {
        Err(format!("could not build cargo-deny; please install version {VERSION}"))
    }
}

/// The manifest of a package that depends on a crate of this name and version. The crate is an empty one of ours, so
/// nothing has to be fetched; the policy knows it by its name and version alone.
fn depend_on(target: &Path, (name, version): (&str, &str)) -> Result<PathBuf, String> {
    let folder = target.join("xtask/policy").join(format!("{name}-{version}"));
    let package = |name: &str, version: &str, rest: &str| {
        let about = "edition = \"2024\"\nlicense = \"MIT\"\npublish = false";
        format!(
            "[package]\nname = \"{name}\"\nversion = \"{version}\"\n{about}\n\n[lib]\npath = \"lib.rs\"\n{rest}"
        )
    };
    let dependency = format!(
        "\n[dependencies]\n{name} = {{ path = \"../dependency\", version = \"={version}\" }}\n\n[workspace]\n"
    );
    let files = [
        ("dependency/Cargo.toml", package(name, version, "")),
        ("dependency/lib.rs", String::new()),
        ("user/Cargo.toml", package("user", "0.0.0", &dependency)),
        ("user/lib.rs", String::new()),
    ];
    for (path, text) in files {
        let path = folder.join(path);
        let parent = path.parent().unwrap_or(&folder);
        std::fs::create_dir_all(parent)
            .and_then(|()| std::fs::write(&path, text))
            .map_err(|error| format!("cannot write {}: {error}", path.display()))?;
    }
    Ok(folder.join("user/Cargo.toml"))
}
