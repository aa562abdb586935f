//! The people who are connected, and the server.

use std::time::Duration;

use super::*;
use crate::chat::people::{ClientKind, Encryption, Profile, RoleMarks, Stats};

fn person(text: &str, idle_minutes: u64) -> UserSummary {
    UserSummary {
        idle: Duration::from_secs(60 * idle_minutes),
        ..UserSummary::named(name(text))
    }
}

fn away(text: &str) -> UserSummary {
    UserSummary {
        away: true,
        ..person(text, 200)
    }
}

fn lost(text: &str) -> UserSummary {
    UserSummary {
        lost: true,
        ..person(text, 2)
    }
}

fn with(role: RoleMarks, person: UserSummary) -> UserSummary {
    UserSummary { role, ..person }
}

pub(super) fn sentences() -> Vec<Sentence> {
    let mut all = lists();
    all.extend(whois());
    all.extend(others());
    all
}

fn lists() -> Vec<Sentence> {
    let none = RoleMarks::default();
    let you = RoleMarks { you: true, ..none };
    let owner = RoleMarks {
        owner: true,
        ..none
    };
    let muted = RoleMarks {
        muted: true,
        ..none
    };
    let members = vec![
        with(owner, person("Bo", 0)),
        with(you, person("Dai", 0)),
        with(muted, away("Ann")),
        lost("Cy"),
    ];
    let alone = vec![with(you, person("Dai", 0))];
    let here = |members, more| Info::Members(room("1150"), members, more);
    let users = |people, more, is_partial| {
        Info::Users(People {
            people,
            more,
            is_partial,
        })
    };
    let at = |people, more| users(people, more, false);
    let places = vec![
        (person("Bo", 0), Location::Menu),
        (person("Dai", 3), Location::Room(room("1150"))),
        (away("Ann"), Location::Hidden),
        (lost("Cy"), Location::Room(room("7"))),
    ];
    let only = || vec![(person("Dai", 0), Location::Menu)];
    let list = |trigger: &str, info| says(trigger, info).with(&[Form::List]);
    vec![
        list(r"`\who`, in room 1150", here(members, 0)),
        says(r"`\who`, in a room where nobody else is", here(alone, 0)),
        list(
            r"`\who`, in a room with more people than are named",
            here(vec![person("Bo", 0), person("Dai", 0)], 199),
        ),
        list(r"`\who all`", at(places, 0)),
        list(r"`\who all`, where nobody else is", at(only(), 0)),
        list(
            r"`\who all`, with more people than are named",
            at(only(), 300),
        ),
        list(
            r"`\who all`, on one of several nodes, when their database does not answer",
            users(only(), 0, true),
        ),
    ]
}

fn profile(kind: ClientKind, present: UserSummary, place: Location) -> Profile {
    Profile {
        present,
        place,
        since: Timestamp(VIEWER.now.0 - 7_200_000),
        kind,
        encryption: None,
        terminal: None,
        away: None,
    }
}

fn whois() -> Vec<Sentence> {
    let at = |place| profile(ClientKind::TelnetKeys, person("Dai", 0), place);
    let by = |encryption| Profile {
        encryption: Some(encryption),
        ..profile(ClientKind::Raw, person("Dai", 0), Location::Menu)
    };
    let idle = profile(ClientKind::Raw, person("Dai", 90), Location::Menu);
    let gone = profile(ClientKind::TelnetLines, lost("Dai"), Location::Menu);
    let known = Profile {
        terminal: Some("XTERM-256COLOR".into()),
        ..at(Location::Room(room("1150")))
    };
    let away = |why: &str| Profile {
        away: Some(why.into()),
        ..at(Location::Hidden)
    };
    let told =
        |trigger: &str, profile| says(trigger, Info::Whois(name("Dai"), Some(Box::new(profile))));
    vec![
        told(r"`\whois Dai`, who is in a room", known),
        told(r"`\whois Dai`, who is at the menu and idle", idle),
        told(r"`\whois Dai`, who comes by TLS", by(Encryption::Tls)),
        told(r"`\whois Dai`, who comes by ssh", by(Encryption::Ssh)),
        told(r"`\whois Dai`, whose connection was lost", gone),
        told(r"`\whois Dai`, who is in a private room and away", away("")),
        told(r"`\whois Dai`, who is away for a reason", away(TYPED)).with(&[Form::Typed]),
        says(
            r"`\whois Dai`, where nobody is called Dai",
            Info::Whois(name("Dai"), None),
        ),
        says(r"`\whois anon`", Info::Whois(Name::anon(), None)),
        says(
            r"`\whois two words`, which nobody can be called",
            View::NoSuchUser("two words".to_owned()),
        ),
    ]
}

fn figures(lines_ever: Option<u64>) -> Stats {
    Stats {
        since: Timestamp(VIEWER.now.0 - 3 * 86_400_000),
        up: Duration::from_secs(3 * 86_400),
        people: 12,
        is_partial: false,
        is_shared: false,
        rooms: 3,
        lines: 1200,
        lines_ever,
        certificate: None,
    }
}

fn others() -> Vec<Sentence> {
    let stats = |lines_ever, certificate: Option<&str>| {
        Info::Stats(Stats {
            certificate: certificate.map(Into::into),
            ..figures(lines_ever)
        })
    };
    let of_one = |is_partial| {
        Info::Stats(Stats {
            is_partial,
            is_shared: true,
            ..figures(Some(98_000))
        })
    };
    vec![
        says(r"`\stats`, on a server without `--data`", stats(None, None)).with(&[Form::Table]),
        says(
            r"`\stats`, on a server that is called The Lounge and has `--data`",
            stats(Some(98_000), None),
        )
        .with(&[Form::Table])
        .on("The Lounge"),
        says(r"`\stats`, on one of several nodes", of_one(false)).with(&[Form::Table]),
        says(
            r"`\stats`, on one of several nodes, when their database does not answer",
            of_one(true),
        )
        .with(&[Form::Table]),
        says(
            r"`\stats`, on a server with TLS",
            stats(None, Some(&["5F"; 32].join(":"))),
        )
        .with(&[Form::Table]),
        says(
            r"`\whois Dai` or another question, on a server that cannot read its file",
            Info::Unavailable,
        ),
    ]
}
