//! What the fuzz targets promise holds for every file of their seed corpus.

use std::fs;
use std::path::Path;

// It is also a library of its own, where everything public can be reached.
#[allow(unreachable_pub)]
#[path = "../../fuzz/src/lib.rs"]
mod targets;

#[test]
fn the_decoder_keeps_its_promises() {
    run("decoder", targets::decoder);
}

#[test]
fn the_negotiation_keeps_its_promises() {
    run("negotiation", targets::negotiation);
}

#[test]
fn the_editor_keeps_its_promises() {
    run("editor", targets::editor);
}

#[test]
fn text_keeps_its_promises() {
    run("text", targets::text);
}

#[test]
fn wrapping_keeps_its_promises() {
    run("wrapping", targets::wrapping);
}

#[test]
fn charsets_keep_their_promises() {
    run("charsets", targets::charsets);
}

#[test]
fn names_keep_their_promises() {
    run("names", targets::names);
}

/// Gives every file of a corpus to its target. The last file named in the output of a failure is the one.
fn run(name: &str, target: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
    let entries = fs::read_dir(folder.join(name)).expect("a folder of inputs");
    let mut paths: Vec<_> = entries
        .map(|entry| entry.expect("an entry").path())
        .collect();
    paths.sort();
    assert!(!paths.is_empty(), "there is no input");
    for path in paths {
        println!("{}", path.display());
        target(&fs::read(&path).expect("an input"));
    }
}
