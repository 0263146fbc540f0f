//! `customCss`: the declarations that the widget understands, and the many that it must never see.

use chatloom_domain::customization::{CssFault, Customization, CustomizationFault, Data};
use proptest::prelude::*;

fn check(css: &str) -> Result<(), CssFault> {
    let parsed = Customization::parse([("customCss".to_owned(), Data::Text(css.to_owned()))].into());
    let Err(error) = parsed else {
        return Ok(());
    };
    assert_eq!(error.field(), "customization.customCss");
    match error.fault() {
        CustomizationFault::Css(fault) => Err(fault),
        other => panic!("{css}: {other}"),
    }
}

#[test]
fn declarations_of_the_known_properties_are_kept() {
    let good = [
        "",
        " \n ",
        "--chatloom-radius: 0px",
        "--chatloom-radius:32px;",
        "\t--chatloom-radius\r\n:\u{c} 7px ;\n",
        "--chatloom-font: sans-serif",
        "--chatloom-font: Inter, \"Source Sans 3\",'Noto Sans JP' , -apple-system, Helvetica Neue, system-ui",
        "--chatloom-font: \"ＭＳ ゴシック\", \"inherit\"",
        "--chatloom-font-size: 13px; --chatloom-width: 320px; --chatloom-height: 900px",
        "--chatloom-launcher-size: 80px; --chatloom-offset-x: 200px; --chatloom-offset-y: 0px",
        "--chatloom-z-index: 1",
        "--chatloom-z-index: 2147483000;--chatloom-font-size: 20px;",
    ];
    for css in good {
        assert_eq!(check(css), Ok(()), "{css}");
    }
    let padded = format!("--chatloom-z-index: 1;{}", " ".repeat(1_000 - 22));
    assert_eq!(check(&padded), Ok(()));
    assert_eq!(check(&format!("{padded} ")), Err(CssFault::TooLong));
}

#[test]
fn only_a_text_can_be_declarations() {
    for value in [Data::Int(1), Data::List(vec![]), Data::Object([].into())] {
        let error = Customization::parse([("customCss".to_owned(), value)].into()).unwrap_err();
        assert_eq!(error.fault(), CustomizationFault::Css(CssFault::TooLong));
    }
}

#[test]
fn what_is_no_list_of_declarations_is_refused() {
    for css in
        ["x", ";", "--chatloom-radius", "--chatloom-radius: 1px;;", "--chatloom-radius: 1px; x", "}", "/**/"]
    {
        assert_eq!(check(css), Err(CssFault::Form), "{css}");
    }
}

#[test]
fn other_properties_are_refused() {
    let bad = [
        "color: red",
        ": 1px",
        "--chatloom-radius-x: 1px",
        "--Chatloom-Radius: 1px",
        "chatloom-radius: 1px",
        "--chatloom-accent: red",
        "--chatloom-radi\\75s: 1px",
        "/**/--chatloom-radius: 1px",
        "--chatloom-radius/**/: 1px",
        "\u{a0}--chatloom-radius: 1px",
        "background: url(https://evil.example/?)",
        "} :host { color: red",
        "@import 'https://evil.example'; --chatloom-radius: 1px; a: b",
        "--chatloom-radius: 1px; position: fixed",
    ];
    for css in bad {
        let fault = check(css);
        assert!(matches!(fault, Err(CssFault::Property | CssFault::Form)), "{css}: {fault:?}");
    }
}

#[test]
fn a_property_is_set_once() {
    let twice = "--chatloom-radius: 1px; --chatloom-z-index: 5; --chatloom-radius: 2px";
    assert_eq!(check(twice), Err(CssFault::Twice("--chatloom-radius")));
}

