//! What operators of the server do with a room, whoever owns it.

use super::*;
use crate::chat::moderation::{OperatorDeed, PutOut};
use crate::limits::OWNERS_MAX;

fn operate(room: &mut Logged, deed: &OperatorDeed) -> Result<(), ModError> {
    let decision = room.decide_deed(deed)?;
    room.append(decision.entries, NOW);
    Ok(())
}

/// Logs that were written once are read for ever: a row here may be added, and MUST NOT be changed.
#[test]
fn what_operators_decide_is_written_down_without_their_names() {
    let mut room = room_of(2);
    obey(&mut room, 1, ModCommand::Lock(Hash::new("$argon2id$"))).expect("she may");
    for (deed, expected) in [
        (
            OperatorDeed::Close,
            r#"{"entry":"ruled","ruling":"operator","deed":"closed"}"#,
        ),
        (
            OperatorDeed::Unlock,
            r#"{"entry":"ruled","ruling":"operator","deed":"unlocked"}"#,
        ),
        (
            OperatorDeed::Own(name("ben")),
            r#"{"entry":"ruled","ruling":"operator","deed":"shared","with":{"member":2,"name":"Ben","account":null}}"#,
        ),
    ] {
        let decision = room.decide_deed(&deed).expect("there is something to do");
        let [entry] = &decision.entries[..] else {
            panic!("{decision:?}");
        };
        let json = serde_json::to_string(entry).expect("it can be written");
        assert_eq!(json, expected);
        assert_eq!(
            serde_json::from_str::<Entry>(&json).expect("it can be read"),
            *entry
        );
        assert!(entry.changes_rights() && !entry.is_fact());
    }
}

#[test]
fn a_room_that_an_operator_closes_belongs_to_nobody_any_more() {
    let mut room = room_of(3);
    let said = room.decide_line(MemberId(1), Kind::Message, "hi".into(), NOW);
    room.append(vec![said.expect("she may")], NOW);
    let account = Some(name("Ann"));
    room.account_is(MemberId(1), account.clone(), NOW);
    assert!(
        room.moderation()
            .reopener(MemberId(1), account.as_ref())
            .is_some()
    );
    let decision = room.decide_deed(&OperatorDeed::Close).expect("it is open");
    let kept = room
        .persistent_after(&decision.entries, NOW)
        .expect("it changes");
    let numbered = Numbered {
        seq: room.at().seq + 1,
        time: NOW,
        entry: decision.entries[0].clone(),
    };
    let effects = room.room.apply(&numbered, &mut room.told);
    let Ok(Applied::Ruled(effects)) = effects else {
        panic!("{effects:?}");
    };
    assert_eq!(effects.out.len(), 3);
    assert_eq!(effects.put_out.as_deref(), Some(&PutOut::ClosedByOperator));
    assert_eq!(
        effects.closing.map(|closing| closing.kept),
        Some(Kept::AtMost)
    );
    assert!(room.is_closed() && room.members() == 0);
    for moderation in [room.moderation(), &kept] {
        assert_eq!(moderation.reopener(MemberId(1), account.as_ref()), None);
        assert_eq!(moderation.owner_accounts().count(), 0);
    }
    assert_eq!(told(&mut room).len(), 1, "nothing but what was said");
}

#[test]
fn an_operator_unlocks_and_shares_a_room_where_there_is_something_to_do() {
    let mut room = room_of(3);
    assert_eq!(
        operate(&mut room, &OperatorDeed::Unlock),
        Err(ModError::Already)
    );
    obey(&mut room, 1, ModCommand::Lock(Hash::new("$argon2id$"))).expect("she may");
    obey(&mut room, 1, ModCommand::Mute(name("Ben"))).expect("she may");
    room.take_told();
    operate(&mut room, &OperatorDeed::Unlock).expect("it is locked");
    assert_eq!(room.moderation().lock(), None);
    operate(&mut room, &OperatorDeed::Own(name("BEN"))).expect("he is there");
    assert_eq!(room.role(MemberId(2), NOW), Role::Owner);
    assert_eq!(
        told(&mut room),
        [
            "* An operator unlocked the room",
            "* Ben was made an owner by an operator"
        ]
    );
    for (called, why) in [
        ("Ben", ModError::Already),
        ("Zoe", ModError::Nobody(name("Zoe"))),
        ("anon", ModError::Anon),
    ] {
        let own = OperatorDeed::Own(name(called));
        assert_eq!(operate(&mut room, &own), Err(why), "{called}");
    }
    for id in 4..=OWNERS_MAX as u64 + 1 {
        room.join(guest(id, &format!("x{id}")), NOW)
            .expect("there is space");
        let own = OperatorDeed::Own(name(&format!("x{id}")));
        operate(&mut room, &own).expect("there is space");
    }
    let own = OperatorDeed::Own(name("Cat"));
    assert_eq!(operate(&mut room, &own), Err(ModError::TooMany(OWNERS_MAX)));
}
