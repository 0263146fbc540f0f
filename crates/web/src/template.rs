//! Pages from templates with `{{names}}`.

/// The template with a value in the place of each name; one without a value is left out.
///
/// It is one pass, so a value that looks like a name stays a value.
pub(crate) fn fill<'a>(template: &str, value: impl Fn(&str) -> &'a str) -> String {
    let mut html = String::with_capacity(template.len() + 512);
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        let (name, after) = after.split_once("}}").unwrap_or((after, ""));
        html.push_str(before);
        html.push_str(value(name));
        rest = after;
    }
    html.push_str(rest);
    html
}

/// A plain text for HTML, in attributes in quotes too.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            _ => out.push(c),
        }
    }
    out
}
