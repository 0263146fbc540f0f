//! The join of the panel's modules, and what it refuses.

#[path = "../build/bundle.rs"]
mod bundle;

use std::io;

fn join(files: &[(&str, &str)]) -> Result<String, String> {
    let read = |name: &str| {
        let found = files.iter().find(|(file, _)| *file == name);
        found.map(|(_, source)| (*source).to_owned()).ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
    };
    bundle::join("main.js", &read).map_err(|error| error.to_string())
}

fn refusal(files: &[(&str, &str)]) -> String {
    join(files).err().unwrap_or_default()
}

#[test]
fn modules_come_before_those_that_use_them_and_only_once() {
    let joined = join(&[
        (
            "main.js",
            "import { a } from './a.js';\nimport { b } from './b.js';\nexport function mount() {\n  a(b);\n}\n",
        ),
        ("a.js", "import { b } from './b.js';\nexport const a = () => b;\n"),
        ("b.js", "export const b = 1;\n"),
    ]);
    assert_eq!(
        joined.unwrap(),
        "const b = 1;\nconst a = () => b;\nfunction mount() {\na(b);\n}\nexport{mount};\n"
    );
}

#[test]
fn comments_and_indentation_are_dropped_but_casts_stay() {
    let joined = join(&[(
        "main.js",
        "/**\n * Why.\n */\nexport function mount() {\n  // Because.\n  /* one line */\n  /** @type {X} */ (y).z();\n}\n",
    )]);
    assert_eq!(joined.unwrap(), "function mount() {\n/** @type {X} */ (y).z();\n}\nexport{mount};\n");
}

#[test]
fn a_backtick_in_quotes_opens_no_template() {
    let source = "export const mount = ['`', \"`\", '\\'`', `a${1}`];\n";
    assert!(join(&[("main.js", source)]).is_ok());
}

#[test]
fn a_style_sheet_becomes_a_string() {
    let joined = join(&[
        ("main.js", "import css from './a.css';\nexport const mount = css;\n"),
        ("a.css", "/* why */\n.a::after {\n  content: '\\201C';\n  margin: 0\n    auto;\n}\n"),
    ]);
    let expected =
        "const css='.a::after{content:\\'\\\\201C\\';margin:0 auto}';\nconst mount = css;\nexport{mount};\n";
    assert_eq!(joined.unwrap(), expected);
}

#[test]
fn two_modules_cannot_declare_the_same_name() {
    let message = refusal(&[
        ("main.js", "import { a } from './a.js';\nconst b = 1;\n"),
        ("a.js", "const b = 2;\nexport const a = b;\n"),
    ]);
    assert_eq!(message, "main.js:2: the top-level name `b` is taken by a.js");
}

#[test]
fn an_import_must_be_exported_there() {
    let message = refusal(&[("main.js", "\nimport { b } from './a.js';\n"), ("a.js", "const b = 2;\n")]);
    assert_eq!(message, "main.js:2: a.js does not export `b`");
}

#[test]
fn circles_and_missing_files_are_refused() {
    let circle = refusal(&[
        ("main.js", "import { a } from './a.js';\nexport const m = 1;\n"),
        ("a.js", "import { m } from './main.js';\nexport const a = 1;\n"),
    ]);
    assert_eq!(circle, "a.js:1: main.js imports itself in a circle");
    let missing = refusal(&[("main.js", "import { a } from './a.js';\n")]);
    assert!(missing.starts_with("main.js:1: cannot read a.js"), "{missing}");
}

#[test]
fn what_the_dialect_lacks_is_refused() {
    for source in [
        "import a from './a.js';",
        "import './a.js';",
        "import { a as b } from './a.js';",
        "import { a } from \"./a.js\";",
        "import { a } from 'elsewhere';",
        "export default 1;",
        "export { a };",
        "const text = `one\ntwo`;",
    ] {
        let message = refusal(&[("main.js", source), ("a.js", "export const a = 1;\n")]);
        assert!(message.starts_with("main.js:1: "), "{source}: {message}");
    }
}
