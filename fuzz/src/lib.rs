//! What the fuzz targets check: functions of any bytes, which panic where a promise of the code is broken.
//!
//! `fuzz_targets` gives them what libFuzzer makes up. `tests/it/fuzz_corpus.rs` gives them every file of `corpus`
//! and needs neither a nightly toolchain nor cargo-fuzz. New inputs go into the first folder that is named, which
//! git ignores, so that the corpus stays small and readable:
//!
//! ```sh
//! mkdir -p fuzz/found/text
//! cargo +nightly fuzz run text fuzz/found/text fuzz/corpus/text -- -max_total_time=600
//! ```

#![forbid(unsafe_code)]

mod charsets;
mod decoder;
mod negotiation;

mod editor;

mod names;
mod text;
mod wrapping;

pub use charsets::charsets;
pub use decoder::decoder;
pub use editor::editor;
pub use names::names;
pub use negotiation::negotiation;
pub use text::text;
pub use wrapping::wrapping;
