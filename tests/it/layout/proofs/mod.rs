//! That the guard sees: faults planted in the real tree and in small ones, each with what must be said of it.

/// What is read of a file: comments, literals, tests, paths.
mod reading;

use std::collections::BTreeSet;

use super::house::Kind::{Effects, Later, Pure};
use super::house::{HOUSE, House, Never, Room, room};
use super::rules::{self, Plan, Tree};
use super::{PLAN, TREE};

/// A file of a pure room, in which tests have been declared above what is planted.
const PURE_FILE: &str = "chat/room/mod.rs";

/// The real tree with `text` at the end of `file`, and the line at which it begins.
fn planted(file: &str, text: &str) -> (Tree, usize) {
    let mut tree = TREE.clone();
    let Some(real) = tree.get_mut(file) else {
        panic!("there is no {file} to plant something in");
    };
    *real += "\n#[cfg(test)]\nmod planted_tests;\n";
    let line = real.lines().count() + 1;
    *real += text;
    (tree, line)
}

/// What `rule` says of `tree` that it does not say of the real one.
fn new_faults(tree: &Tree, rule: fn(&Plan, &House) -> Vec<String>) -> Vec<String> {
    let old: BTreeSet<String> = rule(&PLAN, &HOUSE).into_iter().collect();
    let mut faults = rule(&Plan::of(tree), &HOUSE);
    faults.retain(|fault| !old.contains(fault));
    faults
}

#[test]
fn an_import_behind_a_test_module_is_refused() {
    let (tree, line) = planted(PURE_FILE, "use crate::dialog::session::Session;\n");
    assert_eq!(
        new_faults(&tree, rules::floors),
        [format!(
            "{PURE_FILE}:{line} -> dialog/session/mod.rs: up from chat/room (50) to dialog/session (71)"
        )]
    );
}

#[test]
fn an_import_by_way_of_another_file_is_refused_with_the_way() {
    let (mut tree, _) = planted(PURE_FILE, "use crate::chat::planted::Planted;\n");
    // A shorter way, if the real tree has one, is none of this test's business.
    tree.retain(|file, _| [PURE_FILE, "store/mod.rs"].contains(&file.as_str()));
    let store = "use crate::store::Store;\npub struct Planted(Store);\n";
    tree.insert("chat/planted.rs".to_owned(), store.to_owned());
    assert_eq!(
        rules::nevers(&Plan::of(&tree), &HOUSE),
        [
            "chat must not reach store: chat/planted.rs -> store/mod.rs".to_owned(),
            format!(
                "chat/room must not reach store: {PURE_FILE} -> chat/planted.rs -> store/mod.rs"
            ),
        ]
    );
}

#[test]
fn a_circle_of_real_rooms_is_refused_with_its_imports() {
    let (tree, line) = planted("chat/name/mod.rs", "use super::room::Room;\n");
    let expected = format!("\n    chat/name/mod.rs:{line} -> {PURE_FILE}");
    let faults = new_faults(&tree, rules::circles);
    let is_told = faults.iter().any(|fault| fault.contains(&expected));
    assert!(is_told, "{expected}\nis not in\n{faults:#?}");
}

#[test]
fn a_real_pure_file_that_opens_files_is_refused() {
    let (tree, line) = planted(PURE_FILE, "use std::{\n    fmt,\n    fs,\n};\n");
    let line = line + 2;
    assert_eq!(
        new_faults(&tree, rules::purity),
        [format!(
            "{PURE_FILE}:{line}: chat/room is pure, and here is `std::fs`"
        )]
    );
}

/// A house of few rooms.
const SMALL: House = House {
    rooms: SMALL_ROOMS,
    nevers: &[Never {
        from: &["words"],
        to: &["store"],
    }],
};

const SMALL_ROOMS: &[Room] = &[
    room(0, "base", Pure, "bounds"),
    room(5, "words/letter", Pure, "what words are made of"),
    room(10, "words", Pure, "what is said"),
    room(15, "words/draw", Pure, "how it looks"),
    room(10, "store", Effects, "where it is kept"),
    room(20, "irc", Later, "what is to come"),
    room(30, "main", Effects, "the program"),
];

