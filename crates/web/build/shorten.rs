//! Writes a script with short local names and without comments and spaces. What it does stays the same, and so does every
//! name that it shares with others: properties, globals, what a module exports.
//!
//! A minifier that also rewrites the code would save 300 bytes more of 13,800; decision 0021 has the measurements.

use oxc_allocator::Allocator;
use oxc_codegen::{Codegen, CodegenOptions};
use oxc_mangler::{MangleOptions, Mangler};
use oxc_parser::Parser;
use oxc_span::SourceType;

/// How a browser is going to read the script.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    Module,
    Script,
}

/// The shorter script; the parser's words if it is none.
pub(crate) fn shorten(source: &str, kind: Kind) -> Result<String, String> {
    let allocator = Allocator::default();
    let source_type = match kind {
        Kind::Module => SourceType::mjs(),
        Kind::Script => SourceType::script(),
    };
    let parsed = Parser::new(&allocator, source, source_type).parse();
    if let Some(problem) = parsed.diagnostics.first() {
        return Err(problem.to_string());
    }
    let names = Mangler::new().with_options(MangleOptions::default()).build(&parsed.program);
    let printer = Codegen::new().with_options(CodegenOptions::minify()).with_scoping(Some(names.scoping));
    Ok(printer.build(&parsed.program).code)
}
