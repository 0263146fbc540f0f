//! Joins the ES modules of a folder into one file, so that loader and panel cost one request each instead of a waterfall.
//!
//! It understands a small dialect on purpose (one folder, named imports on one line, declarations exported where they
//! are made, a style sheet imported as a string) and refuses everything else with file and line.

use std::collections::HashMap;
use std::fmt;

/// Reads a file of the folder by its name.
pub(crate) type Reader<'a> = &'a dyn Fn(&str) -> std::io::Result<String>;

/// What is wrong with a module, and where.
#[derive(Debug)]
pub(crate) struct BundleError {
    file: String,
    line: usize,
    message: String,
}

impl fmt::Display for BundleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.message)
    }
}

impl std::error::Error for BundleError {}

/// Joins `entry` and everything it imports; the result exports what `entry` exports.
pub(crate) fn join(entry: &str, read: Reader<'_>) -> Result<String, BundleError> {
    let mut joiner = Joiner { read, modules: HashMap::new(), names: HashMap::new(), out: String::new() };
    joiner.visit(entry, &At { file: entry, line: 1 })?;
    let exports = match joiner.modules.remove(entry) {
        Some(Module::Joined { exports }) => exports.join(","),
        _ => String::new(),
    };
    joiner.out.push_str("export{");
    joiner.out.push_str(&exports);
    joiner.out.push_str("};\n");
    Ok(joiner.out)
}

/// A style sheet without its comments and line breaks, as a string literal of JavaScript.
pub(crate) fn style_literal(source: &str) -> String {
    let text = strip_style(source).replace('\\', "\\\\").replace('\'', "\\'");
    format!("'{text}'")
}

fn strip_style(source: &str) -> String {
    let mut rest = source;
    let mut bare = String::new();
    while let Some((before, comment)) = rest.split_once("/*") {
        bare.push_str(before);
        rest = comment.split_once("*/").map_or("", |(_, after)| after);
    }
    bare.push_str(rest);
    let mut out = String::new();
    for line in bare.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if !out.is_empty() && !out.ends_with(['{', '}', ';', ',']) {
            out.push(' ');
        }
        out.push_str(line);
    }
    // Spaces on these sides mean nothing; before a colon they would mean a descendant.
    for (spaced, tight) in [(": ", ":"), (", ", ","), (" {", "{"), ("{ ", "{"), (" }", "}"), (";}", "}")] {
        out = out.replace(spaced, tight);
    }
    out
}

enum Module {
    /// Its imports are being visited: meeting it again means a circle.
    Open,
    Joined {
        exports: Vec<String>,
    },
}

struct Joiner<'a> {
    read: Reader<'a>,
    modules: HashMap<String, Module>,
    /// Top-level names of all modules, which share one scope after the join.
    names: HashMap<String, String>,
    out: String,
}

struct At<'a> {
    file: &'a str,
    line: usize,
}

impl At<'_> {
    fn error(&self, message: impl Into<String>) -> BundleError {
        BundleError { file: self.file.to_owned(), line: self.line, message: message.into() }
    }
}

