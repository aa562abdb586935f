//! Wrapping lines at the edge of a screen: see `parlor_fuzz::wrapping`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| parlor_fuzz::wrapping(data));