#[test]
fn lengths_and_numbers_are_whole_and_within_their_range() {
    let ranges = [
        ("--chatloom-radius", 0, 32, "px"),
        ("--chatloom-font-size", 13, 20, "px"),
        ("--chatloom-width", 320, 640, "px"),
        ("--chatloom-height", 400, 900, "px"),
        ("--chatloom-launcher-size", 44, 80, "px"),
        ("--chatloom-offset-x", 0, 200, "px"),
        ("--chatloom-offset-y", 0, 200, "px"),
        ("--chatloom-z-index", 1, 2_147_483_000_i64, ""),
    ];
    for (name, least, most, unit) in ranges {
        for number in [least, most] {
            assert_eq!(check(&format!("{name}: {number}{unit}")), Ok(()), "{name}");
        }
        let other = if unit.is_empty() { "px" } else { "" };
        let wrong = [
            format!("{}{unit}", least - 1),
            format!("{}{unit}", most + 1),
            format!("{least}{other}"),
            format!("+{least}{unit}"),
            format!("{least}.5{unit}"),
            format!("{least} {unit}x"),
            format!("{least}{unit} !important"),
            format!("{least}{unit}/**/"),
            format!("calc({least}{unit})"),
            format!("99999999999999999999{unit}"),
            "1e1px".to_owned(),
            "１px".to_owned(),
            "var(--x)".to_owned(),
            "inherit".to_owned(),
            unit.to_owned(),
        ];
        for value in wrong {
            assert!(check(&format!("{name}: {value}")).is_err(), "{name}: {value}");
        }
    }
}

#[test]
fn families_are_names_and_nothing_else() {
    let bad = [
        "",
        ",",
        "Inter,",
        "\"\"",
        "' '",
        "\"Inter",
        "\"Inter'",
        "\"",
        "Inter\"",
        "\"a\" \"b\"",
        "\"a\"b",
        "\"a\\\"b\"",
        "\"a,b\"",
        "\"a\nb\"",
        "\"a{b\"",
        "'a\u{2028}b'",
        "'a\u{0}b'",
        "3d",
        "--x",
        "-",
        "inherit",
        "INITIAL, serif",
        "revert-layer",
        "url(https://evil.example/f)",
        "local(Inter)",
        "var(--x)",
        "expression(alert(1))",
        "Inter !important",
        "Inter /* x */",
        "Int\\65r",
        "a}b",
        "a:b",
        "@x",
        "ünter",
        "'</style><script>'",
    ];
    for value in bad {
        let css = format!("--chatloom-font: {value}");
        assert_eq!(check(&css), Err(CssFault::Families("--chatloom-font")), "{css}");
    }
    // Not even in quotes may there be a semicolon.
    assert!(check("--chatloom-font: \"a;b\"").is_err());
    assert!(check("--chatloom-font: 'a; color: red'").is_err());
}

#[test]
fn an_error_names_the_property_and_its_rule() {
    let say = |css| format!("customization.customCss {}", check(css).unwrap_err());
    assert_eq!(
        say("--chatloom-radius: 33px"),
        "customization.customCss must set --chatloom-radius to a whole number of px from 0px to 32px"
    );
    assert_eq!(
        say("--chatloom-z-index: 0"),
        "customization.customCss must set --chatloom-z-index to a whole number from 1 to 2147483000"
    );
    assert_eq!(
        say("color: red"),
        "customization.customCss must only set --chatloom-radius, --chatloom-font, --chatloom-font-size, \
         --chatloom-width, --chatloom-height, --chatloom-launcher-size, --chatloom-offset-x, --chatloom-offset-y, \
         --chatloom-z-index"
    );
}

proptest! {
    #![proptest_config(crate::config())]

    /// Pieces of CSS in any order: whatever is accepted cannot leave the declarations of its rule.
    #[test]
    fn what_is_accepted_has_no_character_that_means_anything_else(
        pieces in prop::collection::vec(
            prop::sample::select(vec![
                "--chatloom-font", "--chatloom-radius", ":", ":", ";", " ", "\n", "1px", "Inter", "\"", "'", ",", "a b",
                "{", "}", "(", ")", "\\", "/*", "*/", "@import", "!important", "url(", "<", ">", "\u{a0}",
            ]),
            0..8,
        ),
    ) {
        let css = pieces.concat();
        if check(&css).is_ok() {
            prop_assert!(!css.contains(['{', '}', '(', ')', '\\', '/', '*', '@', '!', '<', '>', '\u{a0}']), "{css}");
            prop_assert_eq!(css.matches('"').count() % 2, 0);
            prop_assert_eq!(css.matches('\'').count() % 2, 0);
        }
    }
}
