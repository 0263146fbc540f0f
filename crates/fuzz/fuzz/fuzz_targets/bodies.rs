//! Runs `chatloom_fuzz::bodies` for `cargo fuzz`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| chatloom_fuzz::bodies(data));
