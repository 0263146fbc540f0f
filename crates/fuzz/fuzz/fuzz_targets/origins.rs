//! Runs `chatloom_fuzz::origins` for `cargo fuzz`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| chatloom_fuzz::origins(data));
