//! What one is shown of what others say, and how: in whose time, with which bell, and from whom.

use crate::harness::{Client, Server, room_with};

/// What `client` is sent until the next `text`, and the time that stands before it in the same row.
fn time_before(client: &mut Client, text: &str) -> String {
    let before = client.expect(text);
    let time = before.rsplit('[').next().expect("a time before it");
    time.trim_end_matches("] ").to_owned()
}

/// `time` some hours later, on a clock that goes round.
fn later(time: &str, hours: u32) -> String {
    let (hour, rest) = time.split_at(2);
    let hour: u32 = hour.parse().expect("hours");
    format!("{:02}{rest}", (hour + hours) % 24)
}

#[test]
fn everything_is_shown_in_the_time_of_ones_own_zone() {
    let server = Server::start(&["--timezone", "UTC"]);
    let [mut ann, mut far] = room_with(&server, "1150", ["ann", "far"]);
    far.line("\\timezone");
    far.expect_next("Times are shown in UTC. Type \\timezone ZONE for another, such as ");
    far.expect("far> ");
    far.line("\\timezone asia/BANGKOK");
    far.expect_next("Times are shown in Asia/Bangkok, where it is 2");
    far.expect(" now.\nfar> ");

    ann.line("hello");
    let hello = time_before(&mut ann, "ann: hello\nann> ");
    let there = time_before(&mut far, "ann: hello\nfar> ");
    assert_eq!(there, later(&hello, 7));
    ann.line("\\msg far psst");
    let here = time_before(&mut ann, "you -> far: psst\n");
    let there = time_before(&mut far, "ann -> you: psst\n");
    assert_eq!(there, later(&here, 7));
    far.expect("far> ");
    far.line("\\history");
    let there = time_before(&mut far, "ann: hello\n");
    let (_, there) = there.split_once(' ').expect("a date and a time");
    assert_eq!(there, later(&hello, 7));
    far.expect("far> ");
    far.line("\\timezone +05:30");
    far.expect_next("Times are shown in UTC+05:30, where it is ");
    far.expect("far> ");
    far.line("\\timezone Bangkok");
    far.expect_next(
        "There is no time zone Bangkok. Times are still shown in UTC+05:30. \
         Try one such as Asia/Bangkok, +07:00 or UTC.\nfar> ",
    );
    far.line("\\timezone -3");
    far.expect("far> ");
    far.line("\\exit");
    far.expect("far> ");
    let history = far.join("1150");
    let there = format!("[{}] ann: hello\n", later(&hello, 21));
    assert!(history.contains(&there), "{there} is not in {history}");
    far.line("\\time");
    far.expect_next("It is 2");
    far.expect(" in UTC-03:00.\nfar> ");
    far.line("\\timezone off");
    far.expect_next("Times are shown in UTC, where it is ");
}
