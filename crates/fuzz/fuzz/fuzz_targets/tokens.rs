//! Runs `chatloom_fuzz::tokens` for `cargo fuzz`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| chatloom_fuzz::tokens(data));
