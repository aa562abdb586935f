//! What heirs may not do yet, whose connection was lost, and who can undo it when a room was closed.

use proptest::prelude::*;

use super::*;
use crate::chat::moderation::Deed;
use crate::limits::{OWNER_LOST_MAX, OWNER_TRIAL};

const MINUTE: Duration = Duration::from_secs(60);

fn say(room: &mut Logged, member: u64, now: Timestamp) {
    let line = room.decide_line(MemberId(member), Kind::Message, "x".into(), now);
    room.append(vec![line.expect("they may speak")], now);
}

fn quit(room: &mut Logged, member: u64, now: Timestamp) {
    let ended = Some(ConnectionEnd::Left);
    let member = MemberId(member);
    room.note(
        Fact::Left {
            member,
            is_moving: false,
            ended,
        },
        now,
    );
}

/// Their connection is lost, in the room or elsewhere.
fn lose(room: &mut Logged, id: u64, called: &str, now: Timestamp) {
    let identity = Identity::of(&name(called), guest(id, called).address);
    let how = ConnectionEnd::Lost(identity.expect("it has a name"));
    let (member, ended) = (MemberId(id), Some(how));
    room.note(
        Fact::Left {
            member,
            is_moving: false,
            ended,
        },
        now,
    );
}

/// Ben, Cat and others have what Ann, who has spoken and gone, has left; Ben owns it.
fn inherited(count: u64) -> Logged {
    let mut room = room_of(count);
    say(&mut room, 1, NOW);
    quit(&mut room, 1, NOW);
    assert_eq!(room.ensure_owner(NOW), Some(MemberId(2)));
    room.take_told();
    room
}

fn command_of(
    room: &Logged,
    member: u64,
    command: &ModCommand,
    now: Timestamp,
) -> Result<(), ModError> {
    let decided = room.decide_command(MemberId(member), command, now);
    decided.map(drop)
}

fn too_soon(deed: Deed, kept: Duration) -> Result<(), ModError> {
    let left = OWNER_TRIAL - kept;
    Err(ModError::TooSoon { deed, kept, left })
}

/// What cannot be undone by whoever comes back.
fn grave() -> [(ModCommand, Deed); 5] {
    [
        (ModCommand::Close, Deed::Close),
        (ModCommand::Lock(Hash::new(HASH)), Deed::Lock),
        (ModCommand::Unlock, Deed::Unlock),
        (ModCommand::Ban(ban("Cat")), Deed::Ban),
        (ModCommand::Ban(ban("192.0.2.3")), Deed::Ban),
    ]
}

#[test]
fn who_inherits_keeps_order_at_once_and_shuts_nobody_out_until_an_hour_in_company_is_over() {
    let room = inherited(3);
    assert_eq!(room.role(MemberId(2), NOW), Role::Heir);
    for command in [
        ModCommand::Kick(name("Cat"), "".into()),
        ModCommand::Mute(name("Cat")),
        ModCommand::SetTopic(None),
        ModCommand::Bans,
        ModCommand::Private(true),
        ModCommand::Own(name("Cat")),
    ] {
        assert_eq!(command_of(&room, 2, &command, NOW), Ok(()), "{command:?}");
    }
    let almost = OWNER_TRIAL - Duration::from_millis(1);
    for (command, deed) in grave() {
        for kept in [Duration::ZERO, 5 * MINUTE, almost] {
            let result = command_of(&room, 2, &command, NOW.after(kept));
            assert_eq!(result, too_soon(deed, kept), "{command:?} after {kept:?}");
        }
        let after = command_of(&room, 2, &command, NOW.after(OWNER_TRIAL));
        let expected = match command {
            ModCommand::Unlock => Err(ModError::Already),
            _ => Ok(()),
        };
        assert_eq!(after, expected, "{command:?}");
    }
    assert_eq!(room.role(MemberId(2), NOW.after(OWNER_TRIAL)), Role::Owner);
}

