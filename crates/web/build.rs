//! Makes the two files of the widget: the joined panel with a name that carries its content's hash, and the loader
//! that knows that name. Runs the same in debug and release builds and needs nothing but Rust.

#[path = "build/bundle.rs"]
mod bundle;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs};

/// Where the loader names the panel's file.
const PANEL_PATH: &str = "'__PANEL_PATH__'";

/// Where the loader takes its style sheet.
const LAUNCHER_CSS: &str = "'__LAUNCHER_CSS__'";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=web");
    println!("cargo::rerun-if-changed=build");
    #[expect(clippy::disallowed_methods, reason = "cargo tells a build script its folder this way only")]
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR for build scripts")?);

    let panel = bundle::join("main.js", &|name| fs::read_to_string(Path::new("web/panel").join(name)))?;
    let panel_file = format!("panel-{}.js", content_hash(&panel));
    fs::write(out.join("panel.js"), &panel)?;

    let loader = bundle::strip_script("loader.js", &fs::read_to_string("web/loader.js")?)?;
    let loader = fill(&loader, PANEL_PATH, &format!("'/widget/{panel_file}'"))?;
    let launcher_css = bundle::style_literal(&fs::read_to_string("web/launcher.css")?);
    let loader = fill(&loader, LAUNCHER_CSS, &launcher_css)?;
    fs::write(out.join("widget.js"), &loader)?;

    let shop_css = fs::read_to_string("web/demo/shop.css")?;
    println!("cargo::rustc-env=CHATLOOM_PANEL_FILE={panel_file}");
    println!("cargo::rustc-env=CHATLOOM_PANEL_HASH={}", content_hash(&panel));
    println!("cargo::rustc-env=CHATLOOM_LOADER_HASH={}", content_hash(&loader));
    println!("cargo::rustc-env=CHATLOOM_SHOP_CSS_HASH={}", content_hash(&shop_css));
    Ok(())
}

/// Puts `value` where the loader has `blank`, which it must have exactly once.
fn fill(loader: &str, blank: &str, value: &str) -> Result<String, String> {
    match loader.matches(blank).count() {
        1 => Ok(loader.replace(blank, value)),
        count => Err(format!("web/loader.js has {blank} {count} times instead of once")),
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
