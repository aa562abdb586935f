//! What is checked of a tree of sources. Each rule gives a line per fault, none if all is well.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::house::{House, Kind, Room, is_inside};
use super::imports::{self, Arrows, Path, Role, module_of, paths};
use super::source::{Module, Source, Token, tokens};

/// What makes a room impure, as tokens: runtime, channels, sockets, files, threads, clocks. A word that
/// ends in `_` stands for all that begin with it.
const IMPURE: &[&str] = &[
    "smol",
    "async_",
    "futures_lite",
    "atomic_waker",
    "async",
    ".await",
    "mpsc",
    "socket2",
    "rustix",
    "rusqlite",
    "TcpStream",
    "TcpListener",
    "UdpSocket",
    "UnixStream",
    "UnixListener",
    "UnixDatagram",
    "ToSocketAddrs",
    "std::fs",
    "std::io",
    "std::thread",
    "std::process",
    "std::env",
    "SystemTime",
    "Instant::now",
    ".elapsed",
    "Timestamp::now",
    "Zoned::now",
    "TimeZone::system",
];

/// The text of each file by its path below `src/`.
pub(super) type Tree = BTreeMap<String, String>;

/// A tree, read.
#[derive(Debug)]
pub(super) struct Plan {
    /// The files of the program; those that only tests compile are left out.
    files: BTreeMap<String, Source>,
    arrows: Arrows,
    /// Every module that some file declares.
    declared: BTreeSet<Module>,
}

impl Plan {
    pub(super) fn of(tree: &Tree) -> Plan {
        let mut files = BTreeMap::new();
        let (mut declared, mut tests) = (BTreeSet::new(), BTreeSet::new());
        for (path, text) in tree {
            let source = Source::read(text);
            let below = |modules: &[Module]| -> Vec<Module> {
                let own = module_of(path);
                let modules = modules.iter();
                modules
                    .map(|module| [own.clone(), module.clone()].concat())
                    .collect()
            };
            declared.extend(below(&source.declared));
            tests.extend(below(&source.tests));
            files.insert(path.clone(), source);
        }
        files.retain(|path, _| {
            let module = module_of(path);
            (0..=module.len()).all(|words| !tests.contains(&module[..words]))
        });
        let arrows = imports::arrows(&files);
        Plan {
            files,
            arrows,
            declared,
        }
    }

    /// Each arrow, and the line that says so.
    fn each_arrow(&self) -> impl Iterator<Item = (&String, &String, usize)> {
        let each = self.arrows.iter();
        each.flat_map(|(from, known)| known.iter().map(move |(to, &line)| (from, to, line)))
    }

    /// A shortest chain of imports from a file of `from` to a file of `to`.
    fn chain(
        &self,
        from: impl Fn(&str) -> bool,
        to: impl Fn(&str) -> bool,
    ) -> Option<Vec<&String>> {
        let mut chains: VecDeque<Vec<&String>> = self
            .files
            .keys()
            .filter(|file| from(file))
            .map(|file| vec![file])
            .collect();
        let mut seen: BTreeSet<&String> = chains.iter().map(|chain| chain[0]).collect();
        while let Some(chain) = chains.pop_front() {
            for next in self.arrows[*chain.last()?].keys() {
                let longer = || [chain.clone(), vec![next]].concat();
                if to(next) {
                    return Some(longer());
                }
                if seen.insert(next) {
                    chains.push_back(longer());
                }
            }
        }
        None
    }
}

/// Each file is in a room, and each room has a file.
pub(super) fn rooms(plan: &Plan, tree: &Tree, house: &House) -> Vec<String> {
    let mut faults = Vec::new();
    for file in tree.keys() {
        if house.room_of(file).is_none() {
            faults.push(format!("{file} is in no room"));
        }
    }
    for room in house.rooms {
        let is_here = |file: &String| house.room_of(file).is_some_and(|it| it.name == room.name);
        if room.kind != Kind::Later && !plan.files.keys().any(is_here) {
            faults.push(format!(
                "the room {} ({}) has no file",
                room.name, room.holds
            ));
        }
    }
    let is_known = |name: &str| {
        let mut rooms = house.rooms.iter();
        rooms.any(|room| room.name == name || is_inside(room.name, name))
    };
    for never in house.nevers {
        for name in never
            .from
            .iter()
            .chain(never.to)
            .filter(|name| !is_known(name))
        {
            faults.push(format!("a never is about {name}, which is no room"));
        }
    }
    faults
}

