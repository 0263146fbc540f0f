//! Runs `chatloom_fuzz::event_ids` for `cargo fuzz`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| chatloom_fuzz::event_ids(data));
