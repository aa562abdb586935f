//! Character sets of terminals: see `parlor_fuzz::charsets`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| parlor_fuzz::charsets(data));
