//! The keys, the editor and the row of character mode: see `parlor_fuzz::editor`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| parlor_fuzz::editor(data));
