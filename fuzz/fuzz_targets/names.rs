//! Names of people and rooms: see `parlor_fuzz::names`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| parlor_fuzz::names(data));