/// A tree in which nothing is wrong with `SMALL`.
const GOOD: &[(&str, &str)] = &[
    ("lib.rs", "pub mod base; pub mod store; pub mod words;"),
    (
        "main.rs",
        "use parlor::{store::Store, words}; fn main() { words::draw::row(); }",
    ),
    (
        "base.rs",
        "pub const MOST: usize = 1; // not crate::store::Store",
    ),
    (
        "store/mod.rs",
        "mod file; pub use file::Store; use std::fs; use crate::base::MOST; #[cfg(test)] mod tests;",
    ),
    (
        "store/file.rs",
        "use super::Other; pub struct Store(std::fs::File);",
    ),
    ("store/tests/mod.rs", "mod deep; use crate::words::draw;"),
    ("store/tests/deep.rs", "use crate::main;"),
    (
        "words/mod.rs",
        "pub mod draw; mod letter; use letter::A; #[cfg(test)] use crate::store::Store;",
    ),
    ("words/letter.rs", "use crate::base;"),
    (
        "words/draw.rs",
        "use super::Word; const S: &str = \"use crate::store::Store; smol\";",
    ),
];

fn tree(files: &[(&str, &str)]) -> Tree {
    let owned = |&(path, text): &(&str, &str)| (path.to_owned(), text.to_owned());
    files.iter().map(owned).collect()
}

/// All that is wrong with `GOOD` when `files` are put over it.
fn faults(files: &[(&str, &str)]) -> Vec<String> {
    let mut tree = tree(GOOD);
    tree.extend(self::tree(files));
    let plan = Plan::of(&tree);
    [
        rules::rooms(&plan, &tree, &SMALL),
        rules::floors(&plan, &SMALL),
        rules::circles(&plan, &SMALL),
        rules::nevers(&plan, &SMALL),
        rules::purity(&plan, &SMALL),
        rules::module_files(&tree),
        rules::visibility(&plan, &tree),
        rules::lengths(&tree),
    ]
    .concat()
}

#[test]
fn nothing_is_said_of_a_good_tree() {
    assert_eq!(faults(&[]), [""; 0]);
}

#[test]
fn files_without_a_room_and_rooms_without_a_file_are_told() {
    let cellar = "pub mod base; pub mod store; pub mod words; pub mod cellar;";
    let found = faults(&[("lib.rs", cellar), ("cellar.rs", "")]);
    assert_eq!(found, ["cellar.rs is in no room"]);

    let mut tree = tree(GOOD);
    tree.remove("base.rs");
    let without = rules::rooms(&Plan::of(&tree), &tree, &SMALL);
    assert_eq!(without, ["the room base (bounds) has no file"]);
    // A file that only tests compile is none.
    tree.insert("base.rs".to_owned(), "#![cfg(test)]".to_owned());
    let tests_only = rules::rooms(&Plan::of(&tree), &tree, &SMALL);
    assert_eq!(tests_only, without);

    let misspelt = House {
        nevers: &[Never {
            from: &["words", "wrods"],
            to: &["irc"],
        }],
        ..SMALL
    };
    let tree = self::tree(GOOD);
    assert_eq!(
        rules::rooms(&Plan::of(&tree), &tree, &misspelt),
        ["a never is about wrods, which is no room"]
    );
}

#[test]
fn imports_up_and_sideways_are_told() {
    let up = "use crate::store::Store;\nuse crate::words;";
    let plan = Plan::of(&tree(&[
        ("base.rs", up),
        ("store/mod.rs", ""),
        ("words/mod.rs", ""),
    ]));
    assert_eq!(
        rules::floors(&plan, &SMALL),
        [
            "base.rs:1 -> store/mod.rs: up from base (0) to store (10)",
            "base.rs:2 -> words/mod.rs: up from base (0) to words (10)",
        ]
    );
    let sideways = "fn f() {\n    crate::words::say();\n}";
    let plan = Plan::of(&tree(&[("store/file.rs", sideways), ("words/mod.rs", "")]));
    assert_eq!(
        rules::floors(&plan, &SMALL),
        ["store/file.rs:2 -> words/mod.rs: sideways from store (10) to words (10)"]
    );
}

#[test]
fn a_circle_is_told_in_a_tree_of_another_layout() {
    let files = [
        ("inbox.rs", "use crate::room::Item;"),
        ("room/mod.rs", "mod mailbox;"),
        ("room/mailbox.rs", "\nuse crate::inbox::Inbox;"),
        ("a.rs", "use crate::b::B;"),
        ("b.rs", "use crate::c::C;"),
        ("c.rs", "use crate::a::A; use crate::room;"),
        ("lib.rs", ""),
    ];
    assert_eq!(
        rules::circles(&Plan::of(&tree(&files)), &SMALL),
        [
            "a <-> b <-> c\n    a.rs:1 -> b.rs\n    b.rs:1 -> c.rs\n    c.rs:1 -> a.rs",
            "inbox <-> room\n    inbox.rs:1 -> room/mod.rs\n    room/mailbox.rs:2 -> inbox.rs",
        ]
    );
    // Inside a room everybody may know everybody.
    let room = [
        ("a/mod.rs", "mod b; use b::B;"),
        ("a/b.rs", "use super::A;"),
    ];
    assert_eq!(rules::circles(&Plan::of(&tree(&room)), &SMALL), [""; 0]);
}

