//! Runs the transcripts of `PROTOCOL.md` against a server, so that the document cannot drift.
//!
//! A fenced block whose info string starts with `transcript` is one dialogue with a server of its own;
//! what follows on the info line are arguments for that server, among which `FILE` stands for a new file. Its lines, each with an optional
//! name before it where several clients take part:
//!
//! ````text
//! ```transcript --history 3
//! # a comment
//! S: anon>                     the server sends this line
//! C: 4                         the client sends this line, ended by LF
//! Dai C: hello                 the client called Dai sends a line; a client connects at its first line
//! Dai S: [22:44:27] Dai: hello     any time of day fits a time
//! S: ...                       any lines, up to the next line of this client
//! C= ff fd 06                  the client sends these bytes
//! S= ff fb 06  # WILL TM       the server sends these bytes next; what is behind # is for the reader
//! E: end of input              the client closes its side, as `nc -N` does
//! E: closed                    the server closes, having sent nothing more
//! ```
//! ````
//!
//! What the server sends must be exactly what stands there. Lines of one client that follow each other are
//! separated by a newline (LF or CR LF); a newline ends the last of them unless it is a prompt, which is
//! known by what comes next: a line the client sends, or the end of the block. A space at the end of a line may be
//! left out in the document. Bytes follow directly on what was matched before, and what follows on bytes does
//! too; behind `...` they may be further down.

use std::collections::BTreeMap;
use std::fs;

use tempfile::TempDir;

use crate::harness::{Client, Server};

const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/PROTOCOL.md");

#[test]
fn the_transcripts_in_protocol_md_are_what_the_server_does() {
    let document = fs::read_to_string(DOCUMENT).expect("PROTOCOL.md is there");
    let blocks = blocks(&document);
    assert!(
        blocks.len() >= 3,
        "only {} transcripts in PROTOCOL.md",
        blocks.len()
    );
    for block in &blocks {
        println!("the transcript at line {} of PROTOCOL.md", block.line);
        play(block);
    }
}

#[test]
fn the_format_of_the_transcripts_does_what_it_says() {
    let document = "\
text
```transcript --history 1
# two people
ann S: ...
ann S: ===================================
ann S: anon>
ann C: 3
ann S: There are no created rooms yet
ann S: ...
ann S: anon>
ann C: \\name ann
ann S: ...
ann S: ann>
ann C: 1
ann S: Enter room name you wish to create:
ann C: r
ann S: Create room r successful
ann S: ...
ann S: ann>
ann C: 2
ann S: Please enter room number:
ann C: r
ann S: ...
ann S: ------------ Room r ------------
ann S: ann>
ann C: hi
ann S: [22:44:27] ann: hi
ann S: ann>
ben C: 2
ben C: r
ben S: ...
ben S: [HH:MM:SS] ann: hi
ben S: anon>
ann S: * anon joined
ann S: ann>
ben C= ff fd 06      # DO TIMING-MARK
ben S= ff fb 06 0a   # WILL TIMING-MARK, and the prompt anew
ben S: anon>
ben C= ff fd 06 68 6f 0a
ben S: ...
ben S= 61 6e 6f 6e 3a 20
ben S: ho
ben S: anon>
ann S: [HH:MM:SS] anon: ho
ann S: ann>
ben E: end of input
ben E: closed
ann S: * anon left
ann S: ann>
ann C: \\quit
ann S: Goodbye.
ann E: closed
```
";
    let blocks = blocks(document);
    assert_eq!(blocks.len(), 1);
    assert_eq!(blocks[0].arguments, ["--history", "1"]);
    play(&blocks[0]);
}

/// One fenced block.
struct Block {
    /// The line of its fence in the document, from 1.
    line: usize,
    arguments: Vec<String>,
    steps: Vec<Step>,
}

/// One line of a block.
struct Step {
    line: usize,
    who: String,
    act: Act,
}

enum Act {
    Send(Vec<u8>),
    Expect(String),
    ExpectBytes(Vec<u8>),
    Skip,
    EndInput,
    Closed,
}

/// Where a client stands between two lines.
struct Player {
    client: Client,
    /// The last line of the server has been matched and its end has not.
    open: bool,
    /// `...` came: the next line may be further down.
    skip: bool,
}

