//! Who may do what to whom, and what happens when they do it at the same time.

mod keeping_out;
mod log;
mod nodes;
mod operating;
mod owning;

use std::ops::Deref;
use std::time::Duration;

use super::moderation::Subject;
use super::*;
use crate::chat::message::{Item, Kind};
use crate::chat::password::Hash;
use crate::chat::request::{JoinError, ModCommand, ModError, ModReply, NewBan, Target};
use crate::limits::OWNER_AWAY_MAX;

const NOW: Timestamp = Timestamp(1_000_000);
const LIMITS: RoomLimits = RoomLimits {
    members_max: 0,
    history_lines: 10,
    outbox_bytes: 0,
    notice_delay: Duration::ZERO,
};

fn name(text: &str) -> Name {
    Name::parse(text).expect("a name")
}

fn guest(id: u64, called: &str) -> JoinRequest {
    JoinRequest {
        member: MemberId(id),
        name: name(called),
        account: None,
        address: Address::parse(&format!("192.0.2.{id}")),
        pass: None,
        seat: None,
    }
}

/// A room and its log, as a store that nobody else writes to would keep them.
#[derive(Clone)]
struct Logged {
    room: Room,
    log: Vec<Numbered>,
    told: Vec<Item>,
}

impl Deref for Logged {
    type Target = Room;

    fn deref(&self) -> &Room {
        &self.room
    }
}

impl Logged {
    fn new(moderation: Moderation) -> Logged {
        let state = RoomState {
            topic: None,
            moderation,
            has_lines: false,
        };
        Logged {
            room: Room::new(LIMITS, state, At::default()),
            log: Vec::new(),
            told: Vec::new(),
        }
    }

    /// Numbers and applies; gives who owns the room as well from now on.
    fn append(&mut self, entries: Vec<Entry>, time: Timestamp) -> Option<MemberId> {
        let mut owner = None;
        for entry in entries {
            let seq = self.room.at().seq + 1;
            let numbered = Numbered { seq, time, entry };
            let effects = self.room.apply(&numbered, &mut self.told);
            if let Applied::Ruled(effects) = effects.expect("it is the next") {
                owner = owner.or(effects.owner);
            }
            self.log.push(numbered);
        }
        owner
    }

    fn note(&mut self, fact: Fact, time: Timestamp) {
        let entries = self.room.decide_fact(&fact, time);
        self.append(entries, time);
    }

    fn join(&mut self, guest: JoinRequest, now: Timestamp) -> Result<(), JoinError> {
        let decision = self.room.decide_join(&guest, now)?;
        self.append(decision.entries, now);
        self.note(Fact::OwnerCame(guest.member), now);
        Ok(())
    }

    fn leave(&mut self, member: MemberId) {
        let ended = None;
        let is_moving = false;
        self.note(
            Fact::Left {
                member,
                is_moving,
                ended,
            },
            NOW,
        );
    }

    fn rename(&mut self, member: MemberId, name: Name) {
        self.note(Fact::Renamed { member, name }, NOW);
    }

    fn connection_ended(&mut self, member: MemberId, now: Timestamp) {
        self.note(Fact::OwnerEnded(member, ConnectionEnd::Left), now);
    }

    fn account_is(&mut self, member: MemberId, account: Option<Name>, now: Timestamp) {
        self.note(Fact::AccountIs(member, account), now);
    }

    fn account_deleted(&mut self, account: &Name) {
        self.note(Fact::AccountDeleted(account.clone()), NOW);
    }

    fn ensure_owner(&mut self, now: Timestamp) -> Option<MemberId> {
        let entries = self.room.decide_owner(now);
        self.append(entries, now)
    }

    fn take_told(&mut self) -> Vec<Item> {
        std::mem::take(&mut self.told)
    }
}

/// A room with Ann, Ben, Cat and so on, who have come in this order; Ann created it.
fn room_of(count: u64) -> Logged {
    let mut room = Logged::new(Moderation::of(MemberId(1), None, NOW));
    for (id, called) in (1..=count).zip(["Ann", "Ben", "Cat", "Dai", "Eve"]) {
        room.join(guest(id, called), NOW).expect("they are let in");
    }
    room.take_told();
    room
}

fn ban(target: &str) -> NewBan {
    NewBan {
        target: Target::parse(target).expect("a name or an address"),
        holder: None,
        account: None,
        name_only: true,
        time: None,
        why: "".into(),
    }
}

fn obey(room: &mut Logged, member: u64, order: ModCommand) -> Result<ModReply, ModError> {
    let decision = room.decide_command(MemberId(member), &order, NOW)?;
    room.append(decision.entries, NOW);
    Ok(decision.reply)
}

