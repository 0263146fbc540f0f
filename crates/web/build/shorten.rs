//! Writes a script in fewer bytes: with short local names, without comments and spaces, and with shorter code for the same.
//! What it does stays the same, and so does every name that it shares with others: properties, globals, what a module
//! exports. Decisions 0021 and 0025 have the measurements.

use oxc_allocator::Allocator;
use oxc_codegen::{Codegen, CodegenOptions};
use oxc_minifier::{Minifier, MinifierOptions};
use oxc_parser::Parser;
use oxc_span::SourceType;

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
    let names = Minifier::new(MinifierOptions::default()).minify(&allocator, &mut parsed.program);
    let printer = Codegen::new().with_options(CodegenOptions::minify()).with_scoping(names.scoping);
    Ok(printer.build(&parsed.program).code)
}

fn enclose(modules: &str) -> Result<String, String> {
    let code = modules.strip_suffix("export{};\n").ok_or("a script exports nothing")?;
    Ok(format!("(()=>{{\"use strict\";{code}}})();"))
}
