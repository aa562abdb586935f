//! Tests of the program as its users meet it: through its command line and its sockets only.
//!
//! One crate, so that it is linked once. Each module is about one promise; add to the one that fits
//! before adding another. `harness` says how tests wait and what a failure prints.

mod harness;

/// Each of the twelve bugs of the original, which must not come back.
mod seed_bugs;
/// Three people talk as in the seed, in one order.
mod seed_conversation;

/// Registered names: whose they are, how they come back, and what is never shown.
mod accounts;
/// What strangers may do to a room, closed rooms, and owners whose connections are lost.
mod closing;
/// Several servers on one database.
mod cluster;
/// The commands of a room and of the menu.
mod commands;
/// `\topic`, `\rooms`, `\who`, `\whois`, `\join`, `\stats`: what there is, and how to get there.
mod finding;
/// The menu's state table: every choice, success and failure.
mod menu;
/// Names: unique by sight, refused with a reason, free again when their connection ends.
mod names;
mod newcomer;
/// Owners: what they may do, who sees it, and who owns a room when they are gone.
mod owning;
/// Rooms: created empty, kept, listed, joined one at a time; who comes and goes is told.
mod rooms;
/// `\msg`, `\reply`, `\me`, `\away`.
mod talking;

/// An evening of twelve people with six kinds of client.
mod evening;

/// What a raw client is sent, byte for byte: lines, prompts and lines of others between.
mod drawing;
/// A first line that is HTTP or TLS is answered once and closed.
mod foreign;
/// Lines end in LF, CR LF, CR NUL or CR, and come in any cuts.
mod framing;
/// The seed corpora of the fuzz targets, run as plain tests.
mod fuzz_corpus;
/// Telnet bytes are understood, answered, and never shown to anybody.
mod telnet;

/// Telnet clients in character mode: keys, pastes, sizes, and the way into it.
mod character_mode;
/// Nobody loses what is half typed: real clients, each line in each drawing.
mod half_typed;

/// In whose time things are shown, what rings, whom one does not see.
mod attention;
/// What a user can set, and what no client gets that has not asked for it.
mod settings;

/// The kept attacks, small: nobody waits for long, and nothing is forged, taken or filled beyond its bound.
mod attacks;
/// Random bytes at full speed: the others chat on.
mod flood;
/// The end of a client's input: what is pending is done, then the server closes.
mod half_close;
/// Every bound that can be reached from outside.
mod limits;
mod log;
/// Hundreds of members get every line in one order.
mod many;
/// A member that does not read holds nobody up and is told what it missed.
mod slow_reader;

/// PostgreSQL as the database that nodes share: what each call promises, and what becomes of it when something dies.
mod engine;

/// What members have seen is there after `kill -9`.
mod crash;
/// A disk that is full or may not be written: what is told to whom, and that nothing is lost.
mod disk;
/// Who can read the files, who has them, and how a backup takes their place.
mod files;
/// Rooms and lines over a restart; paging and searching in the past.
mod past;
/// Export, import, check, as their users call them.
mod tools;

/// Operators of a running server: `parlor admin`, `\admin`, `\report`, bans of the whole server.
mod admin;
/// The AppArmor profile is one, and fits the unit.
mod apparmor;
/// `parlor attach`: a terminal, or a script, at a Unix socket.
mod attach;
/// A browser, by way of shellinabox.
mod browser;
/// Options from a file and from the environment, and what is said of those that make no sense.
mod configuration;
/// The dashboard and the alerts: what they ask for is there.
mod dashboard;
/// Whom lines of the log get banned, in the eyes of the real fail2ban.
mod fail2ban;
/// Whether the server is well, as those are told who start it anew if it is not.
mod health;
/// The figures of a server, and who watches it.
mod metrics;
/// The PROXY protocol: whom a proxy brings counts as who comes.
mod proxy;
/// SIGHUP: another configuration while people talk.
mod reload;
/// The signals that stop the server, and what people see of it.
mod shutdown;
/// `ssh chat@host` through a real sshd.
mod ssh;
/// The command line: listeners, and the ways in which they fail.
mod startup;
/// Readiness, signs of life, sockets that are handed over, and the units.
mod systemd;

/// The pure files are pure, and the arrows between files go one way.
mod layout;
/// The morning of `docs/morning.md`.
mod morning_md;
/// The commands in docs/operating.md do what is said there.
mod operating_md;
/// The transcripts in PROTOCOL.md are what the server does.
mod protocol_md;
/// The real client programs, on a screen and in a pipe.
mod real_clients;
/// TLS: real clients, certificates, and what happens where no handshake comes to an end.
mod tls;
