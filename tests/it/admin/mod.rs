//! Operators of a running server: `parlor admin`, the socket under it, `\admin` and `\report`.

mod attacks;
mod bans;
mod chat;
mod socket;

use std::path::PathBuf;
use std::process::Output;

use serde_json::Value;
use tempfile::TempDir;

use crate::harness::{Client, PASSWORD, Server, run};

/// A place for a server and its socket, which ends with the test.
struct Place {
    folder: TempDir,
}

impl Place {
    fn new() -> Place {
        Place {
            folder: TempDir::new().expect("a directory"),
        }
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("admin.sock")
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("chat.db")
    }

    /// A server without a file.
    fn server(&self, more: &[&str]) -> Server {
        let socket = self.socket();
        let socket = socket.to_str().expect("UTF-8");
        Server::start(&[&["--admin", socket, "--rate", "0"], more].concat())
    }

    /// A server with a file, and Dai as its operator.
    fn server_with_file(&self, more: &[&str]) -> Server {
        let file = self.file();
        let file = file.to_str().expect("UTF-8");
        self.server(&[&["--data", file, "--operator", "Dai"], more].concat())
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let socket = self.socket();
        let socket = socket.to_str().expect("UTF-8");
        run(&[&["admin", "--socket", socket], arguments].concat())
    }

    /// What `parlor admin COMMAND` answers, which is done.
    fn ask(&self, command: &str) -> String {
        let output = self.run(&[command]);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        assert!(output.status.success(), "{command}: {output:?}");
        assert_eq!(text(&output.stderr), "", "{command}");
        text(&output.stdout)
    }

    /// What is said of a command that is not done.
    fn refused(&self, command: &str) -> String {
        let output = self.run(&[command]);
        assert_eq!(output.status.code(), Some(1), "{command}: {output:?}");
        assert_eq!(String::from_utf8_lossy(&output.stdout), "", "{command}");
        String::from_utf8_lossy(&output.stderr).into_owned()
    }

    fn json(&self, command: &str) -> Value {
        let output = self.run(&["--json", command]);
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
    }

    /// The connections, as JSON.
    fn connections(&self) -> Vec<Value> {
        match self.json("list") {
            Value::Array(rows) => rows,
            other => panic!("{other}"),
        }
    }

    /// The number of the connection of whoever is called so.
    fn id_of(&self, name: &str) -> u64 {
        let rows = self.connections();
        let row = rows.iter().find(|row| row["name"] == name);
        let id = row.and_then(|row| row["id"].as_u64());
        id.unwrap_or_else(|| panic!("{name} is not among {rows:?}"))
    }
}

fn log_in(client: &mut Client, name: &str) {
    client.line(format!("\\login {name}"));
    client.expect(&format!("Password of {name}: "));
    client.line(PASSWORD);
}
