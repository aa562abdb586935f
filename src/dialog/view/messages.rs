//! *Pure.* Messages to a room or to one person.

use std::fmt::{self, Write as _};

use jiff::civil::Date;

use super::{Viewer, cut, quoted};
use crate::chat::message::Message;
use crate::chat::name::Name;
use crate::chat::people::{DirectMessage, DmError, Words};
use crate::limits::{ANSWERED_COLUMNS_MAX, LINE_BYTES_MAX};
use crate::terminal::draw::{self, HANG, Style, styled};

/// What is said of messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MessageView {
    /// A message was not stored, so nobody has seen it.
    NotSent,
    /// A message was not sent: its sender is muted.
    Muted,
    /// A line was longer than [`LINE_BYTES_MAX`].
    LineTooLong,
    /// The server made a mistake with what was asked.
    Fault,
    /// `exit` was said in a room; perhaps `\exit` was meant.
    ExitHint,
    /// A direct message from somebody; whether to hint at how to answer.
    DmReceived(DirectMessage, bool),
    /// A direct message was not sent: nobody can have this name.
    NobodyCalled(String),
    /// Nobody has sent the user a direct message that could be answered.
    NothingToAnswer,
    /// The user is away from now on.
    Away,
    /// The user is back.
    Back,
    /// The messages that follow are of another date.
    Date(Date),
    /// So many messages were not shown, since the client did not read them in time.
    Skipped(u64),
}

impl MessageView {
    pub(super) fn write(&self, viewer: &Viewer<'_>, out: &mut String) -> fmt::Result {
        match self {
            MessageView::NotSent => {
                writeln!(out, "Not sent: the server cannot store messages right now.")
            }
            MessageView::Muted => writeln!(
                out,
                "Not sent: you are muted here. The room's owners can \\unmute you."
            ),
            MessageView::Fault => writeln!(
                out,
                "* The server made a mistake with that. Please check whether it was done."
            ),
            MessageView::LineTooLong => writeln!(
                out,
                "That line is longer than {LINE_BYTES_MAX} bytes. Nothing was sent. \
                 Please send it in parts."
            ),
            MessageView::ExitHint => viewer.hint(
                format_args!("type '\\exit' if you want to quit the room"),
                out,
            ),
            MessageView::DmReceived(message, hint) => {
                write_dm_received(message, *hint, viewer, out)
            }
            MessageView::NobodyCalled(name) => writeln!(
                out,
                "Nobody is called {}. Nothing was sent. Type \\who to see who is here.",
                quoted(name)
            ),
            MessageView::NothingToAnswer => writeln!(
                out,
                "Nobody has messaged you yet. Nothing was sent. Type \\msg NAME TEXT."
            ),
            MessageView::Away => writeln!(out, "You are away until you say something."),
            MessageView::Back => writeln!(out, "You are back."),
            MessageView::Date(date) => {
                draw::write_day(*date, out);
                writeln!(out)
            }
            MessageView::Skipped(1) => writeln!(out, "* 1 message skipped"),
            MessageView::Skipped(count) => writeln!(out, "* {count} messages skipped"),
        }
    }
}

/// What is said by somebody who answers `line` with `text`: `@Dai "lunch at noon…" so do I`.
pub fn answer(line: &Message, text: &str) -> String {
    let (quote, dots) = cut(&line.text, ANSWERED_COLUMNS_MAX);
    // Nobody is meant by the name of all who have none.
    let at = if line.name.is_anon() { "" } else { "@" };
    format!("{at}{} \"{}{dots}\" {text}", line.name, quote.trim_end())
}

pub(super) fn write_dm_sent(
    message: &DirectMessage,
    away: Option<&str>,
    viewer: &Viewer<'_>,
    out: &mut String,
) -> fmt::Result {
    let name = &message.name;
    match &message.words {
        Words::Text(text) => {
            write_private(message, &format!("you -> {name}"), text, viewer, out)?;
        }
        Words::Invitation(room) => {
            let words = format!("you invited {name} to room {room}.");
            let words = styled(Style::Private, &words);
            writeln!(out, "{}{words}", viewer.time(message.time))?;
        }
    }
    match away {
        None => Ok(()),
        Some("") => writeln!(out, "{name} is away."),
        Some(why) => writeln!(out, "{name} is away: {why}"),
    }
}

fn write_dm_received(
    message: &DirectMessage,
    hint: bool,
    viewer: &Viewer<'_>,
    out: &mut String,
) -> fmt::Result {
    let name = &message.name;
    match &message.words {
        Words::Text(text) => {
            write_private(message, &format!("{name} -> you"), text, viewer, out)?;
        }
        Words::Invitation(room) => {
            let words = format!("{name} invites you to room {room}.");
            let words = styled(Style::Private, &words);
            writeln!(out, "{}{words}", viewer.time(message.time))?;
            return viewer.hint(format_args!("type '\\join {room}' to go there"), out);
        }
    }
    match hint {
        true => viewer.hint(
            format_args!("only you see this; type '\\reply TEXT' to answer"),
            out,
        ),
        false => Ok(()),
    }
}

/// `[14:30:01] Dai -> you: hi`
fn write_private(
    message: &DirectMessage,
    who: &str,
    text: &str,
    viewer: &Viewer<'_>,
    out: &mut String,
) -> fmt::Result {
    let time = viewer.time(message.time);
    let (who, text) = (format!("{who}: "), styled(Style::Private, text));
    let who = styled(Style::Private, &who);
    writeln!(out, "{time}{who}{HANG}{text}")
}

pub(super) fn write_dm_failed(name: &Name, why: &DmError, out: &mut String) -> fmt::Result {
    match why {
        DmError::Gone => writeln!(out, "{name} is not here. Nothing was sent."),
        DmError::Anon => writeln!(
            out,
            "{} means anyone without a name. Nothing was sent. \\reply answers whoever messaged you last.",
            name.without_number()
        ),
        DmError::Lost => writeln!(
            out,
            "{name} has just lost the connection. Nothing was sent. Please try again later."
        ),
        DmError::Oneself => writeln!(out, "That is you. Nothing was sent."),
        DmError::Stranger => writeln!(
            out,
            "{name} takes private messages only from people in the same room, and from those {name} has written to. \
             Nothing was sent."
        ),
        DmError::TooFast => writeln!(
            out,
            "{name} has had too many private messages from you. Nothing was sent. Please wait a few seconds."
        ),
        DmError::Unavailable => writeln!(
            out,
            "The server cannot send it right now. Nothing was sent. Please try again later."
        ),
        DmError::Silent => writeln!(
            out,
            "The server that {name} is connected to does not answer. Perhaps it was sent, perhaps not. \
             Please try again in a minute."
        ),
        DmError::Full => writeln!(
            out,
            "{name} has too much to read right now. Nothing was sent. Please try again later."
        ),
    }
}
