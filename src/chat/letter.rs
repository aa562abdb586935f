//! *Pure.* What servers that share rooms say to each other: letters, of which most are answered by another one.
//!
//! They are JSON. A server that does not know a kind of letter says so, so that a newer one can be among older ones.

use std::net::IpAddr;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::chat::address::Address;
use crate::chat::admin::NodeFigures;
use crate::chat::admin::report::Report;
use crate::chat::history::RoomId;
use crate::chat::message::{MemberId, clean_text};
use crate::chat::name::Name;
use crate::chat::people::{DmError, Words};
use crate::chat::room::Seat;
use crate::time::Timestamp;

/// What one server asks of another, or tells it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Letter {
    /// Private words. Answered by [`Answer::Words`].
    Words(Box<PrivateWords>),
    /// The owner of `account` has logged in: connection `member` is to give up its name, if it is that. Answered by
    /// [`Answer::Yielded`], once it has.
    Yield {
        /// The connection.
        member: MemberId,
        /// The account.
        account: Name,
    },
    /// An operator closes connection `member`. Answered by [`Answer::Ejected`].
    Eject {
        /// The connection.
        member: MemberId,
        /// Why; may be empty.
        #[serde(deserialize_with = "clean_text")]
        why: Box<str>,
    },
    /// An operator gives connection `member` this name. Answered by [`Answer::Renamed`].
    Rename {
        /// The connection.
        member: MemberId,
        /// The name.
        name: Name,
    },
    /// An operator tells everybody. Answered by [`Answer::Told`].
    Announce(#[serde(deserialize_with = "clean_text")] Box<str>),
    /// An operator has banned somebody. Answered by [`Answer::Closed`].
    Bans {
        /// Whom, as [`BanTarget`](crate::chat::admin::ban::BanTarget) is shown.
        target: Box<str>,
    },
    /// This account is deleted; rooms hear of it by their logs. No answer.
    AccountDeleted(Name),
    /// Somebody was reported. No answer.
    Reported(Box<Report>),
    /// How is it? Answered by [`Answer::Figures`].
    Look,
}

/// Private words from a user of one server to one of another, which decides as it would for its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrivateWords {
    /// Whom they are for.
    pub to: MemberId,
    /// Who has written them.
    pub from: MemberId,
    /// What the sender is called.
    pub name: Name,
    /// Where the sender connects from, unless over a Unix socket.
    pub address: Option<Address>,
    /// The room where the sender is.
    pub room: Option<RoomId>,
    /// When.
    pub time: Timestamp,
    /// What they say.
    pub words: Words,
}

/// What has come of a [`Letter`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// A server of this version does not know such letters.
    NotUnderstood,
    /// The words are there, or are not.
    Words(Result<Delivered, DmError>),
    /// The connection does not have the name any more, and this seat was kept for its owner.
    Yielded(Option<FarSeat>),
    /// The connection of this user is about to be closed; `None`: there is none.
    Ejected(Option<(Name, Option<IpAddr>)>),
    /// What has come of giving somebody a name.
    Renamed(Renaming),
    /// So many connections were told.
    Told(usize),
    /// So many connections were closed.
    Closed(usize),
    /// How it is.
    Figures(NodeFigures),
}

/// Private words that have arrived.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivered {
    /// What the recipient is called.
    pub name: Name,
    /// Away, and why.
    pub away: Option<Box<str>>,
}

/// A seat that is kept on another server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FarSeat {
    /// The room.
    pub room: RoomId,
    /// The seat.
    pub seat: Seat,
    /// Where the connection came from that has lost it.
    pub address: Option<Address>,
}

/// What has come of an operator's giving somebody a name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Renaming {
    /// The user is called so now, who had this name and comes from there.
    Done(Name, Option<IpAddr>),
    /// Somebody has it, or it is registered.
    Taken,
    /// There is no such connection.
    Nobody,
    /// It cannot be done now.
    Unavailable,
}

impl Letter {
    /// Whether there is an answer to it.
    pub fn is_answered(&self) -> bool {
        match self {
            Letter::Words(_)
            | Letter::Yield { .. }
            | Letter::Eject { .. }
            | Letter::Rename { .. }
            | Letter::Announce(_)
            | Letter::Bans { .. }
            | Letter::Look => true,
            Letter::AccountDeleted(_) | Letter::Reported(_) => false,
        }
    }
}