/// Imports go down only.
pub(super) fn floors(plan: &Plan, house: &House) -> Vec<String> {
    let mut faults = Vec::new();
    for (from, to, line) in plan.each_arrow() {
        // Who is in no room is told so by another rule.
        let (Some(room), Some(other)) = (house.room_of(from), house.room_of(to)) else {
            continue;
        };
        if room.name != other.name && room.floor <= other.floor {
            let way = if room.floor == other.floor {
                "sideways"
            } else {
                "up"
            };
            let floor = |room: &Room| format!("{} ({})", room.name, room.floor);
            let (room, other) = (floor(room), floor(other));
            faults.push(format!(
                "{from}:{line} -> {to}: {way} from {room} to {other}"
            ));
        }
    }
    faults
}

/// Rooms that know each other, directly or through others, with the imports that make it so. Takes no
/// notice of floors; what is in no room counts by the folder or file of `src/` it is.
pub(super) fn circles(plan: &Plan, house: &House) -> Vec<String> {
    let mut known: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (from, to, _) in plan.each_arrow() {
        let (from, to) = (unit(house, from), unit(house, to));
        known.entry(from).or_default().insert(to);
    }
    let reach: BTreeMap<&String, BTreeSet<&String>> = known
        .keys()
        .map(|room| (room, reached(&known, room)))
        .collect();
    let mut circles: BTreeSet<Vec<&String>> = BTreeSet::new();
    for (&room, others) in &reach {
        let mut circle: Vec<&String> = others
            .iter()
            .copied()
            .filter(|&other| other != room && reach.get(other).is_some_and(|it| it.contains(room)))
            .collect();
        if !circle.is_empty() {
            circle.push(room);
            circle.sort();
            circles.insert(circle);
        }
    }
    let told = |circle: &Vec<&String>| {
        let names: Vec<&str> = circle.iter().map(|room| room.as_str()).collect();
        let mut text = names.join(" <-> ");
        for (from, to, line) in plan.each_arrow() {
            let (room, other) = (unit(house, from), unit(house, to));
            if room != other && circle.contains(&&room) && circle.contains(&&other) {
                text += &format!("\n    {from}:{line} -> {to}");
            }
        }
        text
    };
    circles.iter().map(told).collect()
}

fn unit(house: &House, file: &str) -> String {
    let top = || module_of(file).into_iter().next().unwrap_or_default();
    house
        .room_of(file)
        .map_or_else(top, |room| room.name.to_owned())
}

/// All that can be reached from `room` in one step or more.
fn reached<'a>(known: &'a BTreeMap<String, BTreeSet<String>>, room: &str) -> BTreeSet<&'a String> {
    let mut reached = BTreeSet::new();
    let mut open: Vec<&String> = known.get(room).into_iter().flatten().collect();
    while let Some(next) = open.pop() {
        if reached.insert(next) {
            open.extend(known.get(next).into_iter().flatten());
        }
    }
    reached
}

/// Nobody reaches what it must not, over however many files. Direct imports are told one by one; if there
/// are none, a shortest chain from room to room is.
pub(super) fn nevers(plan: &Plan, house: &House) -> Vec<String> {
    let mut faults = Vec::new();
    for never in house.nevers {
        let is_bound = |room: &&Room| {
            let mut from = never.from.iter();
            from.any(|from| room.name == *from || is_inside(room.name, from))
        };
        for room in house.rooms.iter().filter(is_bound) {
            for &target in never.to {
                for chain in chains(plan, house, room, target) {
                    let names: Vec<&str> = chain.into_iter().map(String::as_str).collect();
                    let (room, chain) = (room.name, names.join(" -> "));
                    faults.push(format!("{room} must not reach {target}: {chain}"));
                }
            }
        }
    }
    faults
}

/// Each import of `target` in `room`, or else a shortest way there.
fn chains<'a>(plan: &'a Plan, house: &House, room: &Room, target: &str) -> Vec<Vec<&'a String>> {
    let from = |file: &str| house.room_of(file).is_some_and(|it| it.name == room.name);
    let to = |file: &str| is_inside(file, target);
    let mut direct: Vec<Vec<&String>> = Vec::new();
    for (file, other, _) in plan.each_arrow() {
        if from(file) && to(other) {
            direct.push(vec![file, other]);
        }
    }
    if direct.is_empty() {
        direct.extend(plan.chain(from, to));
    }
    direct
}

