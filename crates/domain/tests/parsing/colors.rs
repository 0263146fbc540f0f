//! CSS hex colours.

use chatloom_domain::customization::Color;
use proptest::prelude::*;

#[test]
fn colours_are_read_in_all_four_notations() {
    let good = [
        ("#abc", [0xaa, 0xbb, 0xcc, 0xff]),
        ("#ABCD", [0xaa, 0xbb, 0xcc, 0xdd]),
        ("#6366f1", [0x63, 0x66, 0xf1, 0xff]),
        ("#6366F180", [0x63, 0x66, 0xf1, 0x80]),
    ];
    for (text, channels) in good {
        assert_eq!(Color::parse(text).map(Color::channels), Ok(channels), "{text}");
    }
    let bad = [
        "",
        "#",
        "#a",
        "#ab",
        "#abcde",
        "#abcdefa",
        "#abcdefabc",
        "abc",
        "##abc",
        "#ggg",
        " #abc",
        "#abc ",
        "#ab\n",
        "#+12",
        "0xabc",
        "#ａｂｃ",
        "#é1",
        "#-1-1-1",
        "white",
        "transparent",
        "var(--x)",
    ];
    for text in bad {
        assert!(Color::parse(text).is_err(), "{text:?}");
    }
}

proptest! {
    #![proptest_config(crate::config())]

    #[test]
    fn a_colour_written_is_the_colour_read(channels: [u8; 4]) {
        let [red, green, blue, alpha] = channels;
        let color = Color::parse(&format!("#{red:02X}{green:02x}{blue:02X}{alpha:02x}")).unwrap();
        prop_assert_eq!(color.channels(), channels);
        prop_assert_eq!(Color::parse(&color.to_string()), Ok(color));
    }

    #[test]
    fn only_hex_digits_make_a_colour(
        text in prop_oneof![any::<String>(), "#\\PC{0,9}", "#[0-9a-fA-F]{0,9}"],
    ) {
        let digits = text.strip_prefix('#').unwrap_or_default();
        let is_hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        prop_assert_eq!(Color::parse(&text).is_ok(), is_hex && matches!(digits.len(), 3 | 4 | 6 | 8));
    }
}
