//! Tasks of this repository that take more than one cargo command; `cargo xtask` lists them.
//!
//! Standard library only, so that the first run on a bare machine compiles nothing else.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command-line tool talks to whoever started it"
)]

mod apt;
mod browser;
mod deny;
mod steps;
mod tools;
mod versions;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use steps::Steps;

const USAGE: &str = "\
Usage: cargo xtask <task>

  test      find or install what the tests need (PostgreSQL, Node.js, Chromium), then run all tests
  pictures  take the pictures of docs/images from a running server, with fonts for all languages
  deny      hold the dependencies against deny.toml with cargo-deny, which is built if there is none
  ci        check the format, run the linter, then do what `deny` and `test` do
";

fn main() -> ExitCode {
    let mut words = std::env::args().skip(1);
    let outcome = match (words.next().as_deref(), words.next()) {
        (Some("test"), None) => test(),
        (Some("pictures"), None) => pictures(),
        (Some("deny"), None) => deny(),
        (Some("ci"), None) => ci(),
        (None | Some("help" | "--help" | "-h"), None) => {
            print!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        _ => {
            eprint!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(steps) => steps.report(),
        Err(problem) => {
            eprintln!("xtask: {problem}");
            ExitCode::FAILURE
        }
    }
}

fn ci() -> Result<Steps, String> {
    let mut steps = Steps::default();
    steps.run("format", cargo(&["fmt", "--all", "--check"]));
    let lint = ["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"];
    steps.run("lint", cargo(&lint));
    deny::run(&mut steps, &target_dir()?)?;
    run_tests(&mut steps)?;
    Ok(steps)
}

fn deny() -> Result<Steps, String> {
    let mut steps = Steps::default();
    deny::run(&mut steps, &target_dir()?)?;
    Ok(steps)
}

fn test() -> Result<Steps, String> {
    let mut steps = Steps::default();
    run_tests(&mut steps)?;
    Ok(steps)
}

fn pictures() -> Result<Steps, String> {
    let tools = tools::find_or_install_for_pictures(&target_dir()?)?;
    let mut steps = Steps::default();
    if steps.run("server", cargo(&["build", "--locked", "--package", "chatloom-server"])) {
        browser::take_pictures(&mut steps, &tools, &workspace().join("crates/web"), &server()?);
    }
    Ok(steps)
}

fn run_tests(steps: &mut Steps) -> Result<(), String> {
    let tools = tools::find_or_install(&target_dir()?)?;
    // This also builds the server's binary, which the browser tests start.
    steps.run("Rust tests", cargo(&["test", "--workspace", "--locked", "--no-fail-fast"]));
    browser::run(steps, &tools, &workspace().join("crates/web"), &server()?);
    Ok(())
}

/// The server's binary, as the last step built it.
fn server() -> Result<PathBuf, String> {
    Ok(target_dir()?.join("debug").join(format!("chatloom{}", std::env::consts::EXE_SUFFIX)))
}

/// A cargo command in the workspace's root, with the cargo that started us.
fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(option_env!("CARGO").unwrap_or("cargo"));
    command.args(arguments).current_dir(workspace());
    command
}

fn workspace() -> &'static Path {
    // The manifest's folder is `crates/xtask`; two ancestors always exist.
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.ancestors().nth(2).unwrap_or(manifest)
}

/// The folder that cargo builds into. Our own binary lies in `<target>/debug`, wherever cargo's settings put it.
fn target_dir() -> Result<PathBuf, String> {
    let own =
        std::env::current_exe().map_err(|error| format!("cannot tell where this program lies: {error}"))?;
    let folder = own.ancestors().nth(2).ok_or("this program does not lie in a target folder")?;
    Ok(folder.to_owned())
}
