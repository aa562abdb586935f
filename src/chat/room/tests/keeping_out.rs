//! Bans and mutes that hold, whoever takes which name and whenever.

use super::*;
use crate::chat::request::BanReply;

/// A ban of all that a name stands for.
fn ban(called: &str) -> NewBan {
    NewBan {
        name_only: false,
        ..super::ban(called)
    }
}

fn in_room(room: &Room, member: u64) -> bool {
    room.members.contains_key(&MemberId(member))
}

fn with_account(id: u64, called: &str) -> JoinRequest {
    JoinRequest {
        account: Some(name(called)),
        ..guest(id, called)
    }
}

fn is_banned(room: &Logged, guest: JoinRequest) -> bool {
    matches!(room.decide_join(&guest, NOW), Err(JoinError::Banned(..)))
}

#[test]
fn a_ban_that_is_over_keeps_nobody_out_and_is_in_no_list() {
    let mut room = room_of(2);
    let minute = Duration::from_secs(60);
    let mut short = ban("Ben");
    short.time = Some(minute);
    obey(&mut room, 1, ModCommand::Ban(short)).expect("she may");
    let later = NOW.after(minute);
    let before = NOW.after(minute - Duration::from_secs(1));
    assert!(room.decide_join(&guest(2, "Ben"), before).is_err());
    assert!(room.decide_join(&guest(2, "Ben"), later).is_ok());
    assert_eq!(room.moderation().ban_lines(before).len(), 1);
    assert_eq!(room.moderation().ban_lines(later), []);
}

#[test]
fn a_member_who_takes_a_banned_name_is_out() {
    let mut room = room_of(3);
    obey(&mut room, 1, ModCommand::Ban(ban("Troll"))).expect("she may");
    room.take_told();
    room.rename(MemberId(2), name("Tro11"));
    assert!(!in_room(&room, 2));
    assert_eq!(
        told(&mut room),
        ["* Ben is now known as Tro11", "* Tro11 was banned by Ann"]
    );
    assert!(
        !is_banned(&room, guest(2, "Ben")),
        "it was the name that was banned"
    );
    // Owners are let in under any name, and so they stay.
    room.rename(MemberId(1), name("Troll"));
    assert!(in_room(&room, 1));
}

#[test]
fn a_member_who_logs_in_to_a_banned_account_is_out() {
    let mut room = room_of(1);
    room.join(with_account(2, "Ben"), NOW).expect("let in");
    obey(&mut room, 1, ModCommand::Ban(ban("Ben"))).expect("she may");
    let elsewhere = |id, called: &str| JoinRequest {
        address: Address::parse("198.51.100.9"),
        ..guest(id, called)
    };
    room.join(elsewhere(3, "Zoe"), NOW).expect("somebody else");
    room.account_is(MemberId(3), Some(name("Ben")), NOW);
    assert!(!in_room(&room, 3));
    let other = JoinRequest {
        account: Some(name("Ben")),
        ..elsewhere(4, "Max")
    };
    assert!(is_banned(&room, other));
}

#[test]
fn a_ban_of_a_name_covers_account_and_address_and_says_so() {
    let mut room = room_of(2);
    room.join(with_account(5, "Zoe"), NOW).expect("let in");
    let reply = |room: &mut Logged, ban| obey(room, 1, ModCommand::Ban(ban)).expect("she may");
    let covers = |called: &str, account, address| {
        ModReply::Banned(BanReply {
            name: name(called),
            account,
            address,
        })
    };
    assert_eq!(reply(&mut room, ban("Ben")), covers("Ben", false, true));
    assert_eq!(reply(&mut room, ban("Zoe")), covers("Zoe", true, true));
    let from = |of: u64, id, called: &str| JoinRequest {
        address: Address::parse(&format!("192.0.2.{of}")),
        ..guest(id, called)
    };
    assert!(is_banned(&room, from(2, 9, "Max")));
    assert!(!is_banned(&room, from(3, 9, "Max")));
    let known = JoinRequest {
        account: Some(name("Max")),
        ..from(2, 9, "Max")
    };
    assert!(
        !is_banned(&room, known),
        "who has an account is not held liable for an address"
    );
    let after_restart = Logged::new(room.moderation().persistent());
    assert!(is_banned(&after_restart, from(2, 9, "Max")));
    obey(&mut room, 1, ModCommand::Unban(Target::Name(name("Ben")))).expect("he is banned");
    assert!(!is_banned(&room, from(2, 9, "Max")));
}

#[test]
fn a_ban_covers_no_address_that_others_share_or_that_is_of_this_machine_nor_any_if_told_so() {
    let mut room = room_of(2);
    let same = |id, called: &str, address| JoinRequest {
        address: Address::parse(address),
        ..guest(id, called)
    };
    room.join(same(6, "Max", "192.0.2.2"), NOW).expect("let in");
    room.join(same(7, "Kim", "127.0.0.1"), NOW).expect("let in");
    room.join(same(8, "Pat", "198.51.100.1"), NOW)
        .expect("let in");
    for called in ["Ben", "Kim"] {
        let reply = obey(&mut room, 1, ModCommand::Ban(ban(called)));
        assert_eq!(reply, Ok(ModReply::Done), "{called}");
    }
    let name_only = NewBan {
        name_only: true,
        ..ban("Pat")
    };
    assert_eq!(
        obey(&mut room, 1, ModCommand::Ban(name_only)),
        Ok(ModReply::Done)
    );
    for address in ["192.0.2.2", "127.0.0.1", "198.51.100.1"] {
        assert!(!is_banned(&room, same(9, "Zoe", address)), "{address}");
    }
}

#[test]
fn a_kick_finds_whoever_had_the_name_a_moment_ago_unless_somebody_has_it_now() {
    let kicked = |room: &Logged, after: Duration| {
        let kick = ModCommand::Kick(name("Ben"), "".into());
        let decided = room.decide_command(MemberId(1), &kick, NOW.after(after));
        let [Entry::Ruled(ruling)] = &decided.ok()?.entries[..] else {
            return None;
        };
        match &**ruling {
            Ruling::Kicked { whom, .. } => Some(whom[0].member.0),
            _ => None,
        }
    };
    let mut room = room_of(3);
    for new in ["Bob", "Rob"] {
        room.rename(MemberId(2), name(new));
    }
    assert_eq!(kicked(&room, Duration::ZERO), Some(2));
    assert_eq!(kicked(&room, FORMER_NAMES_KEPT), Some(2));
    let late = FORMER_NAMES_KEPT + Duration::from_secs(1);
    assert_eq!(kicked(&room, late), None);
    room.rename(MemberId(3), name("Ben"));
    assert_eq!(kicked(&room, Duration::ZERO), Some(3));
}

#[test]
fn a_muted_member_tells_nothing_by_a_new_name_and_stays_muted_by_account() {
    let mut room = room_of(1);
    room.join(with_account(2, "Ben"), NOW).expect("let in");
    obey(&mut room, 1, ModCommand::Mute(name("Ben"))).expect("she may");
    room.take_told();
    room.rename(MemberId(2), name("buy_now"));
    assert_eq!(told(&mut room), [""; 0]);
    room.join(guest(3, "Zoe"), NOW).expect("let in");
    room.account_is(MemberId(3), Some(name("Ben")), NOW);
    let say = room.decide_line(MemberId(3), Kind::Message, "x".into(), NOW);
    assert_eq!(say.map(drop), Err(PostError::Muted));
}