#[test]
fn only_time_in_the_room_and_in_company_counts() {
    let mut room = inherited(3);
    let mut now = NOW.after(10 * MINUTE);
    let kept = |room: &Logged, now| match command_of(room, 2, &ModCommand::Close, now) {
        Err(ModError::TooSoon { kept, .. }) => Some(kept),
        _ => None,
    };
    // Alone for a night.
    quit(&mut room, 3, now);
    now = now.after(9 * OWNER_TRIAL);
    assert_eq!(kept(&room, now), Some(10 * MINUTE));
    // Elsewhere, while others are there.
    room.join(guest(4, "Dai"), now).expect("he is let in");
    room.join(guest(5, "Eve"), now).expect("she is let in");
    now = now.after(10 * MINUTE);
    let (member, ended) = (MemberId(2), None);
    room.note(
        Fact::Left {
            member,
            is_moving: false,
            ended,
        },
        now,
    );
    now = now.after(9 * OWNER_TRIAL);
    room.join(guest(2, "Ben"), now).expect("he is let in");
    assert_eq!(kept(&room, now), Some(20 * MINUTE));
    assert_eq!(kept(&room, now.after(39 * MINUTE)), Some(59 * MINUTE));
    assert_eq!(kept(&room, now.after(40 * MINUTE)), None);
    // The clock is set back.
    assert_eq!(kept(&room, Timestamp(0)), Some(20 * MINUTE));
}

#[test]
fn an_heir_gives_no_more_than_an_heir_has() {
    let mut room = inherited(4);
    obey(&mut room, 2, ModCommand::Own(name("Cat"))).expect("he may");
    assert_eq!(
        command_of(&room, 3, &ModCommand::Close, NOW),
        too_soon(Deed::Close, Duration::ZERO)
    );
    // Registering does not make it older, nor does a restart.
    room.account_is(MemberId(2), Some(name("Ben")), NOW);
    assert_eq!(room.role(MemberId(2), NOW), Role::Heir);
    let json = room.moderation().persistent().to_json();
    let read = Moderation::from_json(&json).expect("it was written so");
    let mut again = Logged::new(read);
    again.room.state.has_lines = true;
    again
        .join(with_account(9, "Ben"), NOW)
        .expect("he is let in");
    assert_eq!(again.role(MemberId(9), NOW), Role::Heir);
}

#[test]
fn where_nothing_was_said_there_is_nothing_to_lose() {
    let mut room = room_of(2);
    quit(&mut room, 1, NOW);
    room.ensure_owner(NOW);
    assert_eq!(room.role(MemberId(2), NOW), Role::Owner);
    let closed = room.decide_command(MemberId(2), &ModCommand::Close, NOW);
    let by = name("Ben");
    let kept = Kept::Nothing;
    assert_eq!(
        closed.expect("he may").entries,
        [Ruling::Closed { by, kept }.into()]
    );
}

#[test]
fn what_is_kept_of_a_closed_room_depends_on_who_closed_it() {
    let kept = |room: &Logged, member, now| {
        let closed = room.decide_command(MemberId(member), &ModCommand::Close, now);
        match &closed.expect("they may").entries[..] {
            [Entry::Ruled(ruling)] => match **ruling {
                Ruling::Closed { kept, .. } => kept,
                _ => panic!("{ruling:?}"),
            },
            entries => panic!("{entries:?}"),
        }
    };
    let mut of_ann = room_of(2);
    say(&mut of_ann, 2, NOW);
    assert_eq!(kept(&of_ann, 1, NOW), Kept::AtMost);
    assert_eq!(
        kept(&inherited(3), 2, NOW.after(OWNER_TRIAL)),
        Kept::AtLeast
    );
}

