//! Bounds that need time to pass, or clients from elsewhere: who begins when, who goes first where there is little
//! space, which rooms end, and which passwords are taken.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parlor::config::{Config, Options};
use parlor::limits::{ROOM_SWEEP_EVERY, ROOM_UNUSED_MAX, SILENT_AFTER, SILENT_LOOK_EVERY};
use parlor::net::socket::{Peer, Socket};
use parlor::runtime::{ManualClock, Runtime};
use parlor::server::Server;
use parlor::store::Store;
use parlor::time::Timestamp;
use smol::Executor;

use crate::ledger::at_once;
use crate::wire::{Break, Touched, Wire};

const SECOND: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// A server on a clock that moves when it is told to.
struct World {
    clock: Arc<ManualClock>,
    executor: Arc<Executor<'static>>,
    server: Arc<Server>,
    touched: Touched,
    wires: Vec<Wire>,
}

/// Somebody who takes all that is written, at once.
struct Client {
    wire: Wire,
    /// Up to where what was shown has been looked at.
    seen: usize,
}

impl World {
    fn new(options: Options) -> World {
        let clock = ManualClock::new(Timestamp(1_795_348_800_000));
        let executor = Arc::new(Executor::new());
        let runtime = Runtime::simulated(Arc::clone(&executor), Arc::clone(&clock));
        let options = Options {
            timezone: Some("UTC".to_owned()),
            threads: Some(1),
            ..options
        };
        let config = Config::new(options).expect("it makes sense");
        let server = at_once(Server::open(
            runtime,
            config,
            Store::memory(10),
            Arc::default(),
        ));
        World {
            server: server.expect("a store in memory can be read"),
            clock,
            executor,
            touched: Touched::default(),
            wires: Vec::new(),
        }
    }

    /// Lets everything happen that can; everybody takes what is written.
    fn settle(&self) {
        loop {
            self.some_turns(usize::MAX);
            for wire in &self.wires {
                wire.take(usize::MAX);
            }
            if !self.executor.try_tick() {
                return;
            }
        }
    }

    fn some_turns(&self, most: usize) {
        for _ in 0..most {
            if !self.executor.try_tick() {
                return;
            }
        }
    }

    /// Lets so much time pass, moment by moment.
    fn pass(&self, time: Duration) {
        let mut left = time;
        while let Some(wait) = self.clock.next_timer().filter(|wait| *wait <= left) {
            self.clock.advance(wait);
            left -= wait;
            self.settle();
        }
        self.clock.advance(left);
        self.settle();
    }

    /// Somebody connects from `address`; nothing happens yet.
    fn connect(&mut self, address: &str) -> Client {
        let peer = match address {
            "unix" => Peer::unix(),
            address => Peer::tcp(SocketAddr::new(address.parse().expect("an address"), 1)),
        };
        let number = self.wires.len();
        let wire = Wire::new(number, 1 << 20, Arc::clone(&self.touched));
        self.wires.push(wire.clone());
        self.server.serve(Socket::Other(wire.end()), peer);
        Client { wire, seen: 0 }
    }

    /// Somebody connects from `address` and has typed `lines`, which are all handled.
    fn client(&mut self, address: &str, lines: &[&str]) -> Client {
        let mut client = self.connect(address);
        self.settle();
        self.type_lines(&mut client, lines);
        client
    }

    /// Types `lines`; returns what is shown then.
    fn type_lines(&self, client: &mut Client, lines: &[&str]) -> String {
        for line in lines {
            client.send(line);
            self.settle();
        }
        client.shown()
    }

    /// The names of all rooms.
    fn rooms(&mut self) -> String {
        let mut client = self.client("unix", &["3"]);
        let shown = client.all();
        self.type_lines(&mut client, &["\\quit"]);
        let row = |row: &&str| row.contains("Active Room(s): ") || row.contains("no created rooms");
        let row = shown.lines().find(row).expect("an answer");
        let (_, names) = row.split_once("Active Room(s): ").unwrap_or_default();
        names.to_owned()
    }
}