/// What the room has told since, as members read it.
fn told(room: &mut Logged) -> Vec<String> {
    let zone = jiff::tz::TimeZone::UTC;
    let display = crate::terminal::draw::Display::plain(zone);
    let drawn = crate::terminal::draw::frame(&room.take_told(), &display, None);
    drawn.lines().map(str::to_owned).collect()
}

fn orders_about(called: &str) -> [ModCommand; 10] {
    let whom = name(called);
    [
        ModCommand::Unlock,
        ModCommand::Private(true),
        ModCommand::Kick(whom.clone(), "".into()),
        ModCommand::Ban(ban(called)),
        ModCommand::Bans,
        ModCommand::Unban(Target::Name(whom.clone())),
        ModCommand::Mute(whom.clone()),
        ModCommand::Unmute(whom.clone()),
        ModCommand::Own(whom),
        ModCommand::Close,
    ]
}

#[test]
fn only_owners_are_obeyed() {
    let mut room = room_of(3);
    obey(&mut room, 1, ModCommand::Mute(name("Cat"))).expect("an owner may");
    let roles = [1, 2, 3, 9].map(|id| room.role(MemberId(id), NOW));
    assert_eq!(
        roles,
        [Role::Owner, Role::Member, Role::Muted, Role::Outsider]
    );
    for doer in [2, 3, 9] {
        for order in orders_about("Ann") {
            let before = room.moderation().clone();
            let result = obey(&mut room, doer, order.clone());
            let refused = ModError::NotOwner(vec![name("Ann")]);
            assert_eq!(result, Err(refused), "{doer}: {order:?}");
            assert_eq!(*room.moderation(), before);
        }
    }
}

#[test]
fn nobody_outranks_who_has_owned_the_room_for_longer() {
    type Make = fn(Name) -> ModCommand;
    let commands: [(&str, Make); 3] = [
        ("kick", |name| ModCommand::Kick(name, "".into())),
        ("mute", ModCommand::Mute),
        ("ban", |name| ModCommand::Ban(ban(name.as_str()))),
    ];
    for (deed, order) in commands {
        for (doer, whom, reached) in [
            (1, "Ben", Ok(ModReply::Done)),
            (1, "Cat", Ok(ModReply::Done)),
            (1, "dai", Ok(ModReply::Done)),
            (2, "Cat", Ok(ModReply::Done)),
            (2, "Ann", Err(ModError::Senior(name("Ann")))),
            (3, "Ben", Err(ModError::Senior(name("Ben")))),
            (3, "Ann", Err(ModError::Senior(name("Ann")))),
            (1, "Ann", Err(ModError::Oneself)),
            (3, "Cat", Err(ModError::Oneself)),
        ] {
            let mut room = room_of(4);
            for owner in ["Ben", "Cat"] {
                obey(&mut room, 1, ModCommand::Own(name(owner))).expect("she may share");
            }
            let owners = room.moderation().owners.count();
            let result = obey(&mut room, doer, order(name(whom)));
            assert_eq!(result, reached, "{doer} {deed} {whom}");
            let lost = usize::from(result.is_ok() && whom != "dai");
            assert_eq!(
                room.moderation().owners.count(),
                owners - lost,
                "{doer} {deed} {whom}"
            );
        }
    }
}

#[test]
fn each_order_is_told_to_all_who_stay() {
    let hash = Hash::new(HASH);
    for (order, words) in [
        (
            ModCommand::Kick(name("ben"), "spam".into()),
            "* Ben was kicked by Ann: spam",
        ),
        (ModCommand::Ban(ban("Ben")), "* Ben was banned by Ann"),
        (ModCommand::Ban(ban("Zoe")), "* Zoe was banned by Ann"),
        (ModCommand::Mute(name("Ben")), "* Ben was muted by Ann"),
        (
            ModCommand::Own(name("Ben")),
            "* Ben was made an owner by Ann",
        ),
        (
            ModCommand::Private(true),
            "* Ann made the room private: no list shows it",
        ),
        (
            ModCommand::Lock(hash),
            "* Ann locked the room: joining needs a password",
        ),
    ] {
        let mut room = room_of(3);
        assert_eq!(
            obey(&mut room, 1, order.clone()),
            Ok(ModReply::Done),
            "{order:?}"
        );
        assert_eq!(told(&mut room), [words]);
    }
    let mut room = room_of(3);
    obey(&mut room, 1, ModCommand::Ban(ban("192.0.2.2"))).expect("she may");
    let words = ["* An address was banned by Ann", "* Ben was banned by Ann"];
    assert_eq!(told(&mut room), words);
}

