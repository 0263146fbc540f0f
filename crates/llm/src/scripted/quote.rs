//! Quotes what a visitor wrote in Markdown, so that it shows as it was written and does nothing.

/// More than this many characters of a message are not repeated.
const MAX_CHARS: usize = 280;

/// What Markdown takes for markup anywhere in a line.
const MARKUP: &[char] = &['\\', '`', '*', '_', '[', ']', '<', '>', '&', '~', '|', '!', '$'];

/// The text as a block quote, every character of it literal.
pub(super) fn quote(text: &str) -> String {
    let mut shown: String = text.trim().chars().take(MAX_CHARS).collect();
    if shown.len() < text.trim().len() {
        shown.push('…');
    }
    let lines: Vec<String> = shown.lines().map(|line| format!("> {}", literal(line.trim()))).collect();
    if lines.is_empty() { "> (nothing)".to_owned() } else { lines.join("\n") }
}

fn literal(line: &str) -> String {
    let mut out = String::with_capacity(line.len() + 8);
    // At the beginning, these make headings, lists and underlines.
    let mark = line.find(|c: char| !c.is_ascii_digit()).unwrap_or(0);
    for (at, c) in line.char_indices() {
        let begins_a_block = at == mark && matches!(c, '#' | '+' | '-' | '=' | '.' | ')');
        let begins_a_link =
            matches!(c, ':' | '@') || (c == '.' && line[..at].to_lowercase().ends_with("www"));
        if begins_a_block || begins_a_link && !ends_a_word(line, at) || MARKUP.contains(&c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// Whether a blank or nothing follows, so that the character belongs to a sentence and not to an address.
fn ends_a_word(line: &str, at: usize) -> bool {
    line[at + 1..].chars().next().is_none_or(char::is_whitespace)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_question_is_repeated_as_it_is() {
        assert_eq!(quote(" What, if I may ask, is 1 + 1? (Two.) "), "> What, if I may ask, is 1 + 1? (Two.)");
    }

    #[test]
    fn markup_is_made_literal() {
        for (text, expected) in [
            ("**a** `b` _c_", "> \\*\\*a\\*\\* \\`b\\` \\_c\\_"),
            ("[x](javascript:alert(1))", "> \\[x\\](javascript\\:alert(1))"),
            ("<img src=x>", "> \\<img src=x\\>"),
            ("https://a.example", "> https\\://a.example"),
            ("www.a.example or a@b.example", "> www\\.a.example or a\\@b.example"),
            ("# a", "> \\# a"),
            ("- a", "> \\- a"),
            ("1. a", "> 1\\. a"),
            ("===", "> \\==="),
            ("Note: a", "> Note: a"),
        ] {
            assert_eq!(quote(text), expected, "{text}");
        }
    }

    #[test]
    fn every_line_is_quoted_and_none_is_code() {
        assert_eq!(quote("a\n\n    b\r\nc"), "> a\n> \n> b\n> c");
    }

    #[test]
    fn long_and_empty_messages_are_quoted_too() {
        assert_eq!(quote(&"é".repeat(300)).chars().count(), 2 + MAX_CHARS + 1);
        assert_eq!(quote("  "), "> (nothing)");
    }
}