impl Joiner<'_> {
    fn visit(&mut self, file: &str, from: &At<'_>) -> Result<(), BundleError> {
        match self.modules.get(file) {
            Some(Module::Joined { .. }) => return Ok(()),
            Some(Module::Open) => return Err(from.error(format!("{file} imports itself in a circle"))),
            None => {}
        }
        self.modules.insert(file.to_owned(), Module::Open);
        let source = (self.read)(file).map_err(|error| from.error(format!("cannot read {file}: {error}")))?;
        let mut code = String::new();
        let mut exports = Vec::new();
        for (number, line) in code_lines(file, &source)? {
            let at = At { file, line: number };
            if line.starts_with("import") {
                self.import(line, &at)?;
                continue;
            }
            let bare = match line.strip_prefix("export ") {
                Some(bare) => {
                    exports.push(
                        declared_name(bare).ok_or_else(|| at.error("only a declaration can be exported"))?,
                    );
                    bare
                }
                None => line,
            };
            if let Some(name) = declared_name(bare) {
                self.claim(name, &at)?;
            }
            code.push_str(bare.trim());
            code.push('\n');
        }
        self.out.push_str(&code);
        let exports = exports.into_iter().map(str::to_owned).collect();
        self.modules.insert(file.to_owned(), Module::Joined { exports });
        Ok(())
    }

    fn import(&mut self, line: &str, at: &At<'_>) -> Result<(), BundleError> {
        const FORM: &str = "expected: import { a, b } from './file.js'; or import name from './file.css'; \
                            or import name from '../folder/file.json' with { type: 'json' };";
        if let Some(line) = line.trim_end().strip_suffix("' with { type: 'json' };") {
            let named = line.strip_prefix("import ").and_then(|rest| rest.split_once(" from '"));
            let (name, file) = named.ok_or_else(|| at.error(FORM))?;
            return self.import_value(name, file, at, str::to_owned);
        }
        let (what, file) = line
            .strip_prefix("import ")
            .and_then(|rest| rest.trim_end().strip_suffix("';"))
            .and_then(|rest| rest.split_once(" from './"))
            .ok_or_else(|| at.error(FORM))?;
        if matches!(file.rsplit_once('.'), Some((_, "css"))) {
            return self.import_value(what, file, at, style_literal);
        }
        let names =
            what.strip_prefix("{ ").and_then(|rest| rest.strip_suffix(" }")).ok_or_else(|| at.error(FORM))?;
        self.visit(file, at)?;
        let Some(Module::Joined { exports }) = self.modules.get(file) else {
            return Err(at.error(FORM));
        };
        match names.split(", ").find(|name| !exports.iter().any(|export| export == name)) {
            Some(name) => Err(at.error(format!("{file} does not export `{name}`"))),
            None => Ok(()),
        }
    }

    /// Declares a name for a file that is no script; `literal` makes JavaScript of what it holds.
    fn import_value(
        &mut self,
        name: &str,
        file: &str,
        at: &At<'_>,
        literal: fn(&str) -> String,
    ) -> Result<(), BundleError> {
        if declared_name(&format!("const {name} =")) != Some(name) {
            return Err(at.error(format!("{file} is imported under one name")));
        }
        self.claim(name, at)?;
        let source = (self.read)(file).map_err(|error| at.error(format!("cannot read {file}: {error}")))?;
        let value = literal(&source);
        self.out.extend(["const ", name, "=", value.trim_end(), ";\n"]);
        Ok(())
    }

    fn claim(&mut self, name: &str, at: &At<'_>) -> Result<(), BundleError> {
        match self.names.insert(name.to_owned(), at.file.to_owned()) {
            Some(other) => Err(at.error(format!("the top-level name `{name}` is taken by {other}"))),
            None => Ok(()),
        }
    }
}

/// The name that a line at the left margin declares; what is indented is not top-level.
fn declared_name(line: &str) -> Option<&str> {
    let line = line.strip_prefix("async ").unwrap_or(line);
    let rest = ["function* ", "function ", "const ", "let ", "class "]
        .iter()
        .find_map(|keyword| line.strip_prefix(keyword))?;
    let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '$')).unwrap_or(rest.len());
    (end > 0).then(|| &rest[..end])
}

/// The lines that are code, with their numbers. Comments are dropped where they fill whole lines, which needs no
/// tokenizer as long as no string spans lines; so such strings are refused.
fn code_lines<'a>(file: &str, source: &'a str) -> Result<Vec<(usize, &'a str)>, BundleError> {
    let mut lines = Vec::new();
    let mut in_comment = false;
    for (index, line) in source.lines().enumerate() {
        let text = line.trim();
        // A comment with code behind it on the same line, such as a type cast, counts as code.
        let opens = text.starts_with("/*") && (text.ends_with("*/") || !text.contains("*/"));
        if in_comment || opens {
            in_comment = !text.ends_with("*/");
        } else if !text.is_empty() && !text.starts_with("//") {
            if leaves_template_open(text) {
                let at = At { file, line: index + 1 };
                return Err(at.error("a template literal must end on its line"));
            }
            lines.push((index + 1, line));
        }
    }
    Ok(lines)
}

/// Whether a template literal begins and does not end on this line. In a regular expression a backtick looks like one;
/// it is written `\x60` there.
fn leaves_template_open(line: &str) -> bool {
    let mut within = None;
    let mut escaped = false;
    for c in line.chars() {
        match within {
            _ if escaped => escaped = false,
            Some(_) if c == '\\' => escaped = true,
            Some(quote) if c == quote => within = None,
            None if matches!(c, '\'' | '"' | '`') => within = Some(c),
            _ => {}
        }
    }
    within == Some('`')
}