/// Of `x`.
const HASH: &str = "$argon2id$v=19$m=7168,t=5,p=1$c2FsdHNhbHRzYWx0c2FsdA$\
                    AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

#[test]
fn what_is_so_already_or_about_nobody_is_refused() {
    let mut room = room_of(2);
    for (order, why) in [
        (ModCommand::Unlock, ModError::Already),
        (ModCommand::Private(false), ModError::Already),
        (
            ModCommand::Kick(name("Zoe"), "".into()),
            ModError::Nobody(name("Zoe")),
        ),
        (ModCommand::Mute(name("Zoe")), ModError::Nobody(name("Zoe"))),
        (
            ModCommand::Unmute(name("Ben")),
            ModError::NotMuted(name("Ben")),
        ),
        (ModCommand::Own(name("Zoe")), ModError::Nobody(name("Zoe"))),
        (ModCommand::Own(name("Ann")), ModError::Oneself),
        (ModCommand::Own(Name::anon()), ModError::Anon),
        (
            ModCommand::Unban(Target::Name(name("Ben"))),
            ModError::NotBanned(Target::Name(name("Ben"))),
        ),
    ] {
        assert_eq!(obey(&mut room, 1, order.clone()), Err(why), "{order:?}");
    }
    obey(&mut room, 1, ModCommand::Own(name("Ben"))).expect("she may share");
    assert_eq!(
        obey(&mut room, 1, ModCommand::Own(name("Ben"))),
        Err(ModError::Already)
    );
    assert_eq!(told(&mut room).len(), 1);
}

#[test]
fn a_ban_keeps_out_the_name_what_looks_like_it_and_the_connection_that_had_it() {
    let mut room = room_of(2);
    obey(&mut room, 1, ModCommand::Ban(ban("Ben"))).expect("she may");
    assert_eq!(room.names(), [name("Ann")]);
    let banned = Err(JoinError::Banned(None, "".into()));
    for (guest, result) in [
        (guest(3, "ben"), banned.clone()),
        // A Cyrillic letter in it.
        (guest(3, "Bеn"), banned.clone()),
        // The same connection under another name.
        (guest(2, "Zoe"), banned.clone()),
        (guest(3, "Zoe"), Ok(())),
    ] {
        assert_eq!(room.clone().join(guest.clone(), NOW), result, "{guest:?}");
    }
    obey(&mut room, 1, ModCommand::Unban(Target::Name(name("BEN")))).expect("he is banned");
    assert_eq!(room.join(guest(2, "Ben"), NOW), Ok(()));
}

#[test]
fn a_ban_of_an_address_keeps_out_all_from_there_but_owners_and_ends_in_time() {
    let mut room = room_of(2);
    let hours = Duration::from_secs(7200);
    let mut all = ban("192.0.2.1");
    all.time = Some(hours);
    obey(&mut room, 1, ModCommand::Ban(all)).expect("she may");
    let from_there = |id, called: &str| JoinRequest {
        address: Address::parse("192.0.2.1"),
        ..guest(id, called)
    };
    let banned = Err(JoinError::Banned(Some(hours), "".into()));
    assert_eq!(room.clone().join(from_there(3, "Zoe"), NOW), banned);
    room.leave(MemberId(1));
    assert_eq!(room.join(from_there(1, "Ann"), NOW), Ok(()));
    let later = NOW.after(hours);
    // Nobody has to do anything for it.
    assert_eq!(room.join(from_there(3, "Zoe"), later), Ok(()));
}

#[test]
fn who_has_no_name_is_kicked_with_all_others_who_have_none() {
    let mut room = room_of(1);
    for id in 2..=4 {
        room.join(guest(id, "anon"), NOW).expect("they are let in");
    }
    room.take_told();
    obey(&mut room, 1, ModCommand::Kick(Name::anon(), "".into())).expect("she may");
    assert_eq!(room.names(), [name("Ann")]);
    assert_eq!(told(&mut room).len(), 3);
}

