//! Writes a script in fewer bytes: with short local names, without comments and spaces, and with shorter code for the same.
//! What it does stays the same, and so does every name that it shares with others: properties, but for a few that are named
//! here, globals, and what a module exports. Decisions 0021 and 0025 have the measurements.

use oxc_allocator::Allocator;
use oxc_codegen::{Codegen, CodegenOptions};
use oxc_minifier::{ManglePropertiesOptions, Minifier, MinifierOptions};
use oxc_parser::Parser;
use oxc_span::SourceType;

/// Properties that the modules of one folder share with each other and with nobody else: no browser, no server, no other of
/// our files has a property of such a name. They are shortened like local names.
const OWN_NAMES: &str = "^(addAnswer|addNote|addQuestion|awaitHistory|createSession|giveBack|hangUp|isEmpty|isProven|\
    isResumed|rateable|setBusy|setState|takeBack|retryAfter|toEnd|inLink|lonelyTicks|refresh|shared|\
    closes|opens|ordered|hasBotCheck)$";

/// How a browser is going to read the script.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    Module,
    Script,
}

/// The shorter script; the parser's words if it is none. A script's names become those of a function, since all scripts of a
/// page share their outermost ones.
pub(crate) fn shorten(source: &str, kind: Kind) -> Result<String, String> {
    let allocator = Allocator::default();
    let (source, source_type) = match kind {
        Kind::Module => (source.to_owned(), SourceType::mjs()),
        Kind::Script => (enclose(source)?, SourceType::script()),
    };
    let mut parsed = Parser::new(&allocator, &source, source_type).parse();
    if let Some(problem) = parsed.diagnostics.first() {
        return Err(problem.to_string());
    }
    let mangle_properties = Some(ManglePropertiesOptions::from_pattern(OWN_NAMES)?);
    let options = MinifierOptions { mangle_properties, ..MinifierOptions::default() };
    let names = Minifier::new(options).minify(&allocator, &mut parsed.program);
    let printer = Codegen::new().with_options(CodegenOptions::minify()).with_scoping(names.scoping);
    Ok(printer.build(&parsed.program).code)
}

fn enclose(modules: &str) -> Result<String, String> {
    let code = modules.strip_suffix("export{};\n").ok_or("a script exports nothing")?;
    Ok(format!("(()=>{{\"use strict\";{code}}})();"))
}