#[test]
fn an_owner_whose_connection_is_lost_has_five_minutes_to_come_back() {
    let mut room = room_of(3);
    say(&mut room, 1, NOW);
    room.append(
        vec![
            Ruling::Private {
                by: name("Ann"),
                on: true,
            }
            .into(),
        ],
        NOW,
    );
    lose(&mut room, 1, "Ann", NOW);
    room.take_told();
    let just = Timestamp(NOW.after(OWNER_LOST_MAX).0 - 1);
    assert_eq!(room.ensure_owner(just), None);
    assert_eq!(room.role(MemberId(2), just), Role::Member);
    // Neither the name nor the address is enough.
    let from = |id, called: &str, host: &str| JoinRequest {
        address: Address::parse(host),
        ..guest(id, called)
    };
    for (guest, is_owner) in [
        (from(9, "Ann", "192.0.2.1"), true),
        (from(9, "ANN", "192.0.2.1"), true),
        (from(9, "Ann", "192.0.2.2"), false),
        (from(9, "Anne", "192.0.2.1"), false),
        (from(9, "anon", "192.0.2.1"), false),
        (
            JoinRequest {
                address: None,
                ..from(9, "Ann", "192.0.2.1")
            },
            false,
        ),
    ] {
        let mut came = room.clone();
        came.join(guest.clone(), just).expect("they are let in");
        let role = came.role(MemberId(9), just);
        assert_eq!(role == Role::Owner, is_owner, "{guest:?}");
        let words = told(&mut came);
        assert_eq!(
            words.iter().any(|row| row.contains("is back and owns")),
            is_owner,
            "{words:?}"
        );
        let late = came.ensure_owner(NOW.after(OWNER_LOST_MAX));
        assert_eq!(late.is_none(), is_owner, "{guest:?}");
    }
    // She comes under another name and takes hers in the room.
    room.join(from(9, "anon", "192.0.2.1"), just)
        .expect("she is let in");
    room.note(
        Fact::Renamed {
            member: MemberId(9),
            name: name("Ann"),
        },
        just,
    );
    assert_eq!(room.role(MemberId(9), just), Role::Owner);
    assert_eq!(room.ensure_owner(NOW.after(OWNER_LOST_MAX)), None);
}

#[test]
fn nobody_inherits_bans_or_gets_past_the_lock_by_what_a_lost_owner_left() {
    let mut room = room_of(3);
    obey(&mut room, 1, ModCommand::Own(name("Ben"))).expect("she may");
    obey(&mut room, 1, ModCommand::Lock(Hash::new(HASH))).expect("she may");
    lose(&mut room, 1, "Ann", NOW);
    let senior = Err(ModError::Senior(name("Ann")));
    assert_eq!(
        command_of(&room, 2, &ModCommand::Ban(ban("Ann")), NOW),
        senior
    );
    let again = |pass: Option<&str>| JoinRequest {
        member: MemberId(9),
        pass: pass.map(Hash::new),
        ..guest(1, "Ann")
    };
    // A ban of her address keeps out all but owners.
    obey(&mut room, 2, ModCommand::Ban(ban("192.0.2.1"))).expect("he may");
    assert_eq!(room.clone().join(again(None), NOW), Err(JoinError::Locked));
    room.join(again(Some(HASH)), NOW).expect("she knows it");
    assert_eq!(room.moderation().rank(MemberId(9), None), Some(0));
}

#[test]
fn a_locked_room_without_owner_stays_locked_for_who_does_not_know_the_password() {
    let mut room = room_of(1);
    obey(&mut room, 1, ModCommand::Lock(Hash::new(HASH))).expect("she may");
    say(&mut room, 1, NOW);
    quit(&mut room, 1, NOW);
    let late = NOW.after(OWNER_AWAY_MAX);
    assert_eq!(
        room.clone().join(guest(2, "Ben"), late),
        Err(JoinError::Locked)
    );
    let pass = Some(Hash::new(HASH));
    room.join(
        JoinRequest {
            pass,
            seat: None,
            ..guest(2, "Ben")
        },
        late,
    )
    .expect("he knows it");
    assert_eq!(room.ensure_owner(late), Some(MemberId(2)));
    let opened = command_of(&room, 2, &ModCommand::Unlock, late);
    assert_eq!(opened, too_soon(Deed::Unlock, Duration::ZERO));
}