#[test]
fn who_is_muted_stays_so_under_another_name_and_connection() {
    let mut room = room_of(3);
    obey(&mut room, 1, ModCommand::Mute(name("Ben"))).expect("she may");
    let say = |room: &Room, id| {
        room.decide_line(MemberId(id), Kind::Action, "x".into(), NOW)
            .map(drop)
    };
    assert_eq!(say(&room, 2), Err(PostError::Muted));
    room.rename(MemberId(2), name("Bob"));
    assert_eq!(say(&room, 2), Err(PostError::Muted));
    room.leave(MemberId(2));
    room.join(guest(2, "Bill"), NOW).expect("he may read");
    assert_eq!(say(&room, 2), Err(PostError::Muted));
    room.join(guest(9, "Ben"), NOW).expect("he may read");
    assert_eq!(say(&room, 9), Err(PostError::Muted));
    assert_eq!(say(&room, 3), Ok(()));
    obey(&mut room, 1, ModCommand::Unmute(name("Bill"))).expect("he is muted");
    assert_eq!(say(&room, 2), Ok(()));
    assert_eq!(say(&room, 9), Ok(()));
}

#[test]
fn the_lock_lets_in_owners_and_who_knew_the_password() {
    let mut room = room_of(1);
    let hash = Hash::new(HASH);
    obey(&mut room, 1, ModCommand::Lock(hash.clone())).expect("she may");
    let knows = |hash: &str| JoinRequest {
        pass: Some(Hash::new(hash)),
        ..guest(2, "Ben")
    };
    assert_eq!(
        room.clone().join(guest(2, "Ben"), NOW),
        Err(JoinError::Locked)
    );
    assert_eq!(room.clone().join(knows(HASH), NOW), Ok(()));
    // It was locked anew meanwhile.
    let other = HASH.replace("c2Fs", "c2Ft");
    assert_eq!(
        room.clone().join(knows(&other), NOW),
        Err(JoinError::Locked)
    );
    room.leave(MemberId(1));
    assert_eq!(room.join(guest(1, "Ann"), NOW), Ok(()));
    obey(&mut room, 1, ModCommand::Unlock).expect("it is locked");
    assert_eq!(room.join(guest(2, "Ben"), NOW), Ok(()));
}

#[test]
fn a_room_without_owners_goes_to_who_has_been_there_for_longest() {
    let mut room = room_of(4);
    // To leave the room is not to leave it for good.
    room.leave(MemberId(1));
    assert_eq!(room.ensure_owner(NOW), None);
    // Ben was there first and comes again, so now Cat was.
    room.leave(MemberId(2));
    room.join(guest(2, "Ben"), NOW).expect("he is let in");
    room.take_told();
    room.connection_ended(MemberId(1), NOW);
    assert_eq!(room.ensure_owner(NOW), Some(MemberId(3)));
    assert_eq!(told(&mut room), ["* Cat now owns the room"]);
    assert_eq!(room.ensure_owner(NOW), None);
}

#[test]
fn a_muted_member_inherits_only_if_all_are_muted() {
    let mut room = room_of(3);
    obey(&mut room, 1, ModCommand::Mute(name("Ben"))).expect("she may");
    let mut alone = room.clone();
    room.leave(MemberId(1));
    room.connection_ended(MemberId(1), NOW);
    assert_eq!(room.ensure_owner(NOW), Some(MemberId(3)));
    for id in [1, 3] {
        alone.leave(MemberId(id));
    }
    alone.take_told();
    alone.connection_ended(MemberId(1), NOW);
    assert_eq!(alone.ensure_owner(NOW), Some(MemberId(2)));
    assert_eq!(alone.role(MemberId(2), NOW), Role::Owner);
    assert!(
        alone
            .decide_line(MemberId(2), Kind::Message, "x".into(), NOW)
            .is_ok()
    );
    // Who is alone simply owns the room.
    assert_eq!(told(&mut alone), Vec::<String>::new());
}

#[test]
fn an_empty_room_goes_to_who_comes_next() {
    let mut room = Logged::new(Moderation::default());
    assert_eq!(room.ensure_owner(NOW), None);
    room.join(guest(7, "Eve"), NOW).expect("she is let in");
    assert_eq!(room.ensure_owner(NOW), Some(MemberId(7)));
    assert_eq!(told(&mut room), ["* Eve joined"]);
}

fn with_account(id: u64, called: &str) -> JoinRequest {
    JoinRequest {
        account: Some(name(called)),
        ..guest(id, called)
    }
}

