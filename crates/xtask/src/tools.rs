//! Finds the programs that the tests start, and installs those that are missing.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::apt;
use crate::versions::major_version;

/// The oldest Node.js whose test runner and browser driver the browser tests work with.
const NODE_MAJOR: u32 = 20;

/// Where the programs are that the browser tests need. PostgreSQL's are found again by the tests themselves.
pub(crate) struct Tools {
    /// Node.js, at least version 20.
    pub(crate) node: PathBuf,
    /// The package manager of Node.js.
    pub(crate) npm: PathBuf,
    /// A browser of the Chromium family.
    pub(crate) chromium: PathBuf,
}

/// Fonts that pictures of the widget need, and their Debian packages: without them, languages and emoji are boxes.
const PICTURE_FONTS: [(&str, &str); 3] = [
    ("Noto Sans", "fonts-noto-core"),
    ("Noto Sans CJK JP", "fonts-noto-cjk"),
    ("Noto Color Emoji", "fonts-noto-color-emoji"),
];

/// Finds everything that the tests need, or installs what is missing and looks again.
pub(crate) fn find_or_install(target: &Path) -> Result<Tools, String> {
    let mut missing = missing_for_browser(target);
    if find_initdb().is_none() {
        missing.push("postgresql");
    }
    install(&missing)?;
    let tools = find(target)?;
    let initdb = find_initdb().ok_or("there is still no PostgreSQL server")?;
    println!("xtask: PostgreSQL: {}", initdb.display());
    Ok(tools)
}

/// Finds everything that taking pictures needs, or installs what is missing and looks again.
pub(crate) fn find_or_install_for_pictures(target: &Path) -> Result<Tools, String> {
    let mut missing = missing_for_browser(target);
    missing.extend(PICTURE_FONTS.iter().filter(|(font, _)| !has_font(font)).map(|(_, package)| *package));
    install(&missing)?;
    find(target)
}

fn install(packages: &[&str]) -> Result<(), String> {
    if packages.is_empty() { Ok(()) } else { apt::install(packages) }
}

fn find(target: &Path) -> Result<Tools, String> {
    let npm = find_in_path("npm").ok_or("there is still no npm in PATH")?;
    let tools = Tools {
        node: find_node(target).map_or_else(|| install_node(target, &npm), Ok)?,
        npm,
        chromium: find_chromium().ok_or("there is still no Chromium in PATH")?,
    };
    println!("xtask: Node.js:    {}", tools.node.display());
    println!("xtask: Chromium:   {}", tools.chromium.display());
    Ok(tools)
}

/// The Debian packages of what cannot be found and a browser's work needs.
fn missing_for_browser(target: &Path) -> Vec<&'static str> {
    let mut packages = Vec::new();
    // An old Node.js is enough to fetch a newer one from its own package registry.
    if find_node(target).is_none() && find_in_path("node").is_none() {
        packages.push("nodejs");
    }
    if find_in_path("npm").is_none() {
        packages.push("npm");
    }
    if find_chromium().is_none() {
        packages.push("chromium");
    }
    if !has_font(":") {
        // Without any font a page has no text to measure or to show in a screenshot.
        packages.push("fonts-dejavu-core");
    }
    packages
}

/// A Node.js that is new enough: the system's, or the one that we installed before.
fn find_node(target: &Path) -> Option<PathBuf> {
    let candidates = [find_in_path("node"), Some(own_node(target))];
    candidates.into_iter().flatten().find(|node| major_version(node).is_some_and(|major| major >= NODE_MAJOR))
}

fn own_node(target: &Path) -> PathBuf {
    target.join("xtask/node_modules/node/bin/node")
}

/// Fetches Node.js through npm into the target folder: Debian 12 has version 18 only.
fn install_node(target: &Path, npm: &Path) -> Result<PathBuf, String> {
    println!(
        "xtask: the installed Node.js is older than {NODE_MAJOR}; fetching version 22 into the target folder"
    );
    let folder = target.join("xtask");
    std::fs::create_dir_all(&folder).map_err(|error| format!("cannot make {}: {error}", folder.display()))?;
    let status = Command::new(npm)
        .args(["install", "--no-save", "--no-audit", "--no-fund", "--prefix"])
        .arg(&folder)
        .arg("node@22")
        .status();
    match (status, find_node(target)) {
        (Ok(status), Some(node)) if status.success() => Ok(node),
        _ => Err(format!("could not fetch Node.js; please install Node.js {NODE_MAJOR} or newer")),
    }
}

/// PostgreSQL's `initdb`: in PATH, where `pg_config` says, or in Debian's folder of the highest version.
fn find_initdb() -> Option<PathBuf> {
    let told = || {
        let output = Command::new("pg_config").arg("--bindir").output().ok()?;
        let folder = String::from_utf8(output.stdout).ok()?;
        Some(PathBuf::from(folder.trim()).join("initdb")).filter(|path| path.is_file())
    };
    let packaged = || {
        let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?;
        let paths = versions.filter_map(Result::ok).map(|version| version.path().join("bin/initdb"));
        paths.filter(|path| path.is_file()).max()
    };
    find_in_path("initdb").or_else(told).or_else(packaged)
}

fn find_chromium() -> Option<PathBuf> {
    ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]
        .iter()
        .find_map(|name| find_in_path(name))
}

/// Whether a font is there that matches the pattern of fontconfig; `:` matches all.
fn has_font(pattern: &str) -> bool {
    let output = Command::new("fc-list").arg(pattern).output();
    // Systems without fontconfig, such as macOS, bring their own fonts.
    output.map_or(!cfg!(target_os = "linux"), |output| !output.stdout.is_empty())
}

/// The file of that name in one of PATH's folders.
pub(crate) fn find_in_path(name: &str) -> Option<PathBuf> {
    #[expect(
        clippy::disallowed_methods,
        reason = "PATH says where programs are; it is no setting of the service"
    )]
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file())
}