#[test]
fn who_owned_a_room_or_founded_it_can_undo_its_closing() {
    let of = |account: Option<&str>| {
        let account = account.map(name);
        Moderation::of(MemberId(1), account, NOW)
    };
    let ann = name("Ann");
    let closed = of(None);
    assert_eq!(closed.reopener(MemberId(1), None), Some(Reopener::Owner));
    assert_eq!(closed.reopener(MemberId(2), None), None);
    // Over another connection it takes an account.
    let closed = of(Some("Ann"));
    assert_eq!(
        closed.reopener(MemberId(7), Some(&ann)),
        Some(Reopener::Owner)
    );
    assert_eq!(closed.reopener(MemberId(7), None), None);
    // She was away for so long that others inherited the room, and one of them has closed it.
    let mut room = Logged::new(of(Some("Ann")));
    room.connection_ended(MemberId(1), NOW);
    let late = NOW.after(OWNER_AWAY_MAX);
    room.join(guest(2, "Ben"), late).expect("he is let in");
    assert_eq!(room.ensure_owner(late), Some(MemberId(2)));
    let closed = room.moderation();
    assert_eq!(
        closed.reopener(MemberId(7), Some(&ann)),
        Some(Reopener::Founder)
    );
    assert_eq!(closed.reopener(MemberId(2), None), Some(Reopener::Owner));
    let read = Moderation::from_json(&closed.persistent().to_json()).expect("it was written so");
    assert_eq!(
        read.reopener(MemberId(7), Some(&ann)),
        Some(Reopener::Founder)
    );
    assert_eq!(read.reopener(MemberId(2), None), None);
    // Who registers later than that is the founder too; who deletes the account is not.
    let mut registered = of(None);
    let account = Some(ann.clone());
    let member = MemberId(1);
    registered.apply(&Ruling::AccountIs { member, account }, NOW);
    assert_eq!(registered.founder.as_ref(), Some(&ann));
    registered.apply(
        &Ruling::AccountDeleted {
            account: ann.clone(),
        },
        NOW,
    );
    assert_eq!(registered.founder, None);
}

#[test]
fn a_reopened_room_has_its_owners_but_no_connections_that_are_gone() {
    let mut room = room_of(3);
    obey(&mut room, 1, ModCommand::Own(name("Ben"))).expect("she may");
    let closed = room.moderation().clone();
    let reopened = closed.reopened(MemberId(2), None);
    assert_eq!(reopened.rank(MemberId(2), None), Some(0));
    assert_eq!(reopened.rank(MemberId(1), None), None);
    // For an operator nobody is there who had inherited it.
    let mut room = inherited(3);
    room.account_is(MemberId(2), Some(name("Ben")), NOW);
    assert_eq!(room.moderation().persistent().owners.count(), 1);
    assert_eq!(room.moderation().without_heirs().owners.count(), 0);
}

#[derive(Clone, Debug)]
enum Step {
    Comes(u64, usize),
    Leaves(u64),
    Quits(u64),
    IsLost(u64, usize),
    Speaks(u64),
    Shares(u64, usize),
    Closes(u64),
    Waits(i64),
}

const PEOPLE: [&str; 5] = ["Ann", "Ben", "Cat", "anon", "ann"];

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let (id, called) = (1..7_u64, 0..PEOPLE.len());
    let step = prop_oneof![
        6 => (id.clone(), called.clone()).prop_map(|(id, called)| Step::Comes(id, called)),
        2 => id.clone().prop_map(Step::Leaves),
        2 => id.clone().prop_map(Step::Quits),
        2 => (id.clone(), called.clone()).prop_map(|(id, called)| Step::IsLost(id, called)),
        3 => id.clone().prop_map(Step::Speaks),
        1 => (id.clone(), called).prop_map(|(id, called)| Step::Shares(id, called)),
        4 => id.prop_map(Step::Closes),
        2 => (0..240_i64).prop_map(Step::Waits),
    ];
    prop::collection::vec(step, 0..60)
}

