//! Cleaning, measuring and cutting: see `parlor_fuzz::text`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| parlor_fuzz::text(data));
