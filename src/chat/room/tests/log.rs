//! What is decided, how it is written down, and that a log makes the same room wherever it is applied.

use proptest::prelude::*;

use super::*;
use crate::chat::moderation::OperatorDeed;

fn said(member: u64, text: &str) -> Entry {
    let room = room_of(member);
    let line = room.decide_line(MemberId(member), Kind::Message, text.into(), NOW);
    line.expect("they may speak")
}

/// The entries as they are written down; that is also how they are read.
fn written(entries: &[Entry]) -> Vec<String> {
    let written = entries.iter().map(|entry| {
        let json = serde_json::to_string(entry).expect("it can be written");
        let read: Entry = serde_json::from_str(&json).expect("it can be read");
        assert_eq!(read, *entry, "{json}");
        json
    });
    written.collect()
}

/// Logs that were written once are read for ever: a row here may be added, and MUST NOT be changed.
#[test]
fn commands_of_owners_are_decided_as_entries_that_say_all() {
    let mut timed = ban("192.0.2.2");
    timed.time = Some(Duration::from_secs(60));
    timed.why = "spam".into();
    let mut of_holder = ban("Zoe");
    of_holder.holder = Some(MemberId(3));
    let topic = Topic::parse("lunch").expect("short enough");
    let table = [
        (
            ModCommand::SetTopic(topic),
            r#"{"entry":"topic","by":"Ann","topic":"lunch"}"#.to_owned(),
        ),
        (
            ModCommand::SetTopic(None),
            r#"{"entry":"topic","by":"Ann","topic":null}"#.to_owned(),
        ),
        (
            ModCommand::Lock(Hash::new(HASH)),
            format!(r#"{{"entry":"ruled","ruling":"locked","by":"Ann","hash":"{HASH}"}}"#),
        ),
        (
            ModCommand::Private(true),
            r#"{"entry":"ruled","ruling":"private","by":"Ann","on":true}"#.to_owned(),
        ),
        (
            ModCommand::Kick(name("ben"), "spam".into()),
            r#"{"entry":"ruled","ruling":"kicked","by":"Ann","whom":[{"member":2,"name":"Ben","account":null}],"why":"spam"}"#.to_owned(),
        ),
        (
            ModCommand::Ban(timed),
            r#"{"entry":"ruled","ruling":"banned","by":"Ann","target":{"address":"192.0.2.2"},"whom":[{"member":2,"name":"Ben","account":null}],"holder":null,"unseated":[],"until":1060000,"why":"spam"}"#.to_owned(),
        ),
        (
            ModCommand::Ban(of_holder),
            r#"{"entry":"ruled","ruling":"banned","by":"Ann","target":{"name":"Zoe"},"whom":[{"member":3,"name":"Cat","account":null}],"holder":3,"unseated":[],"until":null,"why":""}"#.to_owned(),
        ),
        (
            ModCommand::Mute(name("Ben")),
            r#"{"entry":"ruled","ruling":"muted","by":"Ann","name":"Ben","whom":[{"member":2,"name":"Ben","account":null}]}"#.to_owned(),
        ),
        (
            ModCommand::Own(name("Ben")),
            r#"{"entry":"ruled","ruling":"shared","by":"Ann","with":{"member":2,"name":"Ben","account":null}}"#.to_owned(),
        ),
        (
            ModCommand::Close,
            r#"{"entry":"ruled","ruling":"closed","by":"Ann"}"#.to_owned(),
        ),
    ];
    let room = room_of(3);
    for (command, json) in table {
        let decision = room.decide_command(MemberId(1), &command, NOW);
        let decision = decision.expect("she may");
        assert_eq!(decision.reply, ModReply::Done, "{command:?}");
        assert_eq!(written(&decision.entries), [json], "{command:?}");
    }
    let bans = room.decide_command(MemberId(1), &ModCommand::Bans, NOW);
    let (entries, reply) = (Vec::new(), ModReply::Bans(Vec::new()));
    assert_eq!(
        bans,
        Ok(Decision { entries, reply }),
        "who asks changes nothing"
    );
}

#[test]
fn what_is_taken_back_is_an_entry_too() {
    let mut room = room_of(3);
    for command in [
        ModCommand::Lock(Hash::new(HASH)),
        ModCommand::Private(true),
        ModCommand::Ban(ban("Zoe")),
        ModCommand::Mute(name("Ben")),
    ] {
        obey(&mut room, 1, command).expect("she may");
    }
    for (command, json) in [
        (
            ModCommand::Unlock,
            r#"{"entry":"ruled","ruling":"unlocked","by":"Ann"}"#,
        ),
        (
            ModCommand::Private(false),
            r#"{"entry":"ruled","ruling":"private","by":"Ann","on":false}"#,
        ),
        (
            ModCommand::Unban(Target::Name(name("zoe"))),
            r#"{"entry":"ruled","ruling":"unbanned","by":"Ann","target":{"name":"zoe"}}"#,
        ),
        (
            ModCommand::Unmute(name("ben")),
            r#"{"entry":"ruled","ruling":"unmuted","by":"Ann","name":"ben","members":[2]}"#,
        ),
    ] {
        let decision = room.decide_command(MemberId(1), &command, NOW);
        let entries = decision.expect("she may").entries;
        assert_eq!(written(&entries), [json], "{command:?}");
        room.append(entries, NOW);
    }
    let kept = room.moderation().persistent();
    assert_eq!(kept, Moderation::default(), "everything is as it was");
}

const ANN: MemberId = MemberId(1);
const BEN: MemberId = MemberId(2);
const NOBODY: MemberId = MemberId(9);

fn left(member: MemberId, ended: bool) -> Fact {
    let ended = ended.then_some(ConnectionEnd::Left);
    Fact::Left {
        member,
        is_moving: false,
        ended,
    }
}

fn renamed(member: MemberId) -> Fact {
    let name = name("Bob");
    Fact::Renamed { member, name }
}

fn account_is(member: MemberId, account: &str) -> Fact {
    Fact::AccountIs(member, Some(name(account)))
}

/// As with commands: a row may be added, and MUST NOT be changed.
#[test]
fn facts_are_entries_where_they_are_about_the_room_and_nothing_elsewhere() {
    let mut room = room_of(2);
    room.account_is(ANN, Some(name("Ann")), NOW);
    let (member, account) = (NOBODY, None);
    let table: &[(Fact, &[&str])] = &[
        (left(BEN, false), &[r#"{"entry":"went","member":2}"#]),
        (left(NOBODY, true), &[]),
        (
            left(ANN, true),
            &[
                r#"{"entry":"went","member":1}"#,
                r#"{"entry":"ruled","ruling":"owner_ended","member":1}"#,
            ],
        ),
        (
            renamed(BEN),
            &[r#"{"entry":"renamed","member":2,"name":"Bob"}"#],
        ),
        (renamed(NOBODY), &[]),
        (
            Fact::Founded { member, account },
            &[r#"{"entry":"ruled","ruling":"founded","member":9,"account":null}"#],
        ),
        (
            Fact::OwnerCame(ANN),
            &[r#"{"entry":"ruled","ruling":"owner_came","member":1,"account":"Ann"}"#],
        ),
        (Fact::OwnerCame(BEN), &[]),
        (
            Fact::OwnerEnded(ANN, ConnectionEnd::Left),
            &[r#"{"entry":"ruled","ruling":"owner_ended","member":1}"#],
        ),
        (Fact::OwnerEnded(BEN, ConnectionEnd::Left), &[]),
        (
            account_is(BEN, "Ben"),
            &[r#"{"entry":"ruled","ruling":"account_is","member":2,"account":"Ben"}"#],
        ),
        (
            account_is(NOBODY, "Ann"),
            &[r#"{"entry":"ruled","ruling":"account_is","member":9,"account":"Ann"}"#],
        ),
        (account_is(NOBODY, "Ben"), &[]),
        (
            Fact::AccountDeleted(name("Ann")),
            &[r#"{"entry":"ruled","ruling":"account_deleted","account":"Ann"}"#],
        ),
        (Fact::AccountDeleted(name("Ben")), &[]),
    ];
    for (fact, json) in table {
        let entries = room.decide_fact(fact, NOW);
        assert_eq!(written(&entries), *json, "{fact:?}");
        assert!(entries.iter().all(Entry::is_fact), "{fact:?}");
    }
}

/// As above.
#[test]
fn lines_and_joins_are_entries_of_their_own() {
    let room = room_of(2);
    let joined = room.decide_join(&guest(3, "Cat"), NOW).expect("she may");
    let came = r#"{"entry":"came","member":3,"name":"Cat","account":null,"address":"192.0.2.3"}"#;
    assert_eq!(written(&joined.entries), [came]);
    let line =
        r#"{"entry":"said","id":0,"time":1000000,"member":2,"name":"Ben","kind":0,"text":"hi"}"#;
    assert_eq!(written(&[said(2, "hi")]), [line]);
    // What nobody could have typed, or been called, is made safe or refused.
    let bell = serde_json::from_str::<Entry>(&line.replace("hi", "h\\u001b[2Ji"));
    assert_eq!(bell.ok(), Some(said(2, "hi")));
    for json in [
        line.replace("hi", ""),
        line.replace("Ben", "a b"),
        line.replace("\"kind\":0", "\"kind\":9"),
        came.replace("came", "what else"),
    ] {
        assert!(serde_json::from_str::<Entry>(&json).is_err(), "{json}");
    }
}

#[test]
fn the_owner_is_seen_to_by_entries_only_if_there_is_something_to_do() {
    let mut room = room_of(2);
    assert_eq!(room.decide_owner(NOW), []);
    let mut timed = ban("Zoe");
    timed.time = Some(Duration::from_secs(60));
    obey(&mut room, 1, ModCommand::Ban(timed)).expect("she may");
    room.leave(MemberId(1));
    room.connection_ended(MemberId(1), NOW);
    let inherited =
        r#"{"entry":"ruled","ruling":"inherited","member":2,"name":"Ben","account":null}"#;
    assert_eq!(written(&room.decide_owner(NOW)), [inherited]);
    let expired = r#"{"entry":"ruled","ruling":"expired"}"#;
    let later = NOW.after(Duration::from_secs(60));
    assert_eq!(written(&room.decide_owner(later)), [expired, inherited]);
}

#[test]
fn entries_are_applied_in_their_order_and_once() {
    let mut room = room_of(2);
    let before = room.room.clone();
    let seq = before.at().seq;
    let numbered = |seq, entry| Numbered {
        seq,
        time: NOW,
        entry,
    };
    let mut told = Vec::new();
    // Those before it are missing.
    let early = numbered(seq + 3, said(1, "early"));
    let gap = Gap {
        missing: seq + 1,
        found: seq + 3,
    };
    assert_eq!(room.room.apply(&early, &mut told), Err(gap));
    assert_eq!((&room.room, told.len()), (&before, 0));
    let next = numbered(
        seq + 1,
        Entry::Went {
            member: MemberId(2),
            how: WentHow::Left,
        },
    );
    let applied = room.room.apply(&next, &mut told);
    assert_eq!(applied, Ok(Applied::Now));
    assert_eq!((room.members(), told.len()), (1, 1));
    let after = room.room.clone();
    for repeated in [next, numbered(1, said(1, "again"))] {
        assert_eq!(room.room.apply(&repeated, &mut told), Ok(Applied::Before));
        assert_eq!((&room.room, told.len()), (&after, 1));
    }
}

#[test]
fn the_rights_move_on_with_rulings_alone() {
    let mut room = room_of(2);
    let rights = room.at().rights;
    room.append(vec![said(1, "hi")], NOW);
    room.rename(MemberId(2), name("Bob"));
    room.leave(MemberId(2));
    assert_eq!(room.at().rights, rights);
    room.account_is(MemberId(1), Some(name("Ann")), NOW);
    assert_eq!(room.at().rights, room.at().seq);
}

#[test]
fn who_has_gone_meanwhile_does_not_become_an_owner() {
    let mut room = room_of(2);
    let share = room.decide_command(MemberId(1), &ModCommand::Own(name("Ben")), NOW);
    let share = share.expect("she may").entries;
    room.leave(MemberId(2));
    let before = room.moderation().clone();
    assert_eq!(room.append(share, NOW), None);
    assert_eq!(*room.moderation(), before);
}

/// What happens to a room, in numbers that [`perform`] makes sense of.
type Step = (u8, u64, usize, i64);

const NAMES: [&str; 6] = ["Ann", "Ben", "BEN", "Cat", "anon", "Dai"];

/// Half of the connections are lost.
fn end_of(id: u64, which: usize) -> ConnectionEnd {
    let identity = Identity::of(&name(NAMES[which]), guest(id, "x").address);
    match identity.filter(|_| which % 2 == 1) {
        Some(identity) => ConnectionEnd::Lost(identity),
        None => ConnectionEnd::Left,
    }
}

/// Does one thing, decided as an actor would; nothing if it is refused.
fn perform(room: &mut Logged, (what, id, which, later): Step, now: &mut Timestamp) {
    *now = Timestamp(now.0 + later);
    let (member, whom, now) = (MemberId(id), name(NAMES[which]), *now);
    let account = (which % 2 == 0).then(|| whom.clone());
    let command = match what {
        0 | 1 => {
            let mut guest = guest(id, NAMES[which]);
            guest.account = account;
            // A connection is in a room once.
            if room.role(member, NOW) == Role::Outsider || !room.room.members.contains_key(&member)
            {
                let _ = room.join(guest, now);
            }
            return;
        }
        2 => {
            let line = room.decide_line(member, Kind::Message, "hi".into(), now);
            room.append(line.into_iter().collect(), now);
            return;
        }
        3 => {
            let (is_moving, ended) = (which == 1, (which > 2).then(|| end_of(id, which)));
            let left = Fact::Left {
                member,
                is_moving,
                ended,
            };
            return room.note(left, now);
        }
        4 => return room.note(Fact::Renamed { member, name: whom }, now),
        5 => return room.note(Fact::AccountIs(member, account), now),
        6 => return room.note(Fact::AccountDeleted(whom), now),
        7 => return room.note(Fact::OwnerEnded(member, end_of(id, which)), now),
        8 => return room.note(Fact::Founded { member, account }, now),
        9 => ModCommand::SetTopic(Topic::parse(NAMES[which]).expect("it is short")),
        10 => ModCommand::Kick(whom, "why".into()),
        11 => ModCommand::Ban(NewBan {
            target: Target::Name(whom),
            holder: (which > 3).then_some(member),
            account: None,
            name_only: member.0 % 2 == 0,
            time: (which > 1).then_some(Duration::from_secs(3600)),
            why: "".into(),
        }),
        12 => ModCommand::Ban(ban("192.0.2.3")),
        13 => ModCommand::Unban(Target::Name(whom)),
        14 => ModCommand::Mute(whom),
        15 => ModCommand::Unmute(whom),
        16 => ModCommand::Own(whom),
        17 => ModCommand::Lock(Hash::new(HASH)),
        18 => ModCommand::Unlock,
        19 => ModCommand::Private(which > 2),
        20 => {
            let deed = match which % 2 {
                0 => OperatorDeed::Unlock,
                _ => OperatorDeed::Own(whom),
            };
            let done = room.decide_deed(&deed);
            room.append(done.map_or(Vec::new(), |done| done.entries), now);
            return;
        }
        21 => {
            let done = room.decide_deed(&OperatorDeed::Close);
            room.append(done.map_or(Vec::new(), |done| done.entries), now);
            return;
        }
        _ => ModCommand::Close,
    };
    room.ensure_owner(now);
    if let Ok(decision) = room.decide_command(member, &command, now) {
        room.append(decision.entries, now);
    }
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    // Joins are likely, and closing is not.
    let what = prop_oneof![4 => 0..3_u8, 20 => 3..21_u8, 1 => 21..23_u8];
    let later = prop_oneof![9 => 0..10_000_i64, 1 => 0..3_000_000_000_i64];
    prop::collection::vec((what, 1..6_u64, 0..NAMES.len(), later), 0..80)
}

/// Does all of it, and looks after each step.
fn performed(steps: &[Step]) -> Logged {
    let mut room = Logged::new(Moderation::of(MemberId(1), None, NOW));
    let mut now = NOW;
    for &step in steps {
        perform(&mut room, step, &mut now);
        let moderation = room.moderation();
        for (id, member) in &room.room.members {
            let is_owner = moderation.rank(*id, member.account.as_ref()).is_some();
            let name = member.name.without_number();
            let is_muted = !is_owner && moderation.is_muted(*id, &name, member.account.as_ref());
            assert_eq!(member.is_muted, is_muted, "{step:?}");
        }
    }
    room.ensure_owner(now);
    let is_owned = room.has_owner(now) || room.members() == 0;
    assert!(is_owned || room.is_closed());
    room
}

/// A room that has had the log of another up to some place, and the rest of that.
fn part_way(room: &Logged, place: prop::sample::Index) -> (Room, &[Numbered]) {
    let (before, after) = room.log.split_at(place.index(room.log.len() + 1));
    let mut there = Logged::new(Moderation::of(MemberId(1), None, NOW)).room;
    for numbered in before {
        there
            .apply(numbered, &mut Vec::new())
            .expect("it is the next");
    }
    (there, after)
}

proptest! {
    #[test]
    fn replaying_the_log_gives_the_same_room(steps in steps()) {
        let room = performed(&steps);
        let mut again = Logged::new(Moderation::of(MemberId(1), None, NOW)).room;
        let mut told = Vec::new();
        let json = serde_json::to_string(&room.log).expect("a log can be written");
        let log: Vec<Numbered> = serde_json::from_str(&json).expect("and read");
        prop_assert_eq!(&log, &room.log);
        for numbered in &log {
            // What has come already changes nothing, however often it comes.
            let (there, applied) = (again.members(), again.apply(numbered, &mut told));
            prop_assert_ne!(&applied, &Ok(Applied::Before));
            prop_assert!(again.members() >= there || numbered.entry.takes_out());
            prop_assert_eq!(again.apply(numbered, &mut told), Ok(Applied::Before));
        }
        prop_assert_eq!(&again, &room.room);
        prop_assert_eq!(&told, &room.told);
    }

    #[test]
    fn a_room_goes_on_from_its_image_as_if_it_had_been_there_all_along(
        steps in steps(),
        place in any::<prop::sample::Index>(),
    ) {
        let room = performed(&steps);
        let (mut there, after) = part_way(&room, place);
        let image = there.image();
        // Of whom members are still to be told, they are told there alone.
        there.presence.clear();
        let json = serde_json::to_string(&image).expect("an image can be written");
        let read: RoomImage = serde_json::from_str(&json).expect("and read");
        prop_assert_eq!(&read, &image, "{}", json);
        let mut elsewhere = Room::from_image(LIMITS, read);
        prop_assert_eq!(&elsewhere, &there, "{}", json);
        for numbered in after {
            let (mut told, mut told_elsewhere) = (Vec::new(), Vec::new());
            let applied = there.apply(numbered, &mut told);
            prop_assert_eq!(elsewhere.apply(numbered, &mut told_elsewhere), applied);
            prop_assert_eq!(told_elsewhere, told);
        }
        prop_assert_eq!(elsewhere, there);
    }

    #[test]
    fn a_room_is_taken_up_from_an_image_and_what_is_no_line(
        steps in steps(),
        place in any::<prop::sample::Index>(),
    ) {
        let room = performed(&steps);
        let (there, after) = part_way(&room, place);
        let mut elsewhere = Room::from_image(LIMITS, there.image());
        let is_line = |numbered: &&Numbered| matches!(numbered.entry, Entry::Said(_));
        for numbered in after.iter().filter(|it| !is_line(it)) {
            elsewhere.skip_lines(numbered.seq - 1);
            let applied = elsewhere.apply(numbered, &mut Vec::new());
            prop_assert!(applied.is_ok_and(|applied| applied != Applied::Before));
        }
        elsewhere.skip_lines(room.at().seq);
        // Whether anything was said is known otherwise.
        let mut image = elsewhere.image();
        image.state.has_lines = room.image().state.has_lines;
        prop_assert_eq!(image, room.image());
    }

    #[test]
    fn what_will_be_kept_is_known_before_it_is_so(steps in steps()) {
        let log = performed(&steps).log;
        let mut room = Logged::new(Moderation::of(MemberId(1), None, NOW)).room;
        for numbered in &log {
            let kept = room.moderation().persistent();
            let entries = std::slice::from_ref(&numbered.entry);
            let expected = room.persistent_after(entries, numbered.time);
            room.apply(numbered, &mut Vec::new()).expect("it is the next");
            let after = room.moderation().persistent();
            prop_assert_eq!(expected, (after != kept).then_some(after));
        }
    }

    #[test]
    fn moderation_is_written_down_in_full_and_the_persistent_part_in_the_same_form(steps in steps()) {
        let room = performed(&steps);
        let moderation = room.moderation();
        let full = moderation.to_json();
        prop_assert_eq!(Moderation::from_json(&full), Ok(moderation.clone()), "{}", full);
        let persistent = moderation.persistent();
        let kept = persistent.to_json();
        prop_assert_eq!(Moderation::from_json(&kept), Ok(persistent.clone()));
        prop_assert_eq!(&persistent.persistent(), &persistent);
        // Nothing in a file is about connections.
        prop_assert!(!kept.contains("member") && !kept.contains("muted"), "{}", kept);
    }
}

#[test]
fn a_file_has_the_moderation_that_it_always_had() {
    let json = r#"{"owners":[{"account":"Ann","seen":1000000}],"lock":null,"private":true,"bans":[{"name":"Zoe","until":null,"by":"Ann","why":"spam"},{"address":"192.0.2.7","until":1060000,"by":"Ann","why":""}]}"#;
    let read = Moderation::from_json(json).expect("it was written so once");
    assert_eq!(read.to_json(), json);
    assert_eq!(read.persistent(), read);
    // Of what was not there yet, nothing was.
    for older in ["{}", r#"{"owners":[],"what else":1}"#] {
        assert_eq!(Moderation::from_json(older), Ok(Moderation::default()));
    }
    let bells = Moderation::from_json(
        r#"{"bans":[{"name":"Zoe","until":null,"by":"Ann","why":"a\u001b[2Jb"}]}"#,
    );
    let bells = bells.expect("somebody wrote into the file");
    assert_eq!(&*bells.ban_lines(NOW)[0].why, "ab");
}
