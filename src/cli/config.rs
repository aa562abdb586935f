//! `parlor config`: what a server would go by.

use std::io::{self, Write};

use super::args::PrintConfig;
use super::{Failure, tell};
use crate::config::{Config, document};

impl PrintConfig {
    pub(super) fn run(self) -> Result<(), Failure> {
        if self.example {
            return print(&document::example());
        }
        let (is_checked, source) = (self.check, self.into_source());
        for doubt in source.doubts() {
            tell(&format!("parlor: {doubt}"));
        }
        let config = Config::new(source.read()?)?;
        if let Some(doubt) = config.password_doubt() {
            tell(&format!("parlor: {doubt}"));
        }
        match is_checked {
            true => Ok(()),
            false => print(&document::effective(&config)),
        }
    }
}

fn print(text: &str) -> Result<(), Failure> {
    match io::stdout().lock().write_all(text.as_bytes()) {
        // The reader has seen enough, as in `| head`.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::Failed(format!("standard output: {error}")))
        }
        _ => Ok(()),
    }
}