// ---- how they are sent ----

/// A letter, or an answer to one, before it is known what it says.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Sheet {
    /// Its number among those that its writer waits for, if it does.
    Letter(Option<u64>, Value),
    /// The number of the letter.
    Answer(u64, Value),
}

/// Something that has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Received {
    /// A letter, with the number that the answer is to have, if there is to be one.
    Letter(Option<u64>, Letter),
    /// An answer to the letter of this number.
    Answer(u64, Answer),
    /// A letter of a kind that is not known, with its number.
    Unknown(Option<u64>),
    /// Nothing that any server would write.
    Garbage,
}

impl Letter {
    /// The letter as it is sent, with its number if an answer is waited for.
    pub fn to_body(&self, number: Option<u64>) -> String {
        sheet(&Sheet::Letter(number, json(self)))
    }
}

impl Answer {
    /// The answer to letter `number`, as it is sent.
    pub fn to_body(&self, number: u64) -> String {
        sheet(&Sheet::Answer(number, json(self)))
    }
}

impl Received {
    /// Reads what was sent.
    pub fn read(body: &str) -> Received {
        match serde_json::from_str(body) {
            Ok(Sheet::Letter(number, letter)) => match known(letter) {
                Some(letter) => Received::Letter(number, letter),
                None => Received::Unknown(number),
            },
            Ok(Sheet::Answer(number, answer)) => {
                Received::Answer(number, known(answer).unwrap_or(Answer::NotUnderstood))
            }
            Err(_) => Received::Garbage,
        }
    }
}

fn json<T: Serialize>(what: &T) -> Value {
    // No map in it has a key that is no text, which is all that JSON refuses.
    serde_json::to_value(what).unwrap_or_default()
}

fn sheet(sheet: &Sheet) -> String {
    serde_json::to_string(sheet).unwrap_or_default()
}

