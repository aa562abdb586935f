//! The shape of the source: pure files stay pure, `room` knows no terminals.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Files in which bytes and time come in as arguments and values go out.
const PURE: &[&str] = &[
    "limits", "telnet", "line", "charset", "text", "name", "topic", "account", "message", "ignore",
    "request", "session", "view", "clock", "draw", "screen", "foreign", "rate",
];

/// What would make them impure: the runtime, channels, sockets, files, threads, clocks.
const IMPURE: &[&str] = &[
    "smol",
    "async_",
    "futures_lite",
    "async fn",
    ".await",
    "std::net",
    "net::",
    "std::fs",
    "fs::",
    "std::io",
    "std::thread",
    "SystemTime",
    "Instant::now",
    "Timestamp::now",
    "Zoned::now",
];

/// A file, and the modules above it that it must not know.
const ARROWS: &[(&str, &[&str])] = &[
    (
        "room",
        &[
            "telnet",
            "line",
            "session",
            "lobby",
            "connection",
            "server",
            "config",
        ],
    ),
    (
        "store",
        &[
            "telnet",
            "line",
            "session",
            "view",
            "room",
            "lobby",
            "connection",
            "server",
            "config",
        ],
    ),
    (
        "session",
        &["room", "lobby", "connection", "server", "config"],
    ),
    (
        "view",
        &[
            "room",
            "lobby",
            "connection",
            "server",
            "session",
            "telnet",
            "line",
        ],
    ),
    (
        "message",
        &[
            "room",
            "lobby",
            "connection",
            "server",
            "session",
            "telnet",
            "line",
        ],
    ),
    (
        "draw",
        &[
            "room",
            "lobby",
            "connection",
            "server",
            "session",
            "telnet",
            "line",
            "screen",
            "view",
        ],
    ),
    (
        "screen",
        &[
            "room",
            "lobby",
            "connection",
            "server",
            "session",
            "telnet",
            "view",
        ],
    ),
    (
        "line",
        &[
            "room",
            "lobby",
            "connection",
            "server",
            "session",
            "telnet",
            "screen",
            "draw",
            "view",
            "message",
        ],
    ),
    (
        "lobby",
        &[
            "connection",
            "server",
            "session",
            "telnet",
            "line",
            "screen",
            "draw",
        ],
    ),
    (
        "text",
        &[
            "room",
            "lobby",
            "connection",
            "server",
            "session",
            "telnet",
            "line",
            "view",
            "message",
            "name",
        ],
    ),
    (
        "telnet",
        &[
            "room",
            "lobby",
            "connection",
            "server",
            "session",
            "line",
            "view",
            "message",
        ],
    ),
];

#[test]
fn pure_files_know_no_runtime_no_sockets_and_no_clock() {
    for module in PURE {
        for (path, code) in sources(module) {
            for word in IMPURE {
                assert!(
                    !mentions(&code, word),
                    "{} is pure and mentions `{word}`",
                    path.display()
                );
            }
        }
    }
}

#[test]
fn arrows_between_files_go_one_way() {
    for (module, above) in ARROWS {
        for (path, code) in sources(module) {
            for other in *above {
                let known = code.contains(&format!("crate::{other}::"))
                    || code.contains(&format!("crate::{other};"));
                assert!(!known, "{} must not know `{other}`", path.display());
            }
        }
    }
}

#[test]
fn main_is_short_and_no_file_is_long() {
    let mut files = Vec::new();
    collect(&root(), &mut files);
    for path in files {
        let lines = fs::read_to_string(&path)
            .expect("a source file")
            .lines()
            .count();
        let most = if path.ends_with("src/main.rs") {
            60
        } else {
            600
        };
        assert!(
            lines <= most,
            "{} has {lines} lines; at most {most}",
            path.display()
        );
    }
}

/// True if `code` has `word` and it does not go on to the left: `net::` is not in `telnet::`.
fn mentions(code: &str, word: &str) -> bool {
    code.match_indices(word).any(|(at, _)| {
        !code[..at].ends_with(|before: char| before.is_alphanumeric() || before == '_')
    })
}

/// The files of a module and their code, without comments and without their tests.
fn sources(module: &str) -> Vec<(PathBuf, String)> {
    let mut files = Vec::new();
    let file = root().join(format!("{module}.rs"));
    if file.is_file() {
        files.push(file);
    }
    let folder = root().join(module);
    if folder.is_dir() {
        collect(&folder, &mut files);
    }
    assert!(!files.is_empty(), "there is no module `{module}`");
    files.retain(|path| !path.ends_with("tests.rs"));
    files
        .into_iter()
        .map(|path| (path.clone(), code(&path)))
        .collect()
}

fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).expect("a source file");
    let (code, _tests) = text.split_once("#[cfg(test)]").unwrap_or((&text, ""));
    code.lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .fold(String::new(), |all, line| all + line + "\n")
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder of sources") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}
