//! The Telnet decoder: see `parlor_fuzz::decoder`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| parlor_fuzz::decoder(data));
