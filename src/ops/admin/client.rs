//! The other side of the admin socket: what `parlor admin` does.

use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;

use crate::limits::ADMIN_LINE_BYTES_MAX;

/// Asks the server at `path` one `command`, in words or as JSON. Gives whether it was done, and the answer: rows, each
/// ended by `\n`. Blocks.
///
/// # Errors
///
/// A sentence for the operator if there was no answer, or not all of it.
pub fn ask(path: &Path, command: &str, as_json: bool) -> Result<(bool, String), String> {
    let failed = |why: String| format!("{}: {why}", path.display());
    if command.contains('\n') || command.len() > ADMIN_LINE_BYTES_MAX - 16 {
        return Err("a command is one row, and no longer than a screen".to_owned());
    }
    let mut socket = UnixStream::connect(path).map_err(|error| failed(explain(&error)))?;
    let prefix = if as_json { "--json " } else { "" };
    let asked = socket.write_all(format!("{prefix}{command}\n").as_bytes());
    // A server that has turned us away has said why.
    let answer = read_answer(BufReader::new(socket));
    match (answer, asked) {
        (Ok(Some(answer)), _) => Ok(answer),
        (_, Err(error)) => Err(failed(format!("the server does not listen: {error}"))),
        (Err(error), _) => Err(failed(format!("the answer cannot be read: {error}"))),
        (Ok(None), _) => Err(failed(
            "the server has closed before it had answered".to_owned(),
        )),
    }
}

/// Whether it was done, and what was answered; `None` if the answer has no end.
fn read_answer(from: impl BufRead) -> io::Result<Option<(bool, String)>> {
    let mut answer = String::new();
    for row in from.lines() {
        let row = row?;
        let row = match row.strip_prefix('.') {
            Some("ok") => return Ok(Some((true, answer))),
            Some("error") => return Ok(Some((false, answer))),
            Some(rest) => rest,
            None => &row,
        };
        answer.push_str(row);
        answer.push('\n');
    }
    Ok(None)
}

fn explain(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => {
            "there is no such socket; is the server running, and with --data or --admin?".to_owned()
        }
        io::ErrorKind::ConnectionRefused => {
            "no server listens there any more; is it running?".to_owned()
        }
        io::ErrorKind::PermissionDenied => {
            "permission denied; only root and the user of the server may".to_owned()
        }
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_up_to_its_end() {
        for (bytes, expected) in [
            (".ok\n", Some((true, ""))),
            ("one\n..ok\n.error\nmore\n", Some((false, "one\n.ok\n"))),
            ("one\n", None),
            ("", None),
        ] {
            let answer = read_answer(bytes.as_bytes()).expect("it can be read");
            let expected = expected.map(|(is_done, text)| (is_done, text.to_owned()));
            assert_eq!(answer, expected);
        }
    }
}
