//! Runs the scripts of the web crate that need a browser: its tests, and the taking of pictures.

use std::path::Path;
use std::process::Command;

use crate::steps::Steps;
use crate::tools::Tools;

/// Installs what the tests import, checks the types of the widget's sources, and runs the tests in a real browser
/// against the server's binary.
pub(crate) fn run(steps: &mut Steps, tools: &Tools, web: &Path, server: &Path) {
    let npm = |arguments: &[&str]| npm(tools, web, server, arguments);
    if steps.run("npm packages", npm(&["ci", "--no-audit", "--no-fund"])) {
        steps.run("widget types", npm(&["run", "check"]));
        steps.run("browser tests", npm(&["test"]));
    }
}

/// Takes the pictures of `docs/images` from the server's binary.
pub(crate) fn take_pictures(steps: &mut Steps, tools: &Tools, web: &Path, server: &Path) {
    let npm = |arguments: &[&str]| npm(tools, web, server, arguments);
    if steps.run("npm packages", npm(&["ci", "--no-audit", "--no-fund"])) {
        steps.run("pictures", npm(&["run", "pictures"]));
    }
}

/// npm in the web crate's folder, whose scripts are told where the server and the browser are.
fn npm(tools: &Tools, web: &Path, server: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(&tools.npm);
    command.args(arguments).current_dir(web);
    command.env("CHATLOOM_BIN", server).env("CHROMIUM_BIN", &tools.chromium);
    command.env("PATH", with_node_first(&tools.node));
    command
}

/// PATH with the folder of our Node.js before all others, so that npm's scripts run with it.
fn with_node_first(node: &Path) -> std::ffi::OsString {
    #[expect(
        clippy::disallowed_methods,
        reason = "PATH says where programs are; it is no setting of the service"
    )]
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = node.parent().map(Path::to_owned).into_iter().chain(std::env::split_paths(&path));
    std::env::join_paths(folders).unwrap_or(path.clone())
}
