//! Tokens that nobody may have written: changed ones, and those that were signed with the right key and say too much.

use std::io::ErrorKind;
use std::net::TcpListener;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::service::{Service, forge, texts_of};

/// The token with one bit of one byte of a segment flipped.
fn flipped(token: &str, segment: usize, byte: usize, bit: u8) -> String {
    let mut parts: Vec<String> = token.split('.').map(str::to_owned).collect();
    let mut bytes = URL_SAFE_NO_PAD.decode(&parts[segment]).unwrap();
    bytes[byte] ^= 1 << bit;
    parts[segment] = URL_SAFE_NO_PAD.encode(bytes);
    parts.join(".")
}

/// Every bit of the first, the middle and the last byte of each segment.
fn flips(token: &str) -> Vec<String> {
    let mut mutants = Vec::new();
    for segment in 0..3 {
        let length = URL_SAFE_NO_PAD.decode(token.split('.').nth(segment).unwrap()).unwrap().len();
        for byte in [0, length / 2, length - 1] {
            mutants.extend((0..8).map(|bit| flipped(token, segment, byte, bit)));
        }
    }
    mutants
}

/// Segments left out, added, swapped or emptied.
fn rearranged(token: &str) -> Vec<String> {
    let parts: Vec<&str> = token.split('.').collect();
    let [header, payload, signature] = parts[..] else { panic!("a token has three segments") };
    vec![
        "..".to_owned(),
        format!("{header}.{payload}"),
        format!("{header}.{payload}."),
        format!("{header}..{signature}"),
        format!(".{payload}.{signature}"),
        format!("{payload}.{header}.{signature}"),
        format!("{header}.{signature}.{payload}"),
        format!("{signature}.{payload}.{header}"),
        format!("{token}."),
        format!(".{token}"),
        format!("{token}.{signature}"),
        format!("{header}.{payload}.{payload}.{signature}"),
        token.to_uppercase(),
        token.to_lowercase(),
        token.chars().rev().collect(),
    ]
}

