//! The panel in each language. The texts are data: JSON files with the same names in each.

use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use serde_json::{Map, Value};

/// The launcher's name, which the loader has to know.
const LABEL: &str = "open";

/// One language and what the widget says in it.
pub(crate) struct Language {
    /// Its tag, such as `de`.
    tag: String,
    texts: Map<String, Value>,
}

/// The languages of a folder, by their tags.
pub(crate) fn read(folder: &Path) -> Result<Vec<Language>, Box<dyn Error>> {
    let mut languages = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let tag = path.file_stem().and_then(|name| name.to_str()).ok_or("a language has no name")?.to_owned();
        let texts = serde_json::from_str(&fs::read_to_string(&path)?)
            .map_err(|error| format!("{}: {error}", path.display()))?;
        languages.push(Language { tag, texts });
    }
    languages.sort_by(|a, b| a.tag.cmp(&b.tag));
    Ok(languages)
}

/// The panel with the texts of each language in place of the `blank`, which it must have exactly once.
pub(crate) fn panels(panel: &str, blank: &str, languages: &[Language]) -> Result<Vec<String>, String> {
    if panel.matches(blank).count() != 1 {
        return Err(format!("the panel does not have {blank} exactly once"));
    }
    Ok(languages.iter().map(|language| panel.replace(blank, &literal(&language.texts))).collect())
}

/// The launcher's names by language, as an object of JavaScript.
pub(crate) fn labels(languages: &[Language]) -> Result<String, String> {
    let label = |Language { tag, texts }: &Language| {
        let label = texts.get(LABEL).ok_or_else(|| format!("{tag} has no text `{LABEL}`"))?;
        Ok(format!("{tag}:{label}"))
    };
    let labels = languages.iter().map(label).collect::<Result<Vec<_>, String>>()?;
    Ok(format!("{{{}}}", labels.join(",")))
}

/// Writes the panels, and gives the Rust that makes them assets: `PANELS`.
pub(crate) fn assets(
    languages: &[Language],
    panels: &[String],
    hash: &str,
    out: &Path,
) -> Result<String, Box<dyn Error>> {
    let mut list = format!("static PANELS: [Asset; {}] = [", panels.len());
    for (Language { tag, .. }, panel) in languages.iter().zip(panels) {
        let file = out.join(format!("panel-{tag}.js"));
        fs::write(&file, panel)?;
        let file = file.to_str().ok_or("the build's folder has a name that is no text")?;
        let path = format!("/widget/panel-{hash}-{tag}.js");
        let etag = format!("W/\"{hash}-{tag}\"");
        write!(list, "Asset::new({path:?}, SCRIPT, {etag:?}, include_bytes!({file:?})),")?;
    }
    list.push_str("];");
    Ok(list)
}

/// An object of JavaScript. Names are written bare, and JSON's texts are JavaScript since ECMAScript 2019.
fn literal(texts: &Map<String, Value>) -> String {
    let members: Vec<_> = texts.iter().map(|(name, text)| format!("{name}:{text}")).collect();
    format!("{{{}}}", members.join(","))
}