fn play(block: &Block) {
    let folder = TempDir::new().expect("a directory");
    let file = folder.path().join("chat.db").to_string_lossy().into_owned();
    let argument = |argument: &String| match argument.as_str() {
        "FILE" => file.clone(),
        _ => argument.clone(),
    };
    let arguments: Vec<String> = block.arguments.iter().map(argument).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let server = Server::start(&arguments);
    let mut players: BTreeMap<&str, Player> = BTreeMap::new();
    for step in &block.steps {
        println!("line {}", step.line);
        let player = players.entry(&step.who).or_insert_with(|| Player {
            client: server.client(if step.who.is_empty() {
                "client"
            } else {
                &step.who
            }),
            open: false,
            skip: false,
        });
        player.take(&step.act);
    }
}

impl Player {
    fn take(&mut self, act: &Act) {
        match act {
            Act::Send(bytes) => {
                if self.open {
                    self.client.skip_optional(b' ');
                }
                self.open = false;
                self.client.send(bytes);
            }
            Act::Expect(line) if self.skip => {
                self.client.expect(line);
                (self.skip, self.open) = (false, true);
            }
            Act::Expect(line) => {
                self.end_line();
                self.client.expect_next(line);
                self.open = true;
            }
            Act::ExpectBytes(bytes) if self.skip => {
                self.client.expect_bytes(bytes);
                (self.skip, self.open) = (false, false);
            }
            Act::ExpectBytes(bytes) => {
                if self.open {
                    self.client.skip_optional(b' ');
                }
                self.client.expect_next_bytes(bytes);
                self.open = false;
            }
            Act::Skip => self.skip = true,
            Act::EndInput => self.client.shutdown_write(),
            Act::Closed => {
                let rest = self.client.expect_eof();
                assert!(
                    self.skip || rest.trim().is_empty(),
                    "more came before the end: {rest:?}"
                );
            }
        }
    }

    /// Matches the end of the server's last line, if it is still open.
    fn end_line(&mut self) {
        if self.open {
            self.client.skip_optional(b' ');
            self.client.expect_next("\n");
        }
    }
}

/// All transcripts of a document.
fn blocks(document: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut current: Option<Block> = None;
    for (index, line) in document.lines().enumerate() {
        let number = index + 1;
        if let Some(mut block) = current.take() {
            if line.trim_end() == "```" {
                blocks.push(block);
            } else {
                block.steps.extend(step(line, number));
                current = Some(block);
            }
        } else if let Some(info) = line.strip_prefix("```transcript") {
            let arguments = info.split_whitespace().map(str::to_owned).collect();
            current = Some(Block {
                line: number,
                arguments,
                steps: Vec::new(),
            });
        }
    }
    assert!(current.is_none(), "a transcript is not closed");
    blocks
}

/// One line of a block; `None` for an empty line and a comment.
fn step(line: &str, number: usize) -> Option<Step> {
    if line.trim().is_empty() || line.starts_with('#') {
        return None;
    }
    let (who, rest) = match line.split_once(' ') {
        Some((who, rest)) if !is_mark(who) => (who, rest),
        _ => ("", line),
    };
    let (mark, text) = rest.split_at_checked(2).unwrap_or((rest, ""));
    let text = text.strip_prefix(' ').unwrap_or(text);
    let act = match (mark, text.trim_end()) {
        ("C:", _) => Act::Send(format!("{text}\n").into_bytes()),
        ("S:", "...") => Act::Skip,
        ("S:", line) => Act::Expect(times_opened(line)),
        ("C=", hex) => Act::Send(bytes(hex, number)),
        ("S=", hex) => Act::ExpectBytes(bytes(hex, number)),
        ("E:", "end of input") => Act::EndInput,
        ("E:", "closed") => Act::Closed,
        _ => panic!("line {number} of PROTOCOL.md is no line of a transcript: {line:?}"),
    };
    Some(Step {
        line: number,
        who: who.to_owned(),
        act,
    })
}

fn is_mark(word: &str) -> bool {
    matches!(word, "C:" | "S:" | "C=" | "S=" | "E:")
}

fn times_opened(line: &str) -> String {
    crate::harness::times_blanked(line)
}

fn bytes(hex: &str, number: usize) -> Vec<u8> {
    hex.split_once('#')
        .map_or(hex, |(bytes, _)| bytes)
        .split_whitespace()
        .map(|byte| {
            u8::from_str_radix(byte, 16)
                .unwrap_or_else(|_| panic!("line {number}: {byte:?} is no byte"))
        })
        .collect()
}