impl Client {
    fn send(&self, line: &str) {
        self.wire.send(format!("{line}\n").as_bytes());
        self.wire.deliver(usize::MAX);
    }

    fn all(&self) -> String {
        let state = self.wire.lock();
        String::from_utf8_lossy(&state.written).into_owned()
    }

    /// What was shown since the last look.
    fn shown(&mut self) -> String {
        let all = self.all();
        let new = all[self.seen..].to_owned();
        self.seen = all.len();
        new
    }

    fn has_begun(&self) -> bool {
        !self.wire.lock().written.is_empty()
    }

    fn is_closed(&self) -> bool {
        self.wire.lock().closed
    }
}

/// The words of what was shown, however the rows are wrapped.
fn flat(shown: &str) -> String {
    shown.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn begun(clients: &[Client]) -> usize {
    clients.iter().filter(|client| client.has_begun()).count()
}

fn open(clients: &[Client]) -> usize {
    clients.iter().filter(|client| !client.is_closed()).count()
}

// ---- who begins when ----

#[test]
fn a_class_behind_one_address_is_in_within_seconds_and_holds_nobody_up() {
    let mut world = World::new(Options::default());
    let class: Vec<Client> = (0..160).map(|_| world.connect("192.0.2.1")).collect();
    world.settle();
    assert_eq!(begun(&class), 64);
    // They are slowed, and not refused; others are not slowed.
    for address in ["192.0.2.2", "127.0.0.1", "unix"] {
        assert!(world.client(address, &[]).has_begun(), "{address}");
    }
    world.pass(SECOND);
    assert_eq!(begun(&class), 80);
    world.pass(5 * SECOND);
    assert_eq!(begun(&class), 160);
    assert_eq!(open(&class), 160);
}

#[test]
fn those_who_wait_for_their_turn_have_a_place_and_need_no_more_than_that() {
    let mut world = World::new(Options {
        max_per_address: Some(100),
        ..Options::default()
    });
    let clients: Vec<Client> = (0..100).map(|_| world.connect("192.0.2.1")).collect();
    let refused = world.client("192.0.2.1", &[]);
    assert!(
        refused
            .all()
            .starts_with("Too many connections from your address.")
    );
    // Whoever goes while waiting takes a turn, so that coming again and again makes nobody wait for longer.
    clients[99].wire.break_off(Break::Gone);
    world.pass(3 * SECOND);
    assert_eq!(begun(&clients[..99]), 99);
    assert_eq!(open(&clients), 99);
}

#[test]
fn nobody_waits_where_addresses_are_not_counted_or_the_pace_is_lifted() {
    let lifted = [
        Options {
            max_per_address: Some(0),
            ..Options::default()
        },
        Options {
            connect_rate: Some(0),
            ..Options::default()
        },
    ];
    for options in lifted {
        let mut world = World::new(options);
        let clients: Vec<Client> = (0..200).map(|_| world.connect("192.0.2.1")).collect();
        world.settle();
        assert_eq!(begun(&clients), 200);
    }
    let mut world = World::new(Options::default());
    let clients: Vec<Client> = (0..200).map(|_| world.connect("127.0.0.1")).collect();
    world.settle();
    assert_eq!(begun(&clients), 200);
}

#[test]
fn a_server_that_stops_waits_for_nobody_who_waits_for_a_turn() {
    let mut world = World::new(Options::default());
    let clients: Vec<Client> = (0..200).map(|_| world.connect("192.0.2.1")).collect();
    world.settle();
    let stopped = Arc::new(AtomicBool::new(false));
    let (server, flag) = (Arc::clone(&world.server), Arc::clone(&stopped));
    let stopping = async move {
        server.stop().await;
        flag.store(true, Ordering::Relaxed);
    };
    world.executor.spawn(stopping).detach();
    world.settle();
    for client in &clients {
        assert!(client.all().contains("* The server is going down."));
    }
    world.pass(SECOND);
    assert!(stopped.load(Ordering::Relaxed));
    assert_eq!(open(&clients), 0);
    assert!(world.executor.is_empty());
}

// ---- who goes first ----

fn for_twelve() -> World {
    World::new(Options {
        max_connections: Some(12),
        ..Options::default()
    })
}

#[test]
fn silent_clients_go_first_once_the_server_is_over_half_full_and_talking_ones_stay() {
    let mut world = for_twelve();
    let mut talking: Vec<Client> = Vec::new();
    for n in 0..4 {
        let name = format!("\\name talker{n}");
        talking.push(world.client("192.0.2.1", &[&name]));
    }
    // One has typed half a line, which is none.
    let silent: Vec<Client> = (0..8).map(|_| world.client("192.0.2.2", &[])).collect();
    silent[0].wire.send(b"half a li");
    silent[0].wire.deliver(usize::MAX);
    world.settle();
    let refused = world.client("192.0.2.3", &[]);
    assert!(refused.all().starts_with("The server is full."));
    world.pass(SILENT_AFTER - SECOND);
    assert_eq!((open(&talking), open(&silent)), (4, 8));
    world.pass(3 * SECOND);
    assert_eq!((open(&talking), open(&silent)), (4, 0));
    let told = "* The server is filling up, and you have not typed a line yet. Goodbye.";
    for client in &silent {
        assert!(flat(&client.all()).ends_with(told), "{}", client.all());
    }
    // Whoever types a line may be silent from then on.
    for n in 0..4 {
        let name = format!("\\name next{n}");
        talking.push(world.client("192.0.2.4", &[&name]));
    }
    world.pass(DAY);
    assert_eq!(open(&talking), 8);
}

#[test]
fn those_who_have_been_silent_for_long_go_when_others_come() {
    let mut world = for_twelve();
    let silent: Vec<Client> = (0..6).map(|_| world.client("192.0.2.2", &[])).collect();
    world.pass(DAY);
    let next = [world.client("192.0.2.3", &[])];
    world.pass(SILENT_LOOK_EVERY + 2 * SECOND);
    assert_eq!((open(&silent), open(&next)), (0, 1));
    world.pass(DAY);
    assert_eq!(open(&next), 1);
}

#[test]
fn silent_clients_stay_while_there_is_space() {
    let mut world = for_twelve();
    let silent: Vec<Client> = (0..6).map(|_| world.client("192.0.2.2", &[])).collect();
    world.pass(DAY);
    assert_eq!(open(&silent), 6);
    let mut world = World::new(Options {
        max_connections: Some(0),
        ..Options::default()
    });
    let silent: Vec<Client> = (0..60).map(|_| world.client("192.0.2.2", &[])).collect();
    world.pass(DAY);
    assert_eq!(open(&silent), 60);
}

// ---- which rooms end ----

#[test]
fn a_room_in_which_nothing_was_ever_said_ends_an_hour_after_the_last_has_gone() {
    let mut world = World::new(Options::default());
    let mut ann = world.client("192.0.2.1", &["\\name ann"]);
    world.type_lines(
        &mut ann,
        &["1", "unused", "1", "said", "1", "topical", "1", "visited"],
    );
    world.type_lines(&mut ann, &["2", "said", "hello", "\\exit"]);
    world.type_lines(&mut ann, &["2", "topical", "\\topic lunch", "\\exit"]);
    let mut ben = world.client("192.0.2.1", &["\\name ben", "1", "inside", "2", "inside"]);
    world.pass(ROOM_UNUSED_MAX / 2);
    world.type_lines(&mut ann, &["2", "visited", "\\exit"]);
    world.pass(ROOM_UNUSED_MAX / 2 - ROOM_SWEEP_EVERY);
    assert_eq!(world.rooms(), "unused,said,topical,visited,inside");
    world.pass(3 * ROOM_SWEEP_EVERY);
    assert_eq!(world.rooms(), "said,topical,visited,inside");
    world.pass(ROOM_UNUSED_MAX);
    assert_eq!(world.rooms(), "said,topical,inside");
    world.pass(400 * DAY);
    assert_eq!(world.rooms(), "said,topical,inside");
    world.type_lines(&mut ben, &["\\exit"]);
    world.pass(ROOM_UNUSED_MAX + 2 * ROOM_SWEEP_EVERY);
    assert_eq!(world.rooms(), "said,topical");
    // The name is free, and the room is a new one.
    let shown = world.type_lines(&mut ann, &["1", "unused", "2", "unused"]);
    assert!(shown.contains("Create room unused successful\n"), "{shown}");
    assert!(shown.contains("Join room unused successful\n"), "{shown}");
}

#[test]
fn a_room_that_has_been_quiet_for_long_ends_where_the_operator_says_so() {
    let mut world = World::new(Options {
        room_idle: Some(7),
        ..Options::default()
    });
    let mut ann = world.client("192.0.2.1", &["\\name ann"]);
    world.type_lines(&mut ann, &["1", "quiet", "2", "quiet", "hello", "\\exit"]);
    world.type_lines(&mut ann, &["1", "busy", "2", "busy", "hello", "\\exit"]);
    let sits = ["\\name ben", "1", "sits", "2", "sits", "hello"];
    let _ben = world.client("192.0.2.1", &sits);
    world.pass(6 * DAY);
    world.type_lines(&mut ann, &["2", "busy", "hello", "\\exit"]);
    assert_eq!(world.rooms(), "quiet,busy,sits");
    world.pass(DAY + 2 * ROOM_SWEEP_EVERY);
    assert_eq!(world.rooms(), "busy,sits");
    world.pass(6 * DAY);
    assert_eq!(world.rooms(), "sits");
}

/// Whoever comes in at the very moment either keeps the room or is told that there is none.
#[test]
fn nobody_is_in_a_room_that_has_ended_however_close_they_come() {
    let (mut kept, mut too_late) = (0, 0);
    for turns in 0..40 {
        let mut world = World::new(Options::default());
        let mut ann = world.client("192.0.2.1", &["\\name ann", "1", "7"]);
        let mut ben = world.client("192.0.2.1", &["\\name ben"]);
        // Up to the look at which it ends. The first look finds it a minute after the start.
        world.pass(ROOM_SWEEP_EVERY + ROOM_UNUSED_MAX - SECOND);
        assert_eq!(world.rooms(), "7");
        ben.shown();
        // The join is typed before the end, or behind it, and takes its steps among those of the end.
        if turns < 20 {
            ben.send("\\join 7");
            world.some_turns(turns);
            world.clock.advance(SECOND);
        } else {
            world.clock.advance(SECOND);
            world.some_turns(turns - 20);
            ben.send("\\join 7");
        }
        world.settle();
        let shown = ben.shown();
        match shown.contains("Join room 7 successful") {
            true => {
                kept += 1;
                assert_eq!(world.rooms(), "7");
                world.type_lines(&mut ann, &["2", "7"]);
                ben.shown();
                let heard = world.type_lines(&mut ann, &["hello"]);
                assert!(heard.contains("ann: hello"), "{heard}");
                assert!(ben.shown().contains("ann: hello"));
            }
            false => {
                too_late += 1;
                assert!(shown.contains("There is no room 7. Create it?"), "{shown}");
                assert_eq!(world.rooms(), "");
                let shown = world.type_lines(&mut ben, &["y"]);
                assert!(shown.contains("Join room 7 successful"), "{shown}");
            }
        }
    }
    assert!(kept > 0 && too_late > 0, "{kept} {too_late}");
}

// ---- which passwords are taken ----

const OVERHEARD: &str = "Passwords are not accepted over this connection: others on the way could read them. Come \
                         by TLS or through a tunnel, or ask the operator for --plain-passwords.";

#[test]
fn the_password_of_a_room_is_neither_set_nor_asked_for_where_others_could_read_it() {
    for plain_passwords in [false, true] {
        let mut world = World::new(Options {
            plain_passwords: Some(plain_passwords),
            ..Options::default()
        });
        let here = ["\\name ann", "1", "7", "2", "7", "\\lock", "pizza4all"];
        let ann = world.client("127.0.0.1", &here);
        assert!(ann.all().contains("ann locked the room"));
        let mut ben = world.client("192.0.2.1", &["\\name ben", "1", "8", "2", "8"]);
        ben.shown();
        for (lines, is_locked) in [
            (&["/lock", "pizza4all"], "ben locked the room"),
            (&["\\lock", "pizza4all"], "New password of the room: "),
        ] {
            let shown = world.type_lines(&mut ben, lines);
            assert_eq!(shown.contains(is_locked), plain_passwords, "{shown}");
            let refused = format!("The room was not locked. {OVERHEARD}");
            assert_eq!(flat(&shown).contains(&refused), !plain_passwords, "{shown}");
        }
        // From a room, and from the menu.
        for lines in [&["\\join 7"][..], &["\\exit", "2", "7"], &["\\join 7"]] {
            let shown = world.type_lines(&mut ben, lines);
            let asks = shown.contains("Password of room 7: ");
            assert_eq!(asks, plain_passwords, "{shown}");
            let refused = format!("Join room 7 failed. It needs a password. {OVERHEARD}");
            assert_eq!(flat(&shown).contains(&refused), !plain_passwords, "{shown}");
            if asks {
                world.type_lines(&mut ben, &["\\exit"]);
            }
        }
        let there = ["\\name cy", "1", "9", "2", "9", "\\lock", "pizza4all"];
        let cy = world.client("unix", &there);
        assert!(cy.all().contains("cy locked the room"));
        let di = world.client("::1", &["2", "9"]);
        assert!(di.all().contains("Password of room 9: "));
    }
}

// ---- what ends at some time ----

#[test]
fn a_ban_for_an_hour_is_over_after_an_hour_however_the_clock_jumps() {
    let mut world = World::new(Options::default());
    let ann = [
        "\\name ann",
        "1",
        "1150",
        "2",
        "1150",
        "\\ban 192.0.2.7 for 1h",
    ];
    let mut ann = world.client("192.0.2.1", &ann);
    assert!(ann.all().contains("banned by ann for 1h"), "{}", ann.all());
    let mut ben = world.client("192.0.2.7", &[]);
    let start = Timestamp(1_795_348_800_000);
    for days in [400, 0, -400, 0] {
        let way = DAY.as_millis() as i64 * days;
        world.clock.set_timestamp(Timestamp(start.0 + way));
        world.pass(600 * SECOND);
        let shown = world.type_lines(&mut ben, &["\\join 1150"]);
        assert!(shown.contains("You are banned"), "{days}: {shown}");
    }
    // What is banned meanwhile ends in its time as well.
    world.clock.set_timestamp(start.after(400 * DAY));
    world.type_lines(&mut ann, &["\\ban 192.0.2.8 for 1h"]);
    world.clock.set_timestamp(start.after(2400 * SECOND));
    world.pass(1300 * SECOND);
    let shown = world.type_lines(&mut ben, &["\\join 1150"]);
    assert!(shown.contains("Join room 1150 successful"), "{shown}");
    let mut cat = world.client("192.0.2.8", &["\\join 1150"]);
    assert!(cat.all().contains("You are banned"), "{}", cat.all());
    world.pass(2400 * SECOND);
    let shown = world.type_lines(&mut cat, &["\\join 1150"]);
    assert!(shown.contains("Join room 1150 successful"), "{shown}");
}
