//! `strings`: what the widget says by itself, in an owner's words.

use std::collections::BTreeMap;
use std::fs;

use chatloom_domain::customization::{Customization, CustomizationFault, Data, StringsFault};
use serde_json::{Map, Value};

/// Languages with their texts.
fn strings<const N: usize>(languages: [(&str, &[(&str, &str)]); N]) -> Data {
    let texts = |texts: &[(&str, &str)]| {
        let texts = texts.iter().map(|(name, text)| ((*name).to_owned(), Data::Text((*text).to_owned())));
        Data::Object(texts.collect())
    };
    Data::Object(languages.iter().map(|(tag, of)| ((*tag).to_owned(), texts(of))).collect())
}

/// The path that an error names, and what is wrong there.
fn check(value: Data) -> Result<(), (String, StringsFault)> {
    match Customization::parse([("strings".to_owned(), value)].into()) {
        Ok(_) => Ok(()),
        Err(error) => match error.fault() {
            CustomizationFault::Strings(fault) => Err((error.field().to_owned(), fault)),
            other => panic!("{other}"),
        },
    }
}

fn refused(below: &str, fault: StringsFault) -> Result<(), (String, StringsFault)> {
    Err((format!("customization.strings{below}"), fault))
}

/// The widget's own English texts, by name.
fn english() -> Map<String, Value> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../web/web/languages/en.json");
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{path}: {error}"));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"))
}

#[test]
fn the_names_are_those_of_the_widgets_own_texts_and_so_are_the_places_in_them() {
    let english = english();
    let known: BTreeMap<_, _> = Customization::string_names().collect();
    assert_eq!(known.len(), Customization::string_names().count());
    let named: Vec<_> = known.keys().copied().collect();
    let mut expected: Vec<_> = english.keys().map(String::as_str).collect();
    expected.sort_unstable();
    assert_eq!(named, expected);
    for (name, text) in &english {
        let places: Vec<_> = text.as_str().unwrap().split('{').skip(1).collect();
        let places: Vec<_> =
            places.iter().map(|rest| format!("{{{}}}", rest.split('}').next().unwrap())).collect();
        let expected: Vec<_> = known[name.as_str()].into_iter().map(str::to_owned).collect();
        assert_eq!(places, expected, "{name}");
    }
}

#[test]
fn the_widgets_own_texts_could_be_an_owners() {
    let text = |(name, text): (String, Value)| (name, Data::Text(text.as_str().unwrap().to_owned()));
    let texts = Data::Object(english().into_iter().map(text).collect());
    assert_eq!(check(Data::Object([("sv-SE".to_owned(), texts)].into())), Ok(()));
}

#[test]
fn texts_in_any_language_are_kept() {
    let long = "é".repeat(300);
    for value in [
        strings([]),
        strings([("de", &[])]),
        strings([
            ("de", &[("send", "Abschicken"), ("wait", "Noch {seconds} s")]),
            ("sv", &[("send", "Skicka")]),
        ]),
        strings([("zh-Hant-TW", &[("greeting", "您好"), ("tooLong", "{count}: {count}")])]),
        strings([("ar", &[("greeting", &long)])]),
    ] {
        let customization = Customization::parse([("strings".to_owned(), value.clone())].into()).unwrap();
        assert_eq!(customization.entries()["strings"], value);
    }
}

#[test]
fn an_error_names_the_path() {
    let text = |language, name, text| check(strings([(language, &[(name, text)])]));
    assert_eq!(
        text("de", "wait", "Bitte warten"),
        refused(".de.wait", StringsFault::Placeholder("{seconds}"))
    );
    assert_eq!(
        text("de", "tooLong", "{seconds}"),
        refused(".de.tooLong", StringsFault::Placeholder("{count}"))
    );
    assert_eq!(text("de", "Send", "x"), refused(".de.Send", StringsFault::Name));
    assert_eq!(text("de", "", "x"), refused(".de.", StringsFault::Name));
    assert_eq!(text("de_AT", "send", "x"), refused(".de_AT", StringsFault::Language));
    assert_eq!(text("", "send", "x"), refused(".", StringsFault::Language));
    let long = "a".repeat(301);
    for bad in ["", " ", "two\nlines", "nul\0", "\u{1b}[31m", &long] {
        assert_eq!(text("sv", "send", bad), refused(".sv.send", StringsFault::Text), "{bad:?}");
    }
    let not_a_text = Data::Object([("send".to_owned(), Data::Int(1))].into());
    let in_german = |value| Data::Object([("de".to_owned(), value)].into());
    assert_eq!(check(in_german(not_a_text)), refused(".de.send", StringsFault::Text));
    assert_eq!(check(in_german(Data::Text("x".to_owned()))), refused(".de", StringsFault::Form));
    assert_eq!(check(in_german(Data::Null)), refused(".de", StringsFault::Form));
    assert_eq!(check(Data::Text("x".to_owned())), refused("", StringsFault::Form));
    assert_eq!(check(Data::List(vec![])), refused("", StringsFault::Form));
    let error = Customization::parse([("strings".to_owned(), strings([("de", &[("wait", "x")])]))].into());
    assert_eq!(error.unwrap_err().to_string(), "must contain {seconds}");
    let hostile = text("de", &"\u{1b}k".repeat(1_000), "x").unwrap_err();
    assert!(hostile.0.len() < 1_000 && !hostile.0.contains(char::is_control));
}

#[test]
fn there_is_room_for_twenty_languages_and_eight_kibibytes() {
    let tags: Vec<_> = ('a'..='u').map(|letter| format!("x{letter}")).collect();
    let of = |count: usize, chars: usize| {
        let text = Data::Text("a".repeat(chars));
        let languages = tags.iter().take(count).map(|tag| {
            let texts = [("send".to_owned(), text.clone()), ("stop".to_owned(), text.clone())];
            (tag.clone(), Data::Object(texts.into()))
        });
        check(Data::Object(languages.collect()))
    };
    assert_eq!(of(20, 180), Ok(()));
    assert_eq!(of(20, 210), refused("", StringsFault::TooLarge));
    assert_eq!(of(21, 1), refused("", StringsFault::TooManyLanguages));
}