#[test]
fn a_never_follows_re_exports_and_planted_neighbours() {
    let words = ("words/mod.rs", "mod say; pub use say::Say;");
    let files = [
        words,
        ("words/say.rs", "use crate::base::Kept;"),
        ("base/mod.rs", "mod kept; pub use self::kept::Kept;"),
        ("base/kept.rs", "pub struct Kept(crate::store::Store);"),
        ("store/mod.rs", ""),
        ("words/draw.rs", "use super::Say;"),
    ];
    assert_eq!(
        rules::nevers(&Plan::of(&tree(&files)), &SMALL),
        [
            "words must not reach store: \
             words/say.rs -> base/mod.rs -> base/kept.rs -> store/mod.rs",
            "words/draw must not reach store: words/draw.rs -> words/mod.rs -> words/say.rs \
             -> base/mod.rs -> base/kept.rs -> store/mod.rs",
        ]
    );
}

#[test]
fn what_makes_a_room_impure_is_told() {
    for (text, word) in [
        ("use smol::Task;", "smol"),
        ("use async_channel::Sender;", "async_"),
        ("async fn f() {}", "async"),
        ("fn f() { g().\n    await; }", ".await"),
        ("use std::{fmt, net::{IpAddr, TcpStream}};", "TcpStream"),
        (
            "use std::time::Instant as Clock; fn f() { Clock::now() }",
            "Instant::now",
        ),
        ("use std::io::{self, Write};", "std::io"),
        (
            "fn f() { let now = std::time::Instant::now(); }",
            "Instant::now",
        ),
        ("fn f(since: Instant) { since.elapsed(); }", ".elapsed"),
        (
            "#[cfg(test)] mod tests; use std::time::SystemTime;",
            "SystemTime",
        ),
    ] {
        let plan = Plan::of(&tree(&[("words/mod.rs", text)]));
        let said = rules::purity(&plan, &SMALL);
        let expected = format!("words/mod.rs:1: words is pure, and here is `{word}`");
        assert_eq!(said, [expected], "{text}");
        let plan = Plan::of(&tree(&[("store/mod.rs", text)]));
        assert_eq!(rules::purity(&plan, &SMALL), [""; 0], "{text}");
    }
    for text in [
        "use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};",
        "use std::time::{Duration, Instant}; fn f(now: Instant) {}",
        "use std::sync::{Mutex, OnceLock, atomic::AtomicU64};",
        "use crate::words::telnet::smolder; // smol",
        "#[cfg(test)] mod tests { use smol::Task; } const A: &str = \"std::fs\";",
    ] {
        let plan = Plan::of(&tree(&[("words/mod.rs", text)]));
        assert_eq!(rules::purity(&plan, &SMALL), [""; 0], "{text}");
    }
}

#[test]
fn module_files_beside_their_folders_are_told() {
    let files = [
        ("store.rs", ""),
        ("store/file.rs", ""),
        ("words/mod.rs", ""),
        ("words/a.rs", ""),
    ];
    assert_eq!(
        rules::module_files(&tree(&files)),
        ["store.rs stands beside store/: it is store/mod.rs"]
    );
}

#[test]
fn files_that_come_in_by_other_ways_or_not_at_all_are_told() {
    let words =
        "pub mod draw; mod letter;\n#[path = \"else.rs\"]\nmod other;\ninclude!(\"it.rs\");";
    assert_eq!(
        faults(&[("words/mod.rs", words), ("words/lost.rs", "")]),
        [
            "words/mod.rs:4: `include!` brings in what nobody sees here",
            "words/mod.rs:2: `#[path` brings in what nobody sees here",
            "words/lost.rs is compiled by nobody: no `mod` declares it",
        ]
    );
}

#[test]
fn long_files_are_told() {
    let long = "\n".repeat(600);
    assert_eq!(
        faults(&[("main.rs", &long[..61]), ("base.rs", &long)]),
        ["main.rs has 61 lines; at most 60"]
    );
    let longer = long + "\n";
    assert_eq!(
        faults(&[("base.rs", &longer)]),
        ["base.rs has 601 lines; at most 600"]
    );
}