/// Pure rooms get bytes, values and times as arguments.
pub(super) fn purity(plan: &Plan, house: &House) -> Vec<String> {
    let mut faults = Vec::new();
    let words: Vec<(&str, Vec<Token>)> = IMPURE.iter().map(|&word| (word, tokens(word))).collect();
    for (file, source) in &plan.files {
        let room = house.room_of(file);
        let Some(room) = room.filter(|room| room.kind == Kind::Pure) else {
            continue;
        };
        let mut texts = full_paths(&source.code);
        texts.push(source.code.clone());
        for (word, wanted) in &words {
            let mut lines = texts.iter().filter_map(|text| line_of(text, wanted));
            if let Some(line) = lines.next() {
                let room = room.name;
                faults.push(format!(
                    "{file}:{line}: {room} is pure, and here is `{word}`"
                ));
            }
        }
    }
    faults
}

/// The paths in `code` as tokens, from where they begin: after `use std::{fmt, time::Instant as Clock};`,
/// `Clock::now` is `std::time::Instant::now`.
fn full_paths(code: &[Token]) -> Vec<Vec<Token>> {
    let paths = paths(code);
    let mut imported: BTreeMap<&str, &[String]> = BTreeMap::new();
    for path in &paths {
        if let Role::Import(name) = &path.role {
            imported.insert(name, &path.words);
        }
    }
    let full = |path: &Path| {
        let (first, rest) = path.words.split_at(1);
        let first = match imported.get(first[0].as_str()) {
            Some(&words) if path.role == Role::Code => words,
            _ => first,
        };
        let mut tokens = tokens(&[first, rest].concat().join("::"));
        for token in &mut tokens {
            token.line = path.line;
        }
        tokens
    };
    paths.iter().map(full).collect()
}

/// The line in which `wanted` first stands in `text`.
fn line_of(text: &[Token], wanted: &[Token]) -> Option<usize> {
    let is_it = |token: &Token, wanted: &Token| {
        token.text == wanted.text
            || wanted.text.ends_with('_') && token.text.starts_with(&wanted.text)
    };
    let fits = |part: &&[Token]| {
        part.iter()
            .zip(wanted)
            .all(|(token, wanted)| is_it(token, wanted))
    };
    text.windows(wanted.len())
        .find(fits)
        .map(|part| part[0].line)
}

/// A module with a folder is the folder's `mod.rs`.
pub(super) fn module_files(tree: &Tree) -> Vec<String> {
    let mut faults = Vec::new();
    for file in tree.keys() {
        let folder = format!("{}/", file.trim_end_matches(".rs"));
        if tree.keys().any(|other| other.starts_with(&folder)) {
            faults.push(format!(
                "{file} stands beside {folder}: it is {folder}mod.rs"
            ));
        }
    }
    faults
}

/// Nothing is compiled behind the back of these rules, and no file is left out by the compiler.
pub(super) fn visibility(plan: &Plan, tree: &Tree) -> Vec<String> {
    let mut faults = Vec::new();
    for (file, source) in &plan.files {
        for hidden in ["include!", "#[path"] {
            if let Some(line) = line_of(&source.code, &tokens(hidden)) {
                faults.push(format!(
                    "{file}:{line}: `{hidden}` brings in what nobody sees here"
                ));
            }
        }
    }
    for file in tree.keys() {
        let module = module_of(file);
        let is_root = module.is_empty() || file == "main.rs";
        if !is_root && !plan.declared.contains(&module) {
            faults.push(format!(
                "{file} is compiled by nobody: no `mod` declares it"
            ));
        }
    }
    faults
}

/// `main.rs` only starts things, and what does not fit on a few screens is two files.
pub(super) fn lengths(tree: &Tree) -> Vec<String> {
    let mut faults = Vec::new();
    for (file, text) in tree {
        let lines = text.lines().count();
        let most = if file == "main.rs" { 60 } else { 600 };
        if lines > most {
            faults.push(format!("{file} has {lines} lines; at most {most}"));
        }
    }
    faults
}
