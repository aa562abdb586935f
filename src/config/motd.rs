//! What everybody is shown before the menu, from a file.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use crate::limits::{MOTD_BYTES_MAX, MOTD_ROWS_MAX};
use crate::text;

/// Reads the file: clean rows, each ended by `\n`; `None` if it has nothing visible.
///
/// # Errors
///
/// Why not, for the operator, if the file cannot be read or is too long.
pub(super) fn read(path: &Path) -> Result<Option<Arc<str>>, String> {
    let bytes = read_bytes(path).map_err(|error| format!("it cannot be read: {error}"))?;
    rows(&bytes)
}

/// Reads one byte more than is allowed, at most: the file may be of any size.
fn read_bytes(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let most = MOTD_BYTES_MAX as u64 + 1;
    File::open(path)?.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn rows(bytes: &[u8]) -> Result<Option<Arc<str>>, String> {
    if bytes.len() > MOTD_BYTES_MAX {
        return Err(format!(
            "it has more than {MOTD_BYTES_MAX} bytes; please shorten it"
        ));
    }
    let mut rows = String::new();
    let mut count = 0;
    for row in bytes
        .strip_suffix(b"\n")
        .unwrap_or(bytes)
        .split(|byte| *byte == b'\n')
    {
        rows.push_str(&text::clean(row));
        rows.push('\n');
        count += 1;
    }
    if count > MOTD_ROWS_MAX {
        return Err(format!(
            "it has {count} rows; at most {MOTD_ROWS_MAX} are allowed"
        ));
    }
    Ok(rows.contains(text::is_visible).then(|| Arc::from(rows)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_cleaned_and_end_alike() {
        let table: &[(&[u8], Option<&str>)] = &[
            (b"hello", Some("hello\n")),
            (b"hello\r\n\r\nworld\r\n", Some("hello\n\nworld\n")),
            (
                b"\x1b[2Jred\x07\talert\xff\n\n",
                Some("red alert\u{FFFD}\n\n"),
            ),
            (b"", None),
            (b"\n \n\x1b[2J", None),
        ];
        for (bytes, expected) in table {
            let rows = rows(bytes).expect("short enough");
            assert_eq!(rows.as_deref(), *expected, "{bytes:?}");
        }
    }

    #[test]
    fn what_is_too_long_is_refused() {
        let (many, few) = ("x\n".repeat(MOTD_ROWS_MAX + 1), "x\n".repeat(MOTD_ROWS_MAX));
        assert!(rows(few.as_bytes()).is_ok());
        let error = rows(many.as_bytes()).expect_err("too many rows");
        assert_eq!(error, "it has 25 rows; at most 24 are allowed");
        assert!(rows(&vec![b'x'; MOTD_BYTES_MAX]).is_ok());
        let error = rows(&vec![b'x'; MOTD_BYTES_MAX + 1]).expect_err("too many bytes");
        assert_eq!(error, "it has more than 6144 bytes; please shorten it");
    }
}