fn known<T: DeserializeOwned>(value: Value) -> Option<T> {
    serde_json::from_value(value).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::admin::report::{Party, ReportedLine};
    use crate::chat::message::Kind;
    use crate::chat::name::RoomName;
    use crate::limits::{
        LETTER_BYTES_MAX, LINE_BYTES_MAX, NAME_BYTES_MAX, REPORT_LINE_COLUMNS_MAX, REPORT_LINES,
        WHY_COLUMNS_MAX,
    };

    fn name(text: &str) -> Name {
        Name::parse(text).expect("a name")
    }

    fn words(words: Words) -> Letter {
        Letter::Words(Box::new(PrivateWords {
            to: MemberId(1 << 40 | 7),
            from: MemberId(2 << 40 | 3),
            name: name("Dai"),
            address: Address::parse("192.0.2.7"),
            room: Some(RoomId(4)),
            time: Timestamp(1_800_000_000_000),
            words,
        }))
    }

    fn report(line: &str) -> Report {
        let party = |text: &str| Party {
            name: name(text),
            account: Some(name(text)),
            address: "2001:db8::1".parse().ok(),
        };
        let line = ReportedLine {
            time: Timestamp(1),
            name: name("Bo"),
            kind: Kind::Message,
            text: line.into(),
        };
        Report {
            id: 7,
            time: Timestamp(2),
            by: party("Dai"),
            about: party("Bo"),
            room: Some("1150".into()),
            why: "spam".into(),
            lines: vec![line; REPORT_LINES],
        }
    }

    fn letters() -> Vec<Letter> {
        vec![
            words(Words::Text("hello \"you\"".into())),
            words(Words::Invitation(
                RoomName::parse("1150").expect("a room name"),
            )),
            Letter::Yield {
                member: MemberId(9),
                account: name("Dai"),
            },
            Letter::Eject {
                member: MemberId(9),
                why: "".into(),
            },
            Letter::Rename {
                member: MemberId(9),
                name: name("Guest"),
            },
            Letter::Announce("noon".into()),
            Letter::Bans {
                target: "192.0.2.0/24".into(),
            },
            Letter::AccountDeleted(name("Dai")),
            Letter::Reported(Box::new(report("hm"))),
            Letter::Look,
        ]
    }

    fn answers() -> Vec<Answer> {
        let seat = Seat {
            member: MemberId(9),
            seen: 3,
        };
        let far = FarSeat {
            room: RoomId(4),
            seat,
            address: Address::parse("2001:db8::1"),
        };
        let delivered = Delivered {
            name: name("Bo"),
            away: Some("".into()),
        };
        let errors = [
            DmError::Gone,
            DmError::Lost,
            DmError::Stranger,
            DmError::TooFast,
            DmError::Full,
        ];
        let refused = errors.into_iter().map(|why| Answer::Words(Err(why)));
        let ip = "192.0.2.7".parse().ok();
        let others = [
            Answer::NotUnderstood,
            Answer::Words(Ok(delivered)),
            Answer::Yielded(None),
            Answer::Yielded(Some(far)),
            Answer::Ejected(None),
            Answer::Ejected(Some((name("Bo"), ip))),
            Answer::Renamed(Renaming::Done(name("Bo"), None)),
            Answer::Renamed(Renaming::Taken),
            Answer::Renamed(Renaming::Nobody),
            Answer::Renamed(Renaming::Unavailable),
            Answer::Told(3),
            Answer::Closed(0),
            Answer::Figures(NodeFigures { people: 3, lag: 1 }),
        ];
        refused.chain(others).collect()
    }

    #[test]
    fn every_letter_and_every_answer_is_read_as_it_was_written() {
        for letter in letters() {
            let number = letter.is_answered().then_some(u64::MAX);
            let read = Received::read(&letter.to_body(number));
            assert_eq!(read, Received::Letter(number, letter));
        }
        for answer in answers() {
            let read = Received::read(&answer.to_body(5));
            assert_eq!(read, Received::Answer(5, answer));
        }
    }

    #[test]
    fn the_letters_of_this_version_are_what_they_are_for_all_later_ones() {
        let text = words(Words::Text("hello".into())).to_body(Some(1));
        assert_eq!(
            text,
            r#"{"letter":[1,{"words":{"address":"192.0.2.7","from":2199023255555,"name":"Dai","room":4,"time":1800000000000,"to":1099511627783,"words":{"text":"hello"}}}]}"#
        );
        let refused = Answer::Words(Err(DmError::TooFast)).to_body(1);
        assert_eq!(refused, r#"{"answer":[1,{"words":{"Err":"too_fast"}}]}"#);
        assert_eq!(Letter::Look.to_body(None), r#"{"letter":[null,"look"]}"#);
    }

    #[test]
    fn what_is_new_to_a_server_is_told_from_what_makes_no_sense() {
        for (body, expected) in [
            (
                r#"{"letter":[3,{"sing":{"what":"a song"}}]}"#,
                Received::Unknown(Some(3)),
            ),
            (r#"{"letter":[null,"sing"]}"#, Received::Unknown(None)),
            (
                r#"{"answer":[3,"sung"]}"#,
                Received::Answer(3, Answer::NotUnderstood),
            ),
            (r#"{"answer":["x","sung"]}"#, Received::Garbage),
            ("", Received::Garbage),
            ("{}", Received::Garbage),
        ] {
            assert_eq!(Received::read(body), expected, "{body}");
        }
    }

    #[test]
    fn what_comes_from_the_database_is_made_safe() {
        let body = words(Words::Text("hi".into())).to_body(Some(1));
        let forged = body.replace("\"hi\"", "\"\\u001b[2Jhi\"");
        let Received::Letter(_, Letter::Words(read)) = Received::read(&forged) else {
            panic!("{forged}");
        };
        assert_eq!(read.words, Words::Text("hi".into()));
    }

    #[test]
    fn the_longest_letters_are_as_long_as_letters_may_be() {
        let quotes = "\"".repeat(LINE_BYTES_MAX);
        let longest = words(Words::Text(quotes.into())).to_body(Some(u64::MAX));
        assert!(longest.len() + 2 * NAME_BYTES_MAX < LETTER_BYTES_MAX);
        // No line of a report has more bytes than one that is typed, and those that count for columns take two at most.
        let line = "x".repeat(LINE_BYTES_MAX - 2 * REPORT_LINE_COLUMNS_MAX)
            + &"\"".repeat(REPORT_LINE_COLUMNS_MAX);
        let long = Letter::Reported(Box::new(report(&line))).to_body(None);
        let names = (REPORT_LINES + 5) * NAME_BYTES_MAX;
        assert!(long.len() + names + WHY_COLUMNS_MAX < LETTER_BYTES_MAX);
    }
}
