//! Makes the files of the widget: the solver and the panel, joined, with names that carry their content's hash, and the
//! loader. Each knows the name of the one before. There is a panel for each language, so that no language costs a request
//! of its own. Runs the same in debug and release builds and needs nothing but Rust.

#[path = "build/bundle.rs"]
mod bundle;
#[path = "build/languages.rs"]
mod languages;
#[path = "build/shorten.rs"]
mod shorten;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs};

use shorten::Kind;

/// Where the panel names the solver's file.
const SOLVER_PATH: &str = "'__SOLVER_PATH__'";

/// Where the panel takes its texts. It is an object itself, so that the panel can be shortened before they are there.
const TEXTS: &str = "{__TEXTS__:0}";

/// The module that the panel takes its texts from while it is developed.
const TEXTS_MODULE: &str = "../languages/en.json";

/// Where the loader takes the launcher's name in each language.
const LABELS: &str = "'__LABELS__'";

/// Where the loader names the panel's file, up to the language.
const PANEL_PATH: &str = "'__PANEL_PATH__'";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=web");
    println!("cargo::rerun-if-changed=build");
    #[expect(clippy::disallowed_methods, reason = "cargo tells a build script its folder this way only")]
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR for build scripts")?);

    let solver = shorten::shorten(&join("web/solver")?, Kind::Module)?;
    let solver_file = format!("solver-{}.js", content_hash(&solver));
    fs::write(out.join("solver.js"), &solver)?;

    let languages = languages::read(Path::new("web/languages"))?;
    let panel = fill(&join("web/panel")?, SOLVER_PATH, &format!("'/widget/{solver_file}'"))?;
    let panels = languages::panels(&shorten::shorten(&panel, Kind::Module)?, TEXTS, &languages)?;
    let panel_hash = content_hash(&panels.concat());
    fs::write(out.join("panels.rs"), languages::assets(&languages, &panels, &panel_hash, &out)?)?;

    let loader = fill(&join("web/loader")?, PANEL_PATH, &format!("'/widget/panel-{panel_hash}-'"))?;
    let loader = shorten::shorten(&fill(&loader, LABELS, &languages::labels(&languages)?)?, Kind::Script)?;
    fs::write(out.join("widget.js"), &loader)?;

    let shop_css = fs::read_to_string("web/demo/shop.css")?;
    println!("cargo::rustc-env=CHATLOOM_SOLVER_FILE={solver_file}");
    println!("cargo::rustc-env=CHATLOOM_SOLVER_HASH={}", content_hash(&solver));
    println!("cargo::rustc-env=CHATLOOM_LOADER_HASH={}", content_hash(&loader));
    println!("cargo::rustc-env=CHATLOOM_SHOP_CSS_HASH={}", content_hash(&shop_css));
    Ok(())
}

/// The modules of a folder, joined from `main.js` on.
fn join(folder: &str) -> Result<String, bundle::BundleError> {
    let read = |name: &str| match name {
        TEXTS_MODULE => Ok(TEXTS.to_owned()),
        _ => fs::read_to_string(Path::new(folder).join(name)),
    };
    bundle::join("main.js", &read)
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
