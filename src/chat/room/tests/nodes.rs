//! A room that several servers share: servers that die, stop and come back, and entries of later versions.

use super::*;
use crate::chat::message::Notice;
use crate::chat::node::NodeId;
use crate::limits::MOVING_NOTICE_DELAY;

const HERE: NodeId = NodeId(1);
const THERE: NodeId = NodeId(2);

fn on(node: NodeId, id: u64, called: &str) -> JoinRequest {
    JoinRequest {
        member: MemberId::on(node, id),
        ..guest(id, called)
    }
}

/// Ann, who owns the room, and Ben over there; Cat and Dai here.
fn two_servers() -> Logged {
    let ann = MemberId::on(THERE, 1);
    let mut room = Logged::new(Moderation::of(ann, None, NOW));
    for (node, id, called) in [
        (THERE, 1, "Ann"),
        (HERE, 3, "Cat"),
        (THERE, 2, "Ben"),
        (HERE, 4, "Dai"),
    ] {
        room.join(on(node, id, called), NOW).expect("they come in");
    }
    room.take_told();
    room
}

fn names(room: &Logged) -> Vec<String> {
    room.names().iter().map(Name::to_string).collect()
}

#[test]
fn who_is_connected_to_a_dead_server_is_out_once_and_the_eldest_of_the_others_inherits() {
    let mut room = two_servers();
    room.note(Fact::NodeDead(THERE), NOW);
    assert_eq!(names(&room), ["Cat", "Dai"]);
    assert_eq!(
        room.at().rights,
        room.at().seq,
        "lines have to be decided again"
    );
    // Two servers that decide it see the same.
    assert_eq!(room.decide_fact(&Fact::NodeDead(THERE), NOW), []);
    let later = NOW.after(crate::limits::OWNER_LOST_MAX);
    assert_eq!(room.ensure_owner(NOW), None, "Ann may be back");
    assert_eq!(room.ensure_owner(later), Some(MemberId::on(HERE, 3)));
}

#[test]
fn a_server_that_was_taken_for_dead_brings_its_people_back_as_what_they_were() {
    let mut room = two_servers();
    let ann = room.as_came(MemberId::on(THERE, 1)).expect("she is here");
    let ben = room.as_came(MemberId::on(THERE, 2)).expect("he is here");
    room.note(Fact::NodeDead(THERE), NOW);
    for came in [ann, ben] {
        let back = Fact::Back(Box::new(came));
        room.note(back.clone(), NOW);
        assert_eq!(room.decide_fact(&back, NOW), [], "once");
    }
    assert_eq!(names(&room), ["Cat", "Dai", "Ann", "Ben"]);
    assert_eq!(room.role(MemberId::on(THERE, 1), NOW), Role::Owner);
    assert_eq!(room.role(MemberId::on(THERE, 2), NOW), Role::Member);
}

#[test]
fn whoever_was_banned_meanwhile_is_put_out_again() {
    let mut room = two_servers();
    let ben = room.as_came(MemberId::on(THERE, 2)).expect("he is here");
    room.note(Fact::NodeDead(THERE), NOW);
    let banned = room.decide_command(MemberId::on(HERE, 3), &ModCommand::Ban(ban("Ben")), NOW);
    assert!(banned.is_err(), "Cat owns nothing");
    room.append(
        vec![
            Ruling::Founded {
                member: MemberId::on(HERE, 3),
                account: None,
            }
            .into(),
        ],
        NOW,
    );
    let banned = room.decide_command(MemberId::on(HERE, 3), &ModCommand::Ban(ban("Ben")), NOW);
    room.append(banned.expect("Cat owns the room").entries, NOW);
    room.note(Fact::Back(Box::new(ben)), NOW);
    assert_eq!(names(&room), ["Cat", "Dai"]);
}

#[test]
fn nobody_is_told_of_those_who_move_to_another_server_in_time() {
    let moving = |member| Fact::Left {
        member,
        is_moving: true,
        ended: Some(ConnectionEnd::Left),
    };
    let tell_at = |room: &mut Logged, at: Timestamp| {
        let mut told = Vec::new();
        room.room.tell_due(at, &mut told);
        told
    };
    let mut room = two_servers();
    room.room.set_limits(RoomLimits {
        notice_delay: Duration::from_secs(2),
        ..LIMITS
    });
    room.note(moving(MemberId::on(THERE, 2)), NOW);
    let late = NOW.after(MOVING_NOTICE_DELAY).after(Duration::from_secs(1));
    assert_eq!(tell_at(&mut room, late), []);
    room.join(on(HERE, 5, "Ben"), late).expect("he comes in");
    let later = late.after(Duration::from_secs(60));
    assert_eq!(tell_at(&mut room, later), []);
    assert_eq!(room.take_told(), []);
    // Whoever does not come has gone.
    room.note(moving(MemberId::on(HERE, 4)), later);
    let told = tell_at(&mut room, later.after(MOVING_NOTICE_DELAY * 2));
    assert!(
        matches!(&told[..], [Item::Notice(Notice::Left(_))]),
        "{told:?}"
    );
}

#[test]
fn what_only_a_later_version_understands_is_counted_and_what_may_change_rights_ends_deciding() {
    let mut room = two_servers();
    let seq = room.at().seq;
    let unknown = |changes_rights| Entry::Unknown { changes_rights };
    room.append(vec![unknown(false)], NOW);
    assert_eq!(room.at().seq, seq + 1);
    let cat = MemberId::on(HERE, 3);
    let line = |room: &Logged| room.decide_line(cat, Kind::Message, "x".into(), NOW);
    assert!(line(&room).is_ok() && !room.is_unclear());
    room.append(vec![unknown(true)], NOW);
    assert_eq!(line(&room), Err(PostError::NotHere));
    assert!(room.is_unclear());
    assert_eq!(room.at().rights, seq + 2);
}

#[test]
fn a_room_that_is_open_again_is_what_its_log_says() {
    let mut room = two_servers();
    let ann = MemberId::on(THERE, 1);
    let close = room.decide_command(ann, &ModCommand::Close, NOW);
    room.append(close.expect("Ann owns it").entries, NOW);
    assert!(room.is_closed());
    assert_eq!(
        room.decide_fact(
            &Fact::Founded {
                member: ann,
                account: None
            },
            NOW
        ),
        []
    );
    let moderation = room.moderation().reopened(ann, None);
    room.note(Fact::Reopened(Box::new(moderation.clone())), NOW);
    assert!(!room.is_closed());
    assert_eq!(room.moderation(), &moderation);
    // A server that takes it up from its image and the rest sees the same.
    let mut image = Room::from_image(
        LIMITS,
        RoomImage::empty(
            RoomState {
                topic: None,
                moderation: Moderation::of(ann, None, NOW),
                has_lines: false,
            },
            At::default(),
        ),
    );
    for numbered in &room.log {
        image
            .apply(numbered, &mut Vec::new())
            .expect("it is the next");
    }
    assert_eq!(image.image(), room.image());
}
