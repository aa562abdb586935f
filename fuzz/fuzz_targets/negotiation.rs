//! The option machine and the negotiation: see `parlor_fuzz::negotiation`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| parlor_fuzz::negotiation(data));