proptest! {
    /// Whoever closes a room in which something was said has founded it, was made an owner by somebody who had not
    /// inherited it, or has had it for an hour; told from nothing but what was done.
    #[test]
    fn no_stranger_closes_a_room_within_an_hour_of_coming(steps in steps()) {
        let mut room = Logged::new(Moderation::of(MemberId(1), None, NOW));
        let mut now = NOW;
        let mut since = [None; 7];
        // Since when those were there whose connection was lost, when that was, and as whom.
        let mut lost = Vec::new();
        // Those who have it from Ann, over however many steps.
        let mut trusted = std::collections::BTreeSet::from([1]);
        let mut spoken = false;
        for step in steps {
            match step {
                Step::Comes(id, called) => {
                    if !room.room.members.contains_key(&MemberId(id))
                        && room.join(guest(id, PEOPLE[called]), now).is_ok()
                    {
                        room.ensure_owner(now);
                        // Whoever comes back in time has been there all along.
                        let before = lost.iter().filter(|&&(lost, _, at, was)| {
                            let is_called = text::fold(was) == text::fold(PEOPLE[called]);
                            lost == id && is_called && now.since(at) < OWNER_LOST_MAX
                        });
                        let before = before.map(|&(_, since, ..)| since).min();
                        since[id as usize].get_or_insert(before.unwrap_or(now));
                        // The address is the identifier's, and so is who comes back in time.
                        let rank = room.moderation().rank(MemberId(id), None);
                        let is_back = rank.is_some_and(|rank| !room.moderation().owners.has_inherited(rank));
                        prop_assert!(!is_back || trusted.contains(&id));
                    }
                }
                Step::Leaves(id) => room.note(Fact::Left { member: MemberId(id), is_moving: false, ended: None }, now),
                Step::Quits(id) => {
                    // One that was lost before is still expected back.
                    let owns = room.moderation().rank(MemberId(id), None).is_some();
                    quit(&mut room, id, now);
                    room.ensure_owner(now);
                    if owns {
                        trusted.remove(&id);
                    }
                    since[id as usize] = None;
                }
                Step::IsLost(id, called) if PEOPLE[called] != "anon" => {
                    lose(&mut room, id, PEOPLE[called], now);
                    room.ensure_owner(now);
                    if let Some(since) = since[id as usize].take() {
                        lost.push((id, since, now, PEOPLE[called]));
                    }
                }
                Step::IsLost(..) => {}
                Step::Speaks(id) if room.room.members.contains_key(&MemberId(id)) => {
                    say(&mut room, id, now);
                    spoken = true;
                }
                Step::Speaks(_) => {}
                Step::Shares(by, called) => {
                    let order = ModCommand::Own(name(PEOPLE[called]));
                    if let Ok(decision) = room.decide_command(MemberId(by), &order, now) {
                        if trusted.contains(&by)
                            && let [Entry::Ruled(ruling)] = &decision.entries[..]
                            && let Ruling::Shared { with, .. } = &**ruling
                        {
                            trusted.insert(with.member.0);
                        }
                        room.append(decision.entries, now);
                    }
                }
                Step::Closes(id) => {
                    let may = room.decide_command(MemberId(id), &ModCommand::Close, now).is_ok();
                    let here = since[id as usize].map_or(Duration::ZERO, |since| now.since(since));
                    prop_assert!(!may || !spoken || trusted.contains(&id) || here >= OWNER_TRIAL);
                }
                Step::Waits(minutes) => now = now.after(MINUTE * minutes as u32),
            }
        }
    }
}
