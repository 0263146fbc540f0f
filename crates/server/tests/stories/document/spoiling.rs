//! What can be wrong with a request.

use chatloom_checker::random::Random;
use serde_json::{Value, json};

/// One of several texts.
fn one_of<'a>(texts: &[&'a str], random: &mut Random) -> &'a str {
    texts[random.index(texts.len())]
}

/// A value for a path or query that is no id. Never empty and without bare slashes and dots, which name other routes.
pub(crate) fn path_value(random: &mut Random) -> String {
    let long = "a".repeat(3_000);
    one_of(
        &[
            "x",
            "0",
            "-1",
            "null",
            "undefined",
            "%00",
            "%0a",
            "%20",
            "%2f",
            "%2e%2e%2f",
            "%ff",
            "%c3%28",
            "%",
            "%zz",
            "%F0%9F%98%80",
            "%7b%7d",
            "'%20OR%201=1--",
            "00000000-0000-0000-0000-000000000000",
            "01999B5E-0000-7000-8000-000000000001",
            "01999b5e000070008000000000000001",
            "%7B01999b5e-0000-7000-8000-000000000001%7D",
            "*",
            "~",
            ";a=b",
            "@",
            ":",
            &long,
        ],
        random,
    )
    .to_owned()
}

/// A query that nobody asked for.
pub(crate) fn query(path: &mut String, random: &mut Random) {
    let odd = one_of(
        &[
            "",
            "&&&",
            "=",
            "a=b",
            "before=",
            "before=x&before=y",
            "after=x&after=y",
            "after=%ff",
            "a=%",
            "%00=%00",
            "token=x",
            "secret=x",
            "x-session-secret=x",
            "a=cls_x",
            "limit=-1",
            "page=999999999999999999999",
        ],
        random,
    );
    path.push(if path.contains('?') { '&' } else { '?' });
    path.push_str(odd);
}

/// An embed token that opens nothing.
pub(crate) fn token(random: &mut Random) -> String {
    one_of(
        &[
            "x",
            "null",
            "clw_",
            "clw_0000000000000000000000000000000000000000000000000",
            // Well-formed, and nobody's.
            "clw_0000000000000000000000000000000000000000000026ZVaH",
            "cls_0000000000000000000000000000000000000000000",
            "%00",
        ],
        random,
    )
    .to_owned()
}

