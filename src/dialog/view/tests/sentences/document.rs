//! `docs/sentences.md`: the list for people.

use std::{env, fs};

use super::*;

const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/sentences.md");

/// What has to be set for the test to write the document.
const UPDATE: &str = "PARLOR_UPDATE";

const HEAD: &str = "\
# What the server says

This is every sentence that the server can say to a client, each below what leads to it, as a screen of 80 columns shows
it. It is written by `PARLOR_UPDATE=1 cargo test --lib sentences`, from the words in `src/dialog/view` and the list in
`src/dialog/view/tests/sentences`, and a test compares it with them.
";

/// The document as it is to be.
fn document() -> String {
    let display = display(Drawing::Character, 80);
    let mut out = HEAD.to_owned();
    for (subject, sentences) in sentences() {
        out += &format!("\n## {subject}\n");
        for sentence in sentences {
            out += &format!("\n{}:\n\n", sentence.trigger);
            for row in shortened(sentence.drawn(&display)) {
                let row = format!("    {row}");
                out += row.trim_end();
                out.push('\n');
            }
        }
    }
    out
}

/// The beginning and the end of a list that fills a screen.
fn shortened(mut rows: Vec<String>) -> Vec<String> {
    const ROWS_MAX: usize = 24;
    if rows.len() > ROWS_MAX {
        rows.splice(4..rows.len() - 2, ["…".to_owned()]);
    }
    rows
}

#[test]
fn the_document_of_all_sentences_is_up_to_date() {
    let document = document();
    if env::var_os(UPDATE).is_some() {
        fs::write(DOCUMENT, &document).expect("a file that can be written");
    }
    let found = fs::read_to_string(DOCUMENT).unwrap_or_default();
    // Told row by row: the whole is too much to read.
    let rows = found.lines().map(Some).chain([None]);
    for (number, (found, row)) in rows
        .zip(document.lines().map(Some).chain([None]))
        .enumerate()
    {
        assert_eq!(
            found,
            row,
            "docs/sentences.md:{}: to write it anew, run {UPDATE}=1 cargo test --lib sentences",
            number + 1
        );
    }
}
