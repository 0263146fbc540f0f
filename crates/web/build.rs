//! Makes the three files of the widget: the solver and the panel, joined, with names that carry their content's hash, and
//! the loader. Each knows the name of the one before. Runs the same in debug and release builds and needs nothing but Rust.

#[path = "build/bundle.rs"]
mod bundle;
#[path = "build/shorten.rs"]
mod shorten;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs};

use shorten::Kind;

/// Where the panel names the solver's file.
const SOLVER_PATH: &str = "'__SOLVER_PATH__'";

/// Where the loader names the panel's file.
const PANEL_PATH: &str = "'__PANEL_PATH__'";

/// Where the loader takes its style sheet.
const LAUNCHER_CSS: &str = "'__LAUNCHER_CSS__'";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=web");
    println!("cargo::rerun-if-changed=build");
    #[expect(clippy::disallowed_methods, reason = "cargo tells a build script its folder this way only")]
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR for build scripts")?);

    let solver = shorten::shorten(&join("web/solver")?, Kind::Module)?;
    let solver_file = format!("solver-{}.js", content_hash(&solver));
    fs::write(out.join("solver.js"), &solver)?;

    let panel = fill(&join("web/panel")?, SOLVER_PATH, &format!("'/widget/{solver_file}'"))?;
    let panel = shorten::shorten(&panel, Kind::Module)?;
    let panel_file = format!("panel-{}.js", content_hash(&panel));
    fs::write(out.join("panel.js"), &panel)?;

    let loader = fill(&fs::read_to_string("web/loader.js")?, PANEL_PATH, &format!("'/widget/{panel_file}'"))?;
    let launcher_css = bundle::style_literal(&fs::read_to_string("web/launcher.css")?);
    let loader = shorten::shorten(&fill(&loader, LAUNCHER_CSS, &launcher_css)?, Kind::Script)?;
    fs::write(out.join("widget.js"), &loader)?;

    let shop_css = fs::read_to_string("web/demo/shop.css")?;
    println!("cargo::rustc-env=CHATLOOM_SOLVER_FILE={solver_file}");
    println!("cargo::rustc-env=CHATLOOM_SOLVER_HASH={}", content_hash(&solver));
    println!("cargo::rustc-env=CHATLOOM_PANEL_FILE={panel_file}");
    println!("cargo::rustc-env=CHATLOOM_PANEL_HASH={}", content_hash(&panel));
    println!("cargo::rustc-env=CHATLOOM_LOADER_HASH={}", content_hash(&loader));
    println!("cargo::rustc-env=CHATLOOM_SHOP_CSS_HASH={}", content_hash(&shop_css));
    Ok(())
}

/// The modules of a folder, joined from `main.js` on.
fn join(folder: &str) -> Result<String, bundle::BundleError> {
    bundle::join("main.js", &|name| fs::read_to_string(Path::new(folder).join(name)))
}

/// Puts `value` where a script has `blank`, which it must have exactly once.
fn fill(script: &str, blank: &str, value: &str) -> Result<String, String> {
    match script.matches(blank).count() {
        1 => Ok(script.replace(blank, value)),
        count => Err(format!("{blank} stands in the sources {count} times instead of once")),
    }
}

/// FNV-1a, 64 bits, as 16 hexadecimal digits. It tells versions of our own files apart and resists nobody,
/// so it is not worth a dependency of the build.
fn content_hash(text: &str) -> String {
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("{hash:016x}")
}
