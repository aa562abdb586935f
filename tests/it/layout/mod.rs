//! The shape of the source: `house` is the plan, `rules` hold the files of `src/` to it.
//!
//! The rules read whole files. Comments, literals and tests are taken out wherever they stand, and imports
//! are followed from file to file, so that what is far away is found as well as what is written down.
//! `proofs` plants faults and expects them to be found.

mod house;
mod imports;
mod rules;
mod source;

mod proofs;

use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use house::HOUSE;
use rules::{Plan, Tree};

/// The files of `src/`.
static TREE: LazyLock<Tree> = LazyLock::new(|| {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut tree = Tree::new();
    collect(&root, &root, &mut tree);
    tree
});

static PLAN: LazyLock<Plan> = LazyLock::new(|| Plan::of(&TREE));

#[test]
fn every_file_is_in_a_room_and_every_room_has_a_file() {
    expect_none(&rules::rooms(&PLAN, &TREE, &HOUSE));
}

#[test]
fn imports_go_to_lower_floors_only() {
    expect_none(&rules::floors(&PLAN, &HOUSE));
}

#[test]
fn no_rooms_know_each_other_in_a_circle() {
    expect_none(&rules::circles(&PLAN, &HOUSE));
}

#[test]
fn nobody_reaches_what_it_must_not_over_however_many_files() {
    expect_none(&rules::nevers(&PLAN, &HOUSE));
}

#[test]
fn pure_rooms_know_no_runtime_no_sockets_no_files_and_no_clock() {
    expect_none(&rules::purity(&PLAN, &HOUSE));
}

#[test]
fn the_module_file_of_a_folder_is_its_mod_rs() {
    expect_none(&rules::module_files(&TREE));
}

#[test]
fn no_file_is_hidden_from_these_rules_or_from_the_compiler() {
    expect_none(&rules::visibility(&PLAN, &TREE));
}

#[test]
fn main_is_short_and_no_file_is_long() {
    expect_none(&rules::lengths(&TREE));
}

fn expect_none(faults: &[String]) {
    let many = faults.len();
    assert!(faults.is_empty(), "{many} faults:\n{}", faults.join("\n"));
}

fn collect(root: &Path, folder: &Path, tree: &mut Tree) {
    for entry in fs::read_dir(folder).expect("a folder of sources") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            collect(root, &path, tree);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let name = path.strip_prefix(root).expect("a path below the root");
            let name = name.to_str().expect("a name in UTF-8");
            let text = fs::read_to_string(&path).expect("a source file");
            tree.insert(name.replace('\\', "/"), text);
        }
    }
}
