//! `parlor admin`: an operator asks a running server.

use std::io::{self, Write};
use std::path::PathBuf;

use argh::FromArgs;

use super::{Failure, tell};
use crate::config::AdminPlace;
use crate::ops::admin::client;
use crate::store::place::DataPlace;

/// Ask a running server to do something: parlor admin --data FILE help lists what. Exit code 1 if it was not done.
#[derive(Debug, FromArgs)]
#[argh(subcommand, name = "admin")]
pub struct AskServer {
    /// the server's --admin
    #[argh(option, arg_name = "path")]
    pub socket: Option<PathBuf>,

    /// the server's --data: a file, beside which the socket is by default (otherwise in $RUNTIME_DIRECTORY)
    #[argh(option, arg_name = "file")]
    pub data: Option<DataPlace>,

    /// answer in JSON
    #[argh(switch)]
    pub json: bool,

    /// what to do, and the rest of the command
    #[argh(positional, greedy)]
    pub command: Vec<String>,
}

impl AskServer {
    pub(super) fn run(self) -> Result<(), Failure> {
        let file = self.data.as_ref().and_then(DataPlace::file);
        let usual = AdminPlace::usual(file, std::env::var_os("RUNTIME_DIRECTORY"));
        let path = match (self.socket, usual) {
            (Some(path), _) => path,
            (None, AdminPlace::Usual(path) | AdminPlace::Given(path)) => path,
            (None, AdminPlace::None) => {
                let why = "which server? Give --socket PATH, as its --admin has it, or --data FILE";
                return Err(Failure::Usage(why.to_owned()));
            }
        };
        let (is_done, answer) = client::ask(&path, &self.command.join(" "), self.json)?;
        match is_done || self.json {
            // That nobody wants to read it, or all of it, is no error.
            true => drop(io::stdout().lock().write_all(answer.as_bytes())),
            false => tell(&answer),
        }
        match is_done {
            true => Ok(()),
            false => Err(Failure::Told),
        }
    }
}
