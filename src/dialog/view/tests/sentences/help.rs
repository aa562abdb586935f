//! Commands, and mistakes in them. The session says all of it itself: what is typed is typed here too.

use super::*;
use crate::chat::request::{LobbyReply, Reply};
use crate::dialog::session::{COMMANDS, Session};

/// Where something is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Menu,
    Room,
}

/// What `line` leads to at once.
fn views(place: Place, line: &str) -> Vec<View> {
    let mut session = Session::default();
    if place == Place::Room {
        let joined = LobbyReply::Joined(room("1150"), Ok(RoomSnapshot::default()));
        session.reply(Reply::Lobby(joined));
    }
    // `\reply` needs somebody to reply to.
    if line == r"\reply" {
        session.dm_received(DirectMessage {
            time: VIEWER.now,
            whom: MemberId(1),
            name: name("Dai"),
            words: Words::Text(TYPED.into()),
        });
    }
    session.line(line).views
}

fn typed(place: Place, line: &str) -> Sentence {
    let views = views(place, line);
    let [View::Help(view)] = &views[..] else {
        panic!("{line} is no mistake: {views:?}");
    };
    let place = match place {
        Place::Menu => "at the menu",
        Place::Room => "in a room",
    };
    says(format!("`{line}` {place}"), view.clone())
}

pub(super) fn sentences() -> Vec<Sentence> {
    let mut all = vec![
        typed(Place::Room, r"\help").with(&[Form::List]),
        typed(Place::Room, r"\help frobnicate"),
        typed(Place::Room, r"\frobnicate"),
        typed(Place::Room, r"/mgs Dai hello"),
        typed(Place::Room, r"\timr"),
        typed(Place::Room, r"\mut Dai"),
        typed(Place::Room, r"\lock secret"),
        typed(Place::Menu, r"\me waves"),
        typed(Place::Menu, r"\exit"),
        says(r"`\history yesterday` in a room", HelpView::Usage(HISTORY)),
    ];
    all.extend(MISTAKES.iter().map(|line| typed(Place::Room, line)));
    all
}

/// The connection says this, which knows the time.
const HISTORY: &str = "history, \\history 50, \\history 2026-11-20 or \\history 14:30";

#[test]
fn the_way_to_use_history_is_what_the_connection_tells() {
    let source = include_str!("../../../../connection/requests.rs");
    assert!(source.contains(&format!("{HISTORY:?}")), "{HISTORY}");
}

/// Each is answered with how the command is used.
const MISTAKES: [&str; 34] = [
    r"\login",
    r"\key maybe",
    r"\msg Dai",
    r"\reply",
    r"\me",
    r"\re 120",
    r"\ignore two words",
    r"\unignore",
    r"\rooms last",
    r"\join",
    r"\invite",
    r"\who here",
    r"\whois",
    r"\search",
    r"\context last",
    r"\private maybe",
    r"\kick",
    r"\ban Dai for 2x",
    r"\ban-name",
    r"\unban",
    r"\mute",
    r"\unmute",
    r"\own",
    r"\reopen",
    r"\ansi maybe",
    r"\dense maybe",
    r"\width 7",
    r"\color blue",
    r"\times maybe",
    r"\bell maybe",
    r"\plain maybe",
    r"\quiet maybe",
    r"\strangers maybe",
    r"\report Dai",
];

pub(super) fn commands() -> Vec<Sentence> {
    let help = COMMANDS.iter().map(|command| {
        let line = format!(r"\help {}", command.name());
        let sentence = typed(Place::Room, &line);
        sentence.with(&[Form::Example])
    });
    help.collect()
}

#[test]
fn every_way_to_use_a_command_that_the_session_tells_is_listed() {
    let listed = sentences();
    let arguments = [
        "",
        "a b c",
        "?",
        "-1",
        "for",
        "Dai for 2x",
        "\u{3164}",
        "Dai",
        "1",
    ];
    for command in COMMANDS {
        for place in [Place::Menu, Place::Room] {
            for argument in arguments {
                let line = format!("\\{} {argument}", command.name());
                for view in views(place, line.trim_end()) {
                    if let View::Help(HelpView::Usage(_)) = &view {
                        let is_it = |sentence: &Sentence| matches!(&sentence.said, Said::View(said) if *said == view);
                        assert!(listed.iter().any(is_it), "{line}: {view:?} is not listed");
                    }
                }
            }
        }
    }
}
