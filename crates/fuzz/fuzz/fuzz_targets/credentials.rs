//! Runs `chatloom_fuzz::credentials` for `cargo fuzz`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| chatloom_fuzz::credentials(data));
