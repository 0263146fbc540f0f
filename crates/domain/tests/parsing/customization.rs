//! How a widget looks: known keys, other keys, patches.

use std::collections::BTreeMap;

use chatloom_domain::customization::{Customization, CustomizationError, CustomizationFault, Data};
use proptest::prelude::*;

fn text(value: &str) -> Data {
    Data::Text(value.to_owned())
}

fn map<const N: usize>(entries: [(&str, Data); N]) -> BTreeMap<String, Data> {
    entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

fn parse(key: &str, value: Data) -> Result<Customization, CustomizationError> {
    Customization::parse(map([(key, value)]))
}

fn nested(depth: usize) -> Data {
    (0..depth).fold(Data::Int(1), |inner, _| Data::List(vec![inner]))
}

fn prompts(prompts: &[&str]) -> Data {
    Data::List(prompts.iter().copied().map(text).collect())
}

#[test]
fn good_values_of_known_keys_are_kept_as_they_are_written() {
    let long_url = format!("https://example.com/{}", "a".repeat(2_048 - 20));
    let good = [
        ("primaryColor", text("#6366f1")),
        ("backgroundColor", text("#FFF")),
        ("textColor", text("#000c")),
        ("agentMessageBackground", text("#11223344")),
        ("userMessageBackground", text("#AbCdEf")),
        ("title", text("How can we help?")),
        ("title", text("")),
        ("title", text(&"é".repeat(100))),
        ("welcomeMessage", text("Hello \u{1f44b}\nAsk us anything")),
        ("inputPlaceholder", text("Write here…")),
        ("position", text("bottom-right")),
        ("position", text("top-left")),
        ("avatarUrl", text("https://example.com/a.png?b=c#d")),
        ("avatarUrl", text("http://localhost:3000/a.png")),
        ("avatarUrl", text("http://127.0.0.1/a.png")),
        ("avatarUrl", text("http://[::1]:8080/a.png")),
        ("logoUrl", text("HTTPS://example.com")),
        ("logoUrl", text(&long_url)),
        ("theme", text("dark")),
        ("locale", text("en")),
        ("locale", text("pt-BR")),
        ("locale", text("zh-Hant-TW")),
        ("locale", text("sl-rozaj-biske-1994")),
        ("starterPrompts", prompts(&[])),
        ("starterPrompts", prompts(&["1", "2", "3", "4", "5", "6"])),
    ];
    for (key, value) in good {
        let customization = parse(key, value.clone());
        assert_eq!(customization.map(|it| it.entries().clone()), Ok(map([(key, value)])));
    }
}

#[test]
fn bad_values_of_known_keys_are_refused_with_the_name_of_the_field() {
    let long_url = format!("https://example.com/{}", "a".repeat(2_049 - 20));
    let bad = [
        ("primaryColor", text("red")),
        ("primaryColor", text("#6366f1;background:url(//evil.example)")),
        ("primaryColor", Data::Int(0)),
        ("backgroundColor", text("#12345")),
        ("textColor", text("")),
        ("agentMessageBackground", text("rgb(0,0,0)")),
        ("userMessageBackground", text("#66666g")),
        ("title", text(&"a".repeat(101))),
        ("title", text("two\nlines")),
        ("title", text("\u{1b}[31m")),
        ("title", Data::Bool(true)),
        ("welcomeMessage", text(&"a".repeat(1_001))),
        ("welcomeMessage", text("nul\0")),
        ("inputPlaceholder", text("tab\t")),
        ("position", text("middle")),
        ("position", text("")),
        ("position", text("bottom-right, bottom-left")),
        ("avatarUrl", text("")),
        ("avatarUrl", text("http://example.com/a.png")),
        ("avatarUrl", text("http://localhost.example.com/a.png")),
        ("avatarUrl", text("javascript:alert(1)")),
        ("avatarUrl", text("data:image/png;base64,AAAA")),
        ("avatarUrl", text("//example.com/a.png")),
        ("avatarUrl", text("/a.png")),
        ("avatarUrl", text("https:example.com/a.png")),
        ("avatarUrl", text("https:\\\\example.com")),
        ("avatarUrl", text("https://example.com/\\a")),
        ("avatarUrl", text(" https://example.com/a.png")),
        ("avatarUrl", text("https://exam\tple.com/a.png")),
        ("avatarUrl", text("https://user@example.com/a.png")),
        ("avatarUrl", text("https://:password@example.com/a.png")),
        ("logoUrl", text("https://")),
        ("logoUrl", text(&long_url)),
        ("theme", text("Dark")),
        ("locale", text("")),
        ("locale", text("e")),
        ("locale", text("en_GB")),
        ("locale", text("en-")),
        ("locale", text("en-toolongsubtag")),
        ("locale", text("en-aaaaaaaa-bbbbbbbb-cccccccc-dddddd")),
        ("locale", text("日本")),
        ("starterPrompts", text("one")),
        ("starterPrompts", prompts(&["1", "2", "3", "4", "5", "6", "7"])),
        ("starterPrompts", prompts(&[" "])),
        ("starterPrompts", prompts(&["two\nlines"])),
        ("starterPrompts", prompts(&[&"a".repeat(121)])),
        ("starterPrompts", Data::List(vec![Data::Int(1)])),
    ];
    for (key, value) in bad {
        let field = parse(key, value.clone()).map_err(|error| error.field().to_owned());
        assert_eq!(field, Err(format!("customization.{key}")), "{value:?}");
    }
}

#[test]
fn an_error_says_what_is_expected() {
    let error = parse("primaryColor", text("red")).unwrap_err();
    assert_eq!(error.fault(), CustomizationFault::Color);
    assert_eq!(
        format!("{} {error}", error.field()),
        "customization.primaryColor must be a CSS hex colour such as #6366f1"
    );
}

#[test]
fn every_known_key_is_listed_once_and_checked() {
    let keys: Vec<_> = Customization::known_keys().collect();
    let distinct: std::collections::BTreeSet<_> = keys.iter().collect();
    assert_eq!((keys.len(), distinct.len()), (16, 16));
    for key in keys {
        assert!(parse(key, Data::Bool(true)).is_err(), "{key}");
    }
}

#[test]
fn other_keys_are_kept_as_data() {
    let entries = map([
        ("x-theme-pack", text("blue")),
        ("Schlüssel", Data::Object(map([("a", Data::List(vec![Data::Null, Data::Float(0.5)]))]))),
        ("launcher", nested(4)),
    ]);
    let customization = Customization::parse(entries.clone()).unwrap();
    assert_eq!(customization.entries(), &entries);
    assert_eq!(customization.text("x-theme-pack"), Some("blue"));
    assert_eq!(customization.text("launcher"), None);
}

#[test]
fn other_keys_have_limits() {
    let fault = |key: &str, value: Data| parse(key, value).map_err(|error| error.fault());
    assert_eq!(fault("", Data::Int(1)), Err(CustomizationFault::Key));
    assert_eq!(fault(&"k".repeat(65), Data::Int(1)), Err(CustomizationFault::Key));
    assert_eq!(fault("line\nfeed", Data::Int(1)), Err(CustomizationFault::Key));
    assert_eq!(fault("deep", nested(5)), Err(CustomizationFault::TooDeep));
    assert_eq!(fault("number", Data::Float(f64::NAN)), Err(CustomizationFault::NotANumber));
    assert_eq!(
        fault("number", Data::List(vec![Data::Float(f64::INFINITY)])),
        Err(CustomizationFault::NotANumber)
    );
    // `"k":"aaa",` has 7 bytes beside the letters of the value.
    assert!(parse("k", text(&"a".repeat(8_192 - 7))).is_ok());
    // What the ninth migration renamed may have become 12 bytes longer.
    let too_large = parse("k", text(&"a".repeat(8_192 + 12 - 6)));
    let whole = too_large.map(|_| ()).map_err(|error| (error.field().to_owned(), error.fault()));
    assert_eq!(whole, Err(("customization".to_owned(), CustomizationFault::TooLarge)));
    // The limit is for all other keys together, and known keys do not count.
    let halves = |length| map([("a", text(&"a".repeat(length))), ("b", text(&"b".repeat(length)))]);
    assert!(Customization::parse(halves(4_080)).is_ok());
    assert!(Customization::parse(halves(4_100)).is_err());
    let mut with_known = halves(4_080);
    with_known.insert("welcomeMessage".to_owned(), text(&"é".repeat(1_000)));
    assert!(Customization::parse(with_known).is_ok());
}

#[test]
fn a_hostile_key_cannot_blow_up_the_error() {
    let error = parse(&"\u{1b}k".repeat(100_000), Data::Int(1)).unwrap_err();
    assert!(error.field().len() < 1_000 && !error.field().contains(char::is_control));
}

#[test]
fn null_is_never_stored() {
    let customization = Customization::parse(map([("avatarUrl", Data::Null), ("x", Data::Null)]));
    assert_eq!(customization, Ok(Customization::empty()));
}

#[test]
fn a_patch_replaces_and_removes_key_by_key() {
    let before = Customization::parse(map([
        ("title", text("Old")),
        ("theme", text("dark")),
        ("extra", Data::Object(map([("a", Data::Int(1)), ("b", Data::Int(2))]))),
    ]))
    .unwrap();
    let patch = map([
        ("title", text("New")),
        ("theme", Data::Null),
        ("unset", Data::Null),
        ("extra", Data::Object(map([("a", Data::Int(3))]))),
        ("locale", text("de")),
    ]);
    let after = before.merge(patch).unwrap();
    let expected = map([
        ("title", text("New")),
        ("extra", Data::Object(map([("a", Data::Int(3))]))),
        ("locale", text("de")),
    ]);
    assert_eq!(after.entries(), &expected);
    assert_eq!(before.merge(BTreeMap::new()), Ok(before.clone()));
    assert!(before.merge(map([("title", Data::Int(1))])).is_err());
}

#[test]
fn a_patch_cannot_grow_a_customization_past_its_limit() {
    let before = parse("a", text(&"a".repeat(5_000))).unwrap();
    assert!(before.merge(map([("b", text(&"b".repeat(5_000)))])).is_err());
    assert!(before.merge(map([("a", Data::Null), ("b", text(&"b".repeat(5_000)))])).is_ok());
}

fn data() -> impl Strategy<Value = Data> {
    let leaf = prop_oneof![
        Just(Data::Null),
        any::<bool>().prop_map(Data::Bool),
        any::<i64>().prop_map(Data::Int),
        any::<f64>().prop_map(Data::Float),
        any::<String>().prop_map(Data::Text),
    ];
    leaf.prop_recursive(6, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Data::List),
            prop::collection::btree_map(any::<String>(), inner, 0..4).prop_map(Data::Object),
        ]
    })
}

fn customizations() -> impl Strategy<Value = BTreeMap<String, Data>> {
    let keys: Vec<_> = Customization::known_keys().collect();
    let key = prop_oneof![prop::sample::select(keys).prop_map(str::to_owned), any::<String>(), "[a-z]{1,3}"];
    prop::collection::btree_map(key, data(), 0..4)
}

proptest! {
    #![proptest_config(crate::config())]

    #[test]
    fn any_data_is_accepted_or_refused_and_what_is_accepted_parses_again(map in customizations()) {
        if let Ok(customization) = Customization::parse(map) {
            prop_assert!(customization.entries().values().all(|value| *value != Data::Null));
            let again = Customization::parse(customization.entries().clone());
            prop_assert_eq!(again, Ok(customization));
        }
    }

    #[test]
    fn merging_the_same_patch_twice_changes_nothing_more(
        before in customizations(),
        patch in customizations(),
    ) {
        if let Ok(once) = Customization::parse(before).and_then(|before| before.merge(patch.clone())) {
            prop_assert_eq!(once.merge(patch), Ok(once));
        }
    }
}
