//! Runs `chatloom_fuzz::streams` for `cargo fuzz`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| chatloom_fuzz::streams(data));