/// A JWT that signs nobody in; `good` is one that does.
pub(crate) fn jwt(good: &str, random: &mut Random) -> String {
    let (message, _) = good.rsplit_once('.').unwrap_or((good, ""));
    match random.below(5) {
        0 => String::new(),
        1 => "x.y.z".to_owned(),
        2 => format!("{message}."),
        3 => format!("{message}.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
        _ => "é".repeat(100),
    }
}

/// Adds, changes or takes away a header.
pub(crate) fn headers(headers: &mut Vec<(String, Vec<u8>)>, random: &mut Random) {
    let odd: &[(&str, &str)] = &[
        ("origin", "https://shop.example"),
        ("origin", "null"),
        ("origin", ""),
        ("origin", "https://EVIL.example/"),
        ("referer", "https://shop.example/page"),
        ("referer", "\u{e9}"),
        ("x-forwarded-for", "203.0.113.7, x, "),
        ("forwarded", "for=unknown"),
        ("x-forwarded-host", "evil.example"),
        ("accept", "application/xml"),
        ("accept-encoding", "gzip, br"),
        ("accept-language", "*;q=x"),
        ("range", "bytes=0-1"),
        ("if-none-match", "*"),
        ("if-modified-since", "yesterday"),
        ("x-http-method-override", "DELETE"),
        ("x-request-id", "mine"),
        ("cookie", "chatloom=x; chatloom=y"),
        ("cookie", "=;;=;\u{e9}=;"),
        ("authorization", "Basic YTpi"),
        ("authorization", "Bearer"),
        ("authorization", "Bearer  "),
        ("content-encoding", "gzip"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-origin"),
        ("upgrade", "websocket"),
        ("te", "trailers"),
        ("last-event-id", "\u{e9}"),
        ("idempotency-key", "\u{e9}"),
        ("x-session-secret", "\u{e9}"),
        ("user-agent", ""),
    ];
    let types: &[&str] = &[
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/json; charset=utf-16",
        "multipart/form-data",
        "",
        "application/json, text/plain",
        "Application/JSON;charset=UTF-8",
        "application/problem+json",
        "\u{e9}",
    ];
    match random.below(6) {
        0 => headers.retain(|(name, _)| name != "content-type"),
        1 => {
            headers.retain(|(name, _)| name != "content-type");
            headers.push(("content-type".to_owned(), one_of(types, random).as_bytes().to_vec()));
        }
        2 if !headers.is_empty() => headers.push(headers[random.index(headers.len())].clone()),
        3 => headers.push(("x-odd".to_owned(), vec![0x80; 2_000])),
        _ => {
            let (name, value) = odd[random.index(odd.len())];
            headers.push((name.to_owned(), value.as_bytes().to_vec()));
        }
    }
}

/// The body with one thing wrong.
pub(crate) fn body(good: &Value, random: &mut Random) -> Vec<u8> {
    let mut value = good.clone();
    match random.below(10) {
        0..5 => {
            change_somewhere(&mut value, random);
            value.to_string().into_bytes()
        }
        5 => {
            if let Some(members) = value.as_object_mut() {
                members
                    .insert(one_of(&["x", "", "\0", "__proto__", "é"], random).to_owned(), odd_value(random));
            }
            value.to_string().into_bytes()
        }
        6 => of_its_text(&good.to_string(), random),
        7 => odd_value(random).to_string().into_bytes(),
        8 => one_of(
            &[
                "",
                "{",
                "nul",
                "{'a':1}",
                "\u{feff}{}",
                "{\"a\":1e999}",
                "{\"a\":\"\\ud800\"}",
                "{\"a\":-0,}",
                "{} {}",
            ],
            random,
        )
        .as_bytes()
        .to_vec(),
        _ => vec![b'"', 0xff, 0xfe, 0x00, b'"'],
    }
}

/// Puts something else in the place of a member, at any depth, or takes it away.
fn change_somewhere(value: &mut Value, random: &mut Random) {
    let Some(members) = value.as_object_mut().filter(|members| !members.is_empty()) else {
        *value = odd_value(random);
        return;
    };
    let name = members.keys().nth(random.index(members.len())).cloned().unwrap_or_default();
    if random.percent(15) {
        members.remove(&name);
    } else if let Some(member) = members.get_mut(&name) {
        if member.is_object() && random.percent(60) {
            change_somewhere(member, random);
        } else {
            *member = odd_value(random);
        }
    }
}

fn odd_value(random: &mut Random) -> Value {
    match random.below(18) {
        0 => Value::Null,
        1 => json!(true),
        2 => json!(-1),
        3 => json!(0),
        4 => json!(i64::MIN),
        5 => json!(u64::MAX),
        6 => json!(1e308),
        7 => json!(0.1),
        8 => json!(""),
        9 => json!(" \t\n"),
        10 => json!("\0"),
        11 => json!("\u{202e}\u{200b}\u{fffd}\u{10ffff}😀"),
        12 => json!("a".repeat(9_000)),
        13 => json!("é".repeat(20_000)),
        14 => json!([]),
        15 => json!([[], {}, null, 1, "a"]),
        16 => json!({ "a": { "b": { "c": { "d": { "e": 1 } } } } }),
        _ => json!("'; DROP TABLE widgets; --"),
    }
}

/// What JSON can say and a value cannot: a key that is given twice, and more depth than anybody reads.
fn of_its_text(text: &str, random: &mut Random) -> Vec<u8> {
    let text = match (random.below(4), text.strip_prefix('{')) {
        (0, Some(rest)) => format!("{{\"name\":1,\"name\":2{}{rest}", if rest == "}" { "" } else { "," }),
        (1, _) => "[".repeat(10_000),
        (2, _) => format!("{{\"a\":{}1{}}}", "[".repeat(200), "]".repeat(200)),
        _ => text.chars().take(random.index(text.chars().count() + 1)).collect(),
    };
    text.into_bytes()
}