/// Other spellings of the same bytes.
fn respelt(token: &str) -> Vec<String> {
    let (message, signature) = token.rsplit_once('.').unwrap();
    let (header, payload) = message.split_once('.').unwrap();
    let standard = |segment: &str| STANDARD.encode(URL_SAFE_NO_PAD.decode(segment).unwrap());
    let mut mutants = vec![
        format!("{token}="),
        format!("{token}=="),
        format!("{message}.{}", standard(signature)),
        format!("{}.{payload}.{signature}", standard(header)),
        format!("{header}=.{payload}.{signature}"),
        format!("{header}.{payload}=.{signature}"),
        token.replacen('.', "%2E", 1),
    ];
    // 32 bytes leave two unused bits in the last of 43 characters; only zeros are canonical.
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let last = alphabet.find(signature.chars().last().unwrap()).unwrap();
    let twins = (1..4)
        .map(|unused| format!("{message}.{}{}", &signature[..42], &alphabet[last + unused..=last + unused]));
    mutants.extend(twins);
    mutants
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a01_every_change_to_a_real_token_is_refused_with_the_same_body() {
    let service = Service::start().await;
    let token = service.token().await;
    let mutants = [flips(&token), rearranged(&token), respelt(&token)].concat();
    assert!(!mutants.contains(&token));
    assert!(service.refuses(&mutants).await >= 90);
    service.me(&token).await.expect(200);
    assert!(!service.process.log().contains("panicked"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a03_no_header_field_points_at_another_key_or_asks_for_more() {
    let service = Service::start().await;
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let elsewhere = format!("http://{}/keys", listener.local_addr().unwrap());
    let token = service.token().await;
    let [header, payload] = texts_of(&token);
    assert!(service.me(&forge(&header, &payload)).await.status == 200, "the forge makes good tokens");
    let header: Value = serde_json::from_str(&header).unwrap();
    let kid = header["kid"].clone();
    let added = [
        ("jwk", json!({ "kty": "oct", "k": URL_SAFE_NO_PAD.encode("0123456789abcdef0123456789abcdef") })),
        ("jku", json!(elsewhere)),
        ("x5u", json!(elsewhere)),
        ("x5c", json!(["AA=="])),
        ("x5t", json!("AA")),
        ("crit", json!(["exp"])),
        ("crit", json!([])),
        ("b64", json!(false)),
        ("zip", json!("DEF")),
        ("cty", json!("JWT")),
        ("extra", json!(1)),
        ("kid", json!("../../../../dev/null")),
        ("kid", json!("/proc/self/environ")),
        ("kid", json!("' OR 1=1 --")),
        ("kid", json!("x' UNION SELECT 'secret")),
        ("kid", json!("x".repeat(10_000))),
        ("kid", json!("\u{0}")),
        ("kid", json!(format!("{}\u{0}", kid.as_str().unwrap()))),
        ("kid", json!([kid])),
        ("kid", json!({ "kid": kid })),
        ("kid", json!(elsewhere)),
        ("kid", json!("")),
        ("kid", json!(null)),
        ("kid", json!(0)),
        ("alg", json!("none")),
        ("alg", json!("HS384")),
        ("alg", json!("RS256")),
        ("alg", json!(["HS256"])),
        ("typ", json!("at+jwt")),
    ];
    let mut mutants = Vec::new();
    for (field, value) in added {
        let mut header = header.clone();
        header[field] = value;
        mutants.push(forge(&header.to_string(), &payload));
    }
    for text in ["{}", "[]", "null", "", "not JSON", r#"{"alg":"HS256"}"#] {
        mutants.push(forge(text, &payload));
    }
    assert!(service.refuses(&mutants).await >= 35);
    // Whatever the service wanted to fetch, it would have fetched before it answered.
    assert_eq!(listener.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a04_claims_of_a_wrong_type_missing_or_given_twice_are_refused() {
    let service = Service::start().await;
    let [header, payload] = texts_of(&service.token().await);
    let claims: Value = serde_json::from_str(&payload).unwrap();
    let strange = [
        json!(null),
        json!(true),
        json!(false),
        json!([]),
        json!({}),
        json!(""),
        claims["exp"].to_string().into(),
        json!([claims["exp"]]),
        json!(1.5),
        json!(1e300),
    ];
    let mut mutants = Vec::new();
    let mut push = |payload: String| mutants.push(forge(&header, &payload));
    for claim in ["sub", "sid", "iss", "aud", "iat", "nbf", "exp"] {
        for value in &strange {
            let mut bent = claims.clone();
            bent[claim] = value.clone();
            push(bent.to_string());
        }
        let mut lacking = claims.clone();
        lacking.as_object_mut().unwrap().remove(claim);
        push(lacking.to_string());
        // 2^64 is no number that JSON readers agree on.
        push(payload.replace(
            &format!("\"{claim}\":{}", claims[claim]),
            &format!("\"{claim}\":18446744073709551616"),
        ));
        push(payload.replacen('{', &format!("{{\"{claim}\":{},", other_than(&claims[claim])), 1));
        push(format!("{},\"{claim}\":{}}}", payload.trim_end_matches('}'), other_than(&claims[claim])));
    }
    for (claim, value) in [("exp", -1), ("exp", 0), ("iat", i64::MAX), ("nbf", i64::MAX), ("exp", i64::MIN)] {
        let mut bent = claims.clone();
        bent[claim] = value.into();
        push(bent.to_string());
    }
    for claim in ["aud", "iss"] {
        let mut bent = claims.clone();
        bent[claim] = json!([claims[claim], "another"]);
        push(bent.to_string());
        bent[claim] = json!([claims[claim]]);
        push(bent.to_string());
    }
    assert!(service.refuses(&mutants).await >= 100);
    assert_eq!(service.me(&forge(&header, &payload)).await.status, 200, "the forge makes good tokens");
}

/// Another value of the same type, which would be good by itself.
fn other_than(value: &Value) -> Value {
    match value {
        Value::Number(number) => json!(number.as_i64().unwrap() + 1),
        _ => json!("00000000-0000-7000-8000-000000000000"),
    }
}
