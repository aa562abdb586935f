//! Messages to a room or to one person, and people who are ignored.

use super::*;
use crate::chat::ignore::IgnoreError;
use crate::chat::people::DmError;
use crate::limits::{IGNORES_MAX, LINE_BYTES_MAX};

pub(super) fn sentences() -> Vec<Sentence> {
    let mut all = to_a_room();
    all.extend(sent());
    all.extend(received());
    all.extend(not_sent());
    all
}

fn to_a_room() -> Vec<Sentence> {
    let date = jiff::civil::date(2026, 11, 22);
    vec![
        says(
            "a message, on a server that cannot write its file",
            MessageView::NotSent,
        ),
        says(
            "a message, in a room where you are muted",
            MessageView::Muted,
        ),
        says(
            format!("a line of more than {LINE_BYTES_MAX} bytes"),
            MessageView::LineTooLong,
        ),
        says(
            "a command at which the server has a fault",
            MessageView::Fault,
        ),
        says("`exit`, as a message in a room", MessageView::ExitHint),
        says(r"`\away`, or `\away lunch at noon`", MessageView::Away),
        says("a message, while you are away", MessageView::Back),
        says("a message on another date", MessageView::Date(date)).with(&[Form::Banner]),
        says(
            "the room says more than your client takes in time",
            MessageView::Skipped(120),
        )
        .with(&[Form::Happened]),
        says(
            "the room says one message more than your client takes in time",
            MessageView::Skipped(1),
        )
        .with(&[Form::Happened]),
    ]
}

fn private(words: Words) -> DirectMessage {
    DirectMessage {
        time: VIEWER.now,
        whom: MemberId(1),
        name: name("Dai"),
        words,
    }
}

fn text() -> DirectMessage {
    private(Words::Text(TYPED.into()))
}

fn invitation() -> DirectMessage {
    private(Words::Invitation(room("1150")))
}

fn sent() -> Vec<Sentence> {
    let away = |why: &str| Some(why.into());
    vec![
        says(r"`\msg Dai lunch at noon`", Info::DmSent(text(), None)).with(&[Form::Typed]),
        says(
            r"`\msg Dai lunch at noon`, where Dai is away",
            Info::DmSent(text(), away("")),
        )
        .with(&[Form::Typed]),
        says(
            r"`\msg Dai lunch at noon`, where Dai is away for a reason",
            Info::DmSent(text(), away(TYPED)),
        )
        .with(&[Form::Typed]),
        says(
            r"`\invite Dai`, in room 1150",
            Info::DmSent(invitation(), None),
        ),
    ]
}

fn received() -> Vec<Sentence> {
    vec![
        says(
            "a first private message from Dai",
            MessageView::DmReceived(text(), true),
        )
        .with(&[Form::Typed]),
        says(
            "another private message from Dai",
            MessageView::DmReceived(text(), false),
        )
        .with(&[Form::Typed]),
        says(
            "an invitation from Dai",
            MessageView::DmReceived(invitation(), false),
        ),
    ]
}

fn failed(trigger: &str, why: DmError) -> Sentence {
    says(trigger, Info::DmFailed(name("Dai"), why))
}

fn not_sent() -> Vec<Sentence> {
    vec![
        says(
            r"`\msg`, with a name that nobody can have",
            MessageView::NobodyCalled("a name of more than forty columns, which is cut".to_owned()),
        ),
        says(
            r"`\reply yes`, where nobody has messaged you",
            MessageView::NothingToAnswer,
        ),
        failed(
            r"`\msg Dai hello`, where nobody is called Dai",
            DmError::Gone,
        ),
        says(
            r"`\msg anon#2 hello`",
            Info::DmFailed(Name::anon_in_room(2), DmError::Anon),
        ),
        failed(
            r"`\msg Dai hello`, where Dai has lost the connection",
            DmError::Lost,
        ),
        failed(r"`\msg Dai hello`, as Dai", DmError::Oneself),
        failed(
            r"`\msg Dai hello`, where Dai has typed `\strangers off`",
            DmError::Stranger,
        ),
        failed(r"`\msg Dai hello`, again and again", DmError::TooFast),
        failed(
            r"`\msg Dai hello`, where Dai has not taken many earlier messages",
            DmError::Full,
        ),
        failed(
            r"`\msg Dai hello`, on a server that cannot read its names",
            DmError::Unavailable,
        ),
        failed(
            r"`\msg Dai hello`, where Dai is on another node, which does not answer",
            DmError::Silent,
        ),
    ]
}

pub(super) fn ignoring() -> Vec<Sentence> {
    let refused = |trigger: &str, why| says(trigger, IgnoreReply::Refused(name("Dai"), why));
    let too_many = format!(r"`\ignore Dai`, while you ignore {IGNORES_MAX} people");
    vec![
        says(
            r"`\ignore`, while you ignore nobody",
            IgnoreReply::Listed(vec![]),
        ),
        says(
            r"`\ignore`, while you ignore somebody",
            IgnoreReply::Listed(vec![name("Dai"), name("Bo")]),
        )
        .with(&[Form::List]),
        says(r"`\ignore Dai`", IgnoreReply::Added(name("Dai"), true)),
        says(
            r"`\ignore Dai`, where nobody is called Dai",
            IgnoreReply::Added(name("Dai"), false),
        ),
        says(r"`\unignore Dai`", IgnoreReply::Removed(name("Dai"))),
        refused(r"`\ignore Dai`, as Dai", IgnoreError::Oneself),
        refused(r"`\ignore Dai`, while you ignore Dai", IgnoreError::Already),
        refused(&too_many, IgnoreError::TooMany(IGNORES_MAX)),
        refused(
            r"`\unignore Dai`, while you do not ignore Dai",
            IgnoreError::NotIgnored,
        ),
    ]
}
