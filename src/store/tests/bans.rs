//! Bans of the whole server, and reports: there again when the file is opened again.

use std::sync::Arc;

use super::*;
use crate::chat::admin::ban::{BanTarget, ServerBan};
use crate::chat::admin::report::{Party, Report, ReportedLine};
use crate::store::tools;

fn ban(target: &str, until: Option<i64>, made: i64, hits: u64) -> Arc<ServerBan> {
    let target = BanTarget::parse(target).expect("a target");
    let until = until.map(Timestamp);
    Arc::new(ServerBan::new(
        target,
        until,
        "Dai",
        "spam",
        Timestamp(made),
        hits,
    ))
}

fn report(id: u64) -> Report {
    let party = |called: &str, address: Option<&str>| Party {
        name: Name::parse(called).expect("a name"),
        account: None,
        address: address.map(|text| text.parse().expect("an address")),
    };
    Report {
        id,
        time: Timestamp(7),
        by: party("Dai", Some("192.0.2.7")),
        about: party("Bo", None),
        room: Some("1150".into()),
        why: "spam".into(),
        lines: vec![ReportedLine {
            time: Timestamp(1),
            name: Name::anon(),
            kind: Kind::Message,
            text: "buy".into(),
        }],
    }
}

fn stored(store: &Store) -> Vec<String> {
    let bans = block_on(store.bans()).expect("they can be read");
    let shown = bans.iter().map(|ban| {
        let until = ban.until.map(|until| until.0);
        format!("{} {until:?} {} {}", ban.target, ban.made.0, ban.hits())
    });
    shown.collect()
}

#[test]
fn bans_and_reports_outlive_the_process_and_the_check_finds_nothing_wrong() {
    let (_folder, path) = place_for_a_file();
    let store = open(&path);
    for one in [
        ban("192.0.2.0/24", Some(5000), 3, 0),
        ban("name:Dai", None, 1, 0),
        ban("account:Bo", None, 2, 0),
        ban("2001:db8::7/128", None, 4, 0),
    ] {
        block_on(store.save_ban(one)).expect("stored");
    }
    block_on(store.save_ban(ban("name:Dai", Some(9000), 1, 0))).expect("in place of it");
    let gone = vec![BanTarget::parse("account:Bo").expect("a target")];
    block_on(store.delete_bans(gone)).expect("deleted");
    let hits = vec![
        ban("192.0.2.0/24", None, 3, 300),
        ban("192.0.2.9", None, 3, 1),
    ];
    block_on(store.note_hits(hits)).expect("noted");
    block_on(store.save_report(report(1), vec![])).expect("stored");
    block_on(store.save_report(report(2), vec![])).expect("stored");
    block_on(store.save_report(report(3), vec![1])).expect("stored");
    block_on(store.close());
    assert_eq!(
        tools::check(&path).expect("it can be read"),
        Vec::<String>::new()
    );
    let store = open(&path);
    assert_eq!(
        stored(&store),
        [
            "name:Dai Some(9000) 1 0",
            "192.0.2.0/24 Some(5000) 3 300",
            "2001:db8::7/128 None 4 0"
        ]
    );
    let reports = block_on(store.reports()).expect("they can be read");
    assert_eq!(reports, [report(2), report(3)]);
    block_on(store.close());
}

#[test]
fn what_somebody_wrote_into_the_file_by_hand_is_left_out_or_made_safe_and_found_by_the_check() {
    let (_folder, path) = place_for_a_file();
    block_on(open(&path).close());
    let db = rusqlite::Connection::open(&path).expect("a database");
    db.execute_batch(
        "INSERT INTO bans VALUES ('nonsense', NULL, 'x', '', 1, 0);
         INSERT INTO bans VALUES ('192.0.2.7', NULL, 'x', char(27) || '[2J*', 2, 0);
         INSERT INTO reports VALUES (1, 'nonsense');",
    )
    .expect("it is written");
    drop(db);
    assert_eq!(
        tools::check(&path).expect("it can be read"),
        [
            "the ban of nonsense: its target is invalid",
            "the ban of 192.0.2.7: nobody could have typed its reason",
            "report 1: it cannot be read"
        ]
    );
    let store = open(&path);
    let bans = block_on(store.bans()).expect("they can be read");
    assert_eq!(bans.len(), 1);
    assert_eq!(&*bans[0].why, "*");
    assert!(
        block_on(store.reports())
            .expect("they can be read")
            .is_empty()
    );
    block_on(store.close());
}

#[test]
fn without_a_file_nothing_is_kept_and_nothing_fails() {
    let store = Store::memory(10);
    block_on(store.save_ban(ban("192.0.2.7", None, 1, 0))).expect("nothing to be done");
    block_on(store.save_report(report(1), vec![])).expect("nothing to be done");
    assert!(stored(&store).is_empty());
}
