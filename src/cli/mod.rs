//! The command line: its arguments, and what the program does instead of serving.

pub mod args;
pub mod tools;