#[test]
fn an_owner_with_an_account_stays_owner_until_it_is_deleted_or_not_seen_for_long() {
    let mut room = Logged::new(Moderation::of(MemberId(1), Some(name("Ann")), NOW));
    room.join(with_account(1, "Ann"), NOW)
        .expect("she is let in");
    room.join(guest(2, "Ben"), NOW).expect("he is let in");
    room.leave(MemberId(1));
    room.connection_ended(MemberId(1), NOW);
    let late = NOW.after(OWNER_AWAY_MAX);
    let just = Timestamp(late.0 - 1);
    assert_eq!(room.ensure_owner(just), None);
    // She comes again over another connection.
    let mut came = room.clone();
    came.join(with_account(9, "Ann"), just)
        .expect("she is let in");
    assert_eq!(came.role(MemberId(9), NOW), Role::Owner);
    // She logs in elsewhere on the server, for however long.
    let mut seen = room.clone();
    seen.account_is(MemberId(9), Some(name("Ann")), just);
    assert_eq!(seen.ensure_owner(late), None);
    seen.connection_ended(MemberId(9), late);
    assert_eq!(seen.ensure_owner(late), None);
    assert_eq!(
        seen.ensure_owner(late.after(OWNER_AWAY_MAX)),
        Some(MemberId(2))
    );
    let mut deleted = room.clone();
    deleted.account_deleted(&name("Ann"));
    assert_eq!(deleted.ensure_owner(NOW), Some(MemberId(2)));
    assert_eq!(room.ensure_owner(late), Some(MemberId(2)));
}

#[test]
fn who_registers_owns_by_the_account_what_the_connection_owned() {
    let mut room = room_of(2);
    let (ann, ben) = (MemberId(1), MemberId(2));
    room.account_is(ann, Some(name("Ann")), NOW);
    assert_eq!(room.role(ann, NOW), Role::Owner);
    // Under another account, or none, it is not hers.
    room.account_is(ann, None, NOW);
    assert_eq!(
        (room.role(ann, NOW), room.ensure_owner(NOW)),
        (Role::Member, None)
    );
    room.account_is(ben, Some(name("Ann")), NOW);
    assert_eq!(
        (room.role(ben, NOW), room.role(ann, NOW)),
        (Role::Owner, Role::Member)
    );
    // An owner who logs in to an account that owns the room as well is one owner.
    room.account_is(ben, None, NOW);
    let (by, member) = (name("Ben"), ann);
    let with = Subject {
        member,
        name: name("Ann"),
        account: None,
    };
    let on_trial = false;
    room.append(vec![Ruling::Shared { by, with, on_trial }.into()], NOW);
    room.account_is(ann, Some(name("Ann")), NOW);
    assert_eq!(
        (room.role(ann, NOW), room.moderation().owners.count()),
        (Role::Owner, 1)
    );
}

#[test]
fn what_owners_have_decided_is_kept_and_what_is_about_connections_is_not() {
    let mut room = Logged::new(Moderation::of(MemberId(1), Some(name("Ann")), NOW));
    room.join(with_account(1, "Ann"), NOW)
        .expect("she is let in");
    for id in 2..=3 {
        let called = ["Ben", "Cat"][id as usize - 2];
        room.join(guest(id, called), NOW).expect("they are let in");
    }
    let hash = Hash::new(HASH);
    let mut timed = ban("2001:db8::7");
    timed.time = Some(Duration::from_secs(60));
    timed.why = "a \"reason\"".into();
    for order in [
        ModCommand::Lock(hash),
        ModCommand::Private(true),
        ModCommand::Own(name("Ben")),
        ModCommand::Mute(name("Cat")),
        ModCommand::Ban(ban("Dai")),
        ModCommand::Ban(timed),
    ] {
        obey(&mut room, 1, order).expect("she may");
    }
    let json = room.moderation().persistent().to_json();
    let read = Moderation::from_json(&json).expect("it was written so");
    assert_eq!(read.to_json(), json);
    assert_eq!(read.lock, room.moderation().lock);
    assert!(read.private);
    assert_eq!(read.ban_lines(NOW), room.moderation().ban_lines(NOW));
    assert_eq!(read.owners.count(), 1);
    assert_eq!(read.rank(MemberId(77), Some(&name("Ann"))), Some(0));
    assert_eq!(read.rank(MemberId(1), None), None);
    assert!(read.muted.is_empty());
    assert_eq!(Moderation::from_json("{}"), Ok(Moderation::default()));
}

#[test]
fn moderation_that_makes_no_sense_is_not_read() {
    for json in [
        "",
        "[]",
        "{\"lock\":\"1234\"}",
        "{\"private\":1}",
        "{\"owners\":[{\"account\":\"a b\",\"seen\":0}]}",
        "{\"bans\":[{\"until\":null,\"by\":\"a\",\"why\":\"\"}]}",
        "{\"bans\":[{\"name\":\"a\",\"address\":\"::1\",\"until\":null,\"by\":\"a\",\"why\":\"\"}]}",
    ] {
        assert!(Moderation::from_json(json).is_err(), "{json}");
    }
}
