//! What the scripted model says, and to what.

use super::quote::quote;

/// What the model is and how to replace it; part of every answer that introduces it.
const INTRODUCTION: &str = "I am a **scripted stand-in**: a handful of fixed answers that need no network and no key. \
To talk to a real model, set `OPENAI_API_KEY` or `ANTHROPIC_API_KEY` on the server and choose that provider in the \
agent's workflow.";

const CODE: &str = "Here is a small program in Rust:\n\n\
```rust\n\
fn main() {\n    \
    let words = [\"one\", \"piece\", \"at\", \"a\", \"time\"];\n    \
    for word in words {\n        \
        println!(\"{word}\");\n    \
    }\n\
}\n\
```\n\n\
It prints **five lines**, much as this answer arrived. I am scripted, so it is the only program that I know.";

const TABLE: &str = "A table, as Markdown writes it:\n\n\
| Provider | Wire format | Needs a key |\n\
| --- | --- | :---: |\n\
| `scripted` | none | no |\n\
| `openai` | Chat Completions | yes |\n\
| `anthropic` | Messages | yes |\n\n\
The first row is me; the other two are real.";

const LIST: &str = "Two lists, because order matters in only one of them.\n\n\
1. Make a workflow: instructions, a provider and a model.\n\
2. Make a widget that uses it.\n\
3. Paste the embed code into a page.\n\n\
And what comes with it:\n\n\
- answers that **stream**\n\
- a history that outlives a reload\n\
- several teams on one server, each with\n  \
  - its own widgets\n  \
  - its own workflows";

/// The answer to a message, by the first rule that fits.
pub(super) fn answer(message: &str) -> String {
    let lower = message.to_lowercase();
    let words: Vec<&str> =
        lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let says = |known: &[&str]| words.iter().any(|word| known.contains(word));
    if says(&["help", "commands"]) {
        help()
    } else if says(&["code", "program", "function"]) {
        CODE.to_owned()
    } else if says(&["table", "tables"]) {
        TABLE.to_owned()
    } else if says(&["list", "lists", "steps"]) {
        LIST.to_owned()
    } else if words.len() <= 4 && says(&["hello", "hi", "hey", "morning", "evening", "hallo", "bonjour"]) {
        format!("Hello! 👋\n\n{INTRODUCTION}\n\nAsk me anything, or say *help* to see what I can do.")
    } else {
        default(message)
    }
}

fn help() -> String {
    format!(
        "{INTRODUCTION}\n\n\
         These words have answers of their own:\n\n\
         - **hello** – a greeting\n\
         - **code** – a block of code\n\
         - **table** – a table\n\
         - **list** – lists, one inside another\n\n\
         Everything else is quoted back to you."
    )
}

fn default(message: &str) -> String {
    format!(
        "You asked:\n\n{}\n\n{INTRODUCTION}\n\n\
         A real model would answer the question. I can show how its answer would look:\n\n\
         - a list, such as this one\n\
         - *emphasis*, **strong words** and `code in a line`\n\
         - [a link](https://commonmark.org/help/) that opens in a new tab\n\n\
         ```sh\n\
         # a block of code, which has its own copy button\n\
         OPENAI_API_KEY=your-key cargo run\n\
         ```\n\n\
         Say *help* for more.",
        quote(message)
    )
}
