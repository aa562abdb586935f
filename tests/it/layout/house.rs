//! The plan of `src/`: its rooms, bottom up, and who must never reach whom. Edit here when the layout changes.

/// What a room may touch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Bytes, values and times come in as arguments and values go out.
    Pure,
    /// It may use the runtime, sockets, files, threads and clocks.
    Effects,
    /// Planned, with effects; it need not have files yet.
    Later,
}

/// A folder of `src/` or a file of it, with all that is below and is no room itself.
#[derive(Clone, Copy, Debug)]
pub(super) struct Room {
    /// Imports go to lower floors only, and never to another room of the same floor. The floors count in
    /// tens, so that one can be put between.
    pub(super) floor: u8,
    /// The path of its module, with slashes. `main` holds `lib.rs` too.
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    /// What it is for.
    pub(super) holds: &'static str,
}

/// Rooms (with those inside them) that must not reach certain others, over however many files.
#[derive(Clone, Copy, Debug)]
pub(super) struct Never {
    pub(super) from: &'static [&'static str],
    pub(super) to: &'static [&'static str],
}

/// A layout.
#[derive(Clone, Copy, Debug)]
pub(super) struct House {
    pub(super) rooms: &'static [Room],
    pub(super) nevers: &'static [Never],
}

/// The layout of parlor.
pub(super) const HOUSE: House = House {
    rooms: ROOMS,
    nevers: NEVERS,
};

use Kind::{Effects, Later, Pure};

#[rustfmt::skip]
const ROOMS: &[Room] = &[
    room(0,   "limits",              Pure,    "every bound"),
    room(0,   "thin_deque",          Pure,    "a list that is mostly empty"),
    room(10,  "time",                Pure,    "timestamps, zones, durations, rates"),
    room(10,  "text",                Pure,    "text made safe and measured"),
    room(20,  "chat/name",           Pure,    "names of people and rooms"),
    room(30,  "chat",                Pure,    "messages, accounts, settings: what people exchange"),
    room(35,  "chat/admin",          Pure,    "what operators ask, bans of the server, reports"),
    room(40,  "chat/request",        Pure,    "what can be asked, and the answers"),
    room(50,  "chat/room",           Pure,    "the rules of a room"),
    room(51,  "chat/letter",         Pure,    "what servers that share rooms say to each other"),
    room(60,  "terminal/charset",    Pure,    "terminals that do not speak UTF-8"),
    room(60,  "terminal/telnet",     Pure,    "the Telnet codec and its negotiation"),
    room(60,  "terminal/line",       Pure,    "bytes to lines: line mode and the editor"),
    room(60,  "terminal/draw",       Pure,    "how rows look"),
    room(61,  "terminal/screen",     Pure,    "how rows get onto a screen"),
    room(62,  "terminal",            Pure,    "the way into its rooms"),
    room(52,  "counts",              Effects, "what is counted while the server runs"),
    room(55,  "runtime",             Effects, "the clock and counted tasks"),
    room(60,  "store",               Effects, "where messages and accounts live"),
    room(60,  "net/sniff",           Pure,    "clients of other protocols"),
    room(61,  "net/tls/identity",    Pure,    "certificates, read and checked"),
    room(61,  "net/tls/layer",       Pure,    "TLS as bytes"),
    room(61,  "net/proxy",           Pure,    "what a proxy says of whom it brings"),
    room(61,  "net/turns",           Pure,    "when a connection's turn comes"),
    room(62,  "net",                 Effects, "sockets, listeners, admission"),
    room(70,  "dialog/view",         Pure,    "every word the server says"),
    room(71,  "dialog/session",      Pure,    "menu, room and commands as a state machine"),
    room(72,  "dialog",              Pure,    "the way into its rooms"),
    room(70,  "hub/control",         Effects, "what only the server as a whole can do"),
    room(70,  "hub/inbox",           Effects, "what reaches a participant from elsewhere"),
    room(70,  "hub/passwords",       Effects, "the workers that hash and check"),
    room(70,  "hub/security",        Effects, "what operators act upon"),
    room(71,  "hub/room",            Effects, "the actor of a room"),
    room(72,  "hub/lobby",           Effects, "the register of rooms and names"),
    room(73,  "hub",                 Effects, "what a front end is to the rooms"),
    room(80,  "config",              Effects, "options from flags, environment and file"),
    room(90,  "connection",          Effects, "one client at a terminal"),
    room(90,  "irc",                 Later,   "one client that speaks IRC"),
    room(90,  "ops",                 Effects, "metrics, health, operators"),
    room(100, "server",              Effects, "starting, signals, reload, upgrade"),
    room(100, "cli/attach/caller",   Pure,    "who has come to parlor attach"),
    room(100, "cli/attach/telnet",   Pure,    "the client's side of Telnet"),
    room(110, "cli",                 Effects, "arguments and tools"),
    room(120, "main",                Effects, "the program, and the list of modules"),
];

const NEVERS: &[Never] = &[
    Never {
        from: &["chat", "dialog", "terminal"],
        to: &[
            "hub",
            "store",
            "net",
            "runtime",
            "connection",
            "irc",
            "ops",
            "config",
            "server",
            "cli",
        ],
    },
    Never {
        from: &["hub"],
        to: &["dialog", "terminal", "net", "connection", "irc", "ops"],
    },
    Never {
        from: &["store"],
        to: &["hub", "dialog", "terminal", "net", "connection"],
    },
];

/// A row of the table.
pub(super) const fn room(floor: u8, name: &'static str, kind: Kind, holds: &'static str) -> Room {
    Room {
        floor,
        name,
        kind,
        holds,
    }
}

impl House {
    /// The room of the file at `path`, relative to `src/`.
    pub(super) fn room_of(&self, path: &str) -> Option<&Room> {
        let path = if path == "lib.rs" { "main.rs" } else { path };
        let inside = |room: &&Room| is_inside(path, room.name);
        let rooms = self.rooms.iter().filter(inside);
        rooms.max_by_key(|room| room.name.len())
    }
}

/// True if the file at `path` is `room.rs` or lies somewhere in `room/`.
pub(super) fn is_inside(path: &str, room: &str) -> bool {
    path.strip_prefix(room)
        .is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
}
