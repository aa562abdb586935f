//! *Pure.* What operators are answered, over the admin socket and in the chat, and what they have others told.

use std::fmt::{self, Write as _};
use std::time::Duration;

use jiff::tz::TimeZone;

use super::moderation::{write_for, write_why};
use super::{Viewer, connections, moderation, quoted};
use crate::chat::admin::ban::BanTarget;
use crate::chat::admin::report::{Party, Report, ReportError};
use crate::chat::admin::{
    AdminAnswer, AdminError, AdminReply, BanRow, LimitRow, Mistake, Reloaded, RoomRow, Tidings,
    USAGES, Usage, WantedTarget, Whom,
};
use crate::chat::message::Kind;
use crate::chat::name::Name;
use crate::limits::{ADMIN_ROWS_SHOWN, BAN_TIME_MAX};
use crate::time::{Timestamp, duration, local};

/// What operators have somebody told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AdminView {
    /// An operator tells everybody.
    Announced(Box<str>),
    /// Somebody has reported somebody; for operators.
    Reported(Box<Report>),
    /// An operator has given the user this name, who is no longer logged in to the account, if there is one.
    Renamed(Name, Option<Name>),
}

impl From<&Tidings> for AdminView {
    fn from(tidings: &Tidings) -> AdminView {
        match tidings {
            Tidings::Announced(text) => AdminView::Announced(text.clone()),
            Tidings::Reported(report) => AdminView::Reported(report.clone()),
        }
    }
}

impl AdminView {
    /// Nobody can have a row like these drawn: what people do begins with one star and their name, which cannot begin
    /// with one.
    pub(super) fn write(&self, viewer: &Viewer<'_>, out: &mut String) -> fmt::Result {
        match self {
            AdminView::Announced(text) => {
                writeln!(out, "*** An operator of this server says: {text}")
            }
            AdminView::Reported(report) => {
                write!(out, "*** ")?;
                write_reported(report, out)?;
                viewer.hint(
                    format_args!("type '\\admin reports 1' for what was said before"),
                    out,
                )
            }
            AdminView::Renamed(name, None) => {
                writeln!(out, "* An operator has given you the name {name}.")
            }
            AdminView::Renamed(name, Some(account)) => writeln!(
                out,
                "* An operator has given you the name {name}. You are no longer logged in as {account}. \
                 Type \\login {account} to log in again."
            ),
        }
    }
}

/// For whom an answer is written.
#[derive(Clone, Copy, Debug)]
pub struct AdminViewer<'a> {
    /// The zone that times are shown in.
    pub zone: &'a TimeZone,
    /// What is typed in front of a command.
    pub prefix: &'a str,
    /// Rows of a list that are shown; the rest is a number.
    pub rows_max: usize,
}

impl<'a> AdminViewer<'a> {
    /// Over the admin socket, where all is shown.
    pub fn socket(zone: &'a TimeZone) -> AdminViewer<'a> {
        AdminViewer {
            zone,
            prefix: "",
            rows_max: usize::MAX,
        }
    }

    pub(super) fn chat(zone: &'a TimeZone) -> AdminViewer<'a> {
        AdminViewer {
            zone,
            prefix: "\\admin ",
            rows_max: ADMIN_ROWS_SHOWN,
        }
    }

    /// The words of an answer, each row ended by `\n`.
    pub fn words(&self, answer: &AdminAnswer) -> String {
        let mut out = String::new();
        let written = self.write(answer, &mut out);
        debug_assert!(
            written.is_ok(),
            "writing to a String cannot fail: {answer:?}"
        );
        out
    }

    pub(super) fn write(&self, answer: &AdminAnswer, out: &mut String) -> fmt::Result {
        match answer {
            Ok(reply) => self.write_reply(reply, out),
            Err(error) => self.write_error(error, out),
        }
    }

    fn write_reply(&self, reply: &AdminReply, out: &mut String) -> fmt::Result {
        match reply {
            AdminReply::Connections(rows, reach) => {
                let one = |row: &_, out: &mut _| connections::write_one(row, self.zone, out);
                connections::write_count(rows.len(), *reach, out)?;
                self.write_rows(rows, one, out)
            }
            AdminReply::Nodes(rows) => connections::write_nodes(rows, self.zone, out),
            AdminReply::OfNode(label, reply) => {
                self.write_reply(reply, out)?;
                writeln!(out, "That is about node {label} alone.")
            }
            AdminReply::Rooms(rows) if rows.is_empty() => writeln!(out, "There are no rooms."),
            AdminReply::Rooms(rows) => {
                writeln!(out, "{}:", count(rows.len(), "room"))?;
                self.write_rows(rows, |row, out| self.write_room(row, out), out)
            }
            AdminReply::Kicked(id, name) => {
                writeln!(out, "Connection {} of {name} was closed.", id.0)
            }
            AdminReply::Banned { .. } => write_banned(reply, out),
            AdminReply::Bans(rows) if rows.is_empty() => writeln!(out, "Nobody is banned."),
            AdminReply::Bans(rows) => {
                writeln!(out, "{}:", count(rows.len(), "ban"))?;
                self.write_rows(rows, write_ban, out)
            }
            AdminReply::Unbanned(targets) => targets
                .iter()
                .try_for_each(|target| writeln!(out, "{} is no longer banned.", Target(target))),
            AdminReply::Announced(told, silent) => {
                match told {
                    1 => write!(out, "1 connection was told.")?,
                    told => write!(out, "{told} connections were told.")?,
                }
                connections::write_silent(*silent, out)?;
                writeln!(out)
            }
            AdminReply::Closed(room) => writeln!(
                out,
                "Room {room} is closed. What was said is kept for a while: parlor reopen brings it back."
            ),
            AdminReply::Unlocked(room) => writeln!(out, "Room {room} needs no password any more."),
            AdminReply::Owned(room, name) => writeln!(out, "{name} owns room {room} as well."),
            AdminReply::Renamed(old, new) => writeln!(out, "{old} is {new} now."),
            AdminReply::Forgotten(account) => writeln!(out, "The account {account} is deleted."),
            AdminReply::Limits(rows) => rows.iter().try_for_each(|row| write_limit(row, out)),
            AdminReply::Log(level) => writeln!(out, "The log has level {} now.", level.word()),
            AdminReply::Reloaded(reloaded) => write_reloaded(reloaded, out),
            AdminReply::Stopping => writeln!(out, "The server is stopping."),
            AdminReply::Reports(reports, _) if reports.is_empty() => {
                writeln!(out, "Nobody has been reported.")
            }
            AdminReply::Reports(reports, more) => self.write_reports(reports, *more, out),
            AdminReply::Help(None) => self.write_help(out),
            AdminReply::Help(Some(usage)) => self.write_usage(usage, out),
        }
    }

    /// The first rows of a list, and how many more there are.
    fn write_rows<T>(
        &self,
        rows: &[T],
        write: impl Fn(&T, &mut String) -> fmt::Result,
        out: &mut String,
    ) -> fmt::Result {
        let shown = rows.len().min(self.rows_max);
        rows[..shown].iter().try_for_each(|row| write(row, out))?;
        match rows.len() - shown {
            0 => Ok(()),
            more => writeln!(out, "and {more} more (parlor admin shows all of them)"),
        }
    }

    fn write_room(&self, row: &RoomRow, out: &mut String) -> fmt::Result {
        write!(out, "{}: ", row.name)?;
        match row.closed {
            Some(left) => write!(out, "closed, kept for {}", duration::span(left))?,
            None => {
                let (members, lines) = (count(row.members, "member"), row.lines);
                write!(
                    out,
                    "{members}, {} since the start",
                    count(lines as usize, "line")
                )?;
            }
        }
        let marks = [(row.is_locked, "locked"), (row.is_private, "private")];
        for (_, mark) in marks.iter().filter(|(is_so, _)| *is_so) {
            write!(out, ", {mark}")?;
        }
        if let Some(last) = row.last_line {
            write!(out, ", last line {}", local::date_and_time(last, self.zone))?;
        }
        if !row.owners.is_empty() {
            let owners: Vec<&str> = row.owners.iter().map(Name::as_str).collect();
            write!(out, ", owned by {}", owners.join(" and "))?;
        }
        match &row.topic {
            Some(topic) => writeln!(out, ", topic: {}", topic.as_str()),
            None => writeln!(out),
        }
    }

    fn write_reports(&self, reports: &[Report], more: usize, out: &mut String) -> fmt::Result {
        if more > 0 {
            let all = more + reports.len();
            writeln!(
                out,
                "{} of {} (type {}reports {all} for all):",
                reports.len(),
                count(all, "report"),
                self.prefix
            )?;
        }
        for report in reports {
            let time = self.date_and_time(report.time);
            write!(out, "{time} ")?;
            write_reported(report, out)?;
            for line in &report.lines {
                let (time, name) = (self.date_and_time(line.time), &line.name);
                match line.kind {
                    Kind::Message => writeln!(out, "  {time} {name}: {}", line.text)?,
                    Kind::Action => writeln!(out, "  {time} * {name} {}", line.text)?,
                }
            }
        }
        Ok(())
    }

    fn date_and_time(&self, time: Timestamp) -> String {
        format!("[{}]", local::date_and_time(time, self.zone))
    }

    fn write_help(&self, out: &mut String) -> fmt::Result {
        for usage in USAGES {
            writeln!(out, "{}{}: {}", self.prefix, usage.usage, usage.help)?;
        }
        Ok(())
    }

    fn write_usage(&self, usage: &Usage, out: &mut String) -> fmt::Result {
        writeln!(out, "{}{}: {}", self.prefix, usage.usage, usage.help)?;
        writeln!(out, "For example: {}{}", self.prefix, usage.example)?;
        match usage.name() {
            "ban" => writeln!(
                out,
                "An address of version 6 is its /64. A name is that of an account if there is one; write \
                 name:Dai or account:Dai to say which. A time is 30m, 2h or 7d."
            ),
            "kick" | "rename" => writeln!(
                out,
                "A number is that of a connection, as list shows it; write @7 for somebody called 7."
            ),
            _ => Ok(()),
        }
    }

    fn write_error(&self, error: &AdminError, out: &mut String) -> fmt::Result {
        let prefix = self.prefix;
        match error {
            AdminError::NotOperator => writeln!(
                out,
                "\\admin is for the operators of this server. Nothing was done."
            ),
            AdminError::Overheard => writeln!(
                out,
                "Others could read along on this connection. Nothing was done. Please connect over TLS or ssh, \
                 or from the server's own machine."
            ),
            AdminError::Mistake(mistake) => self.write_mistake(mistake, out),
            AdminError::Nobody(Whom::Id(id)) => writeln!(
                out,
                "There is no connection {id}. Nothing was done. Type {prefix}list to see them."
            ),
            AdminError::Nobody(Whom::Name(name)) => writeln!(
                out,
                "Nobody is called {name}. Nothing was done. Type {prefix}list to see who is connected."
            ),
            AdminError::NoAccount(name) => {
                writeln!(out, "There is no account {name}. Nothing was done.")
            }
            AdminError::NoAccounts => writeln!(
                out,
                "This server keeps no accounts: it has no --data. Nothing was done."
            ),
            AdminError::NoRoom(room) => writeln!(
                out,
                "There is no room {room}. Nothing was done. Type {prefix}rooms to see them."
            ),
            AdminError::NotInRoom(room, name) => writeln!(
                out,
                "Nobody in room {room} is called {name}. Nothing was done. Whoever is to own it has to be there."
            ),
            AdminError::Room(room, why) => {
                write!(out, "Room {room}: ")?;
                moderation::write_not_done(why, out)
            }
            AdminError::NotBanned(target, covering) => {
                self.write_not_banned(target, covering.as_ref(), out)
            }
            AdminError::TooManyBans(most) => writeln!(
                out,
                "There are too many bans already (limit: {most}). Nothing was done. Ban networks rather than \
                 addresses, or lift some."
            ),
            AdminError::NameTaken(name) => writeln!(
                out,
                "{name} is in use or registered, or looks like a name that is. Nothing was done."
            ),
            AdminError::NameBanned(name) => writeln!(
                out,
                "{name} is banned, or looks like a name that is. Nothing was done."
            ),
            AdminError::Unavailable => writeln!(
                out,
                "The server cannot do it right now. Nothing was done. Please try again later."
            ),
            AdminError::Silent => connections::write_no_answer(prefix, out),
            AdminError::Alone => writeln!(out, "This server shares its rooms with no others."),
            AdminError::Failed(why) => {
                let mut lines = why.lines();
                lines.try_for_each(|line| writeln!(out, "Nothing was done: {line}"))
            }
        }
    }

    fn write_not_banned(
        &self,
        target: &WantedTarget,
        covering: Option<&BanTarget>,
        out: &mut String,
    ) -> fmt::Result {
        let (target, prefix) = (quoted(&target.to_string()), self.prefix);
        match covering {
            None => writeln!(
                out,
                "{target} is not banned. Nothing was done. Type {prefix}bans to list the bans."
            ),
            Some(covering) => writeln!(
                out,
                "{target} itself is not banned, but {covering} is, which covers it. Nothing was done. \
                 Type {prefix}unban {covering} to lift that."
            ),
        }
    }

    fn write_mistake(&self, mistake: &Mistake, out: &mut String) -> fmt::Result {
        let prefix = self.prefix;
        match mistake {
            Mistake::Unknown(word, near) => {
                write!(out, "There is no command {}.", quoted(word))?;
                match near[..] {
                    [] => writeln!(out, " Type {prefix}help for the commands."),
                    _ => writeln!(out, " Did you mean {}?", near.join(" or ")),
                }
            }
            Mistake::Usage(usage) => writeln!(out, "Type {prefix}{}.", usage.usage),
            Mistake::BadAddress(typed) => writeln!(
                out,
                "{} is no address and no network. Nothing was done. Give one such as 192.0.2.7, 192.0.2.0/24 \
                 or 2001:db8::/48.",
                quoted(typed)
            ),
            Mistake::BadTime(typed) => writeln!(
                out,
                "{} is no time for a ban. Nothing was done. A time is 30m, 2h or 7d, up to {}.",
                quoted(typed),
                duration::span(BAN_TIME_MAX)
            ),
            Mistake::BadName(typed, why) => writeln!(
                out,
                "{} is no name: {why}. Nothing was done.",
                quoted(typed)
            ),
            Mistake::TooLong(columns) => writeln!(
                out,
                "That is longer than {columns} columns. Nothing was sent. Please shorten it."
            ),
            Mistake::Anon => writeln!(
                out,
                "anon means anyone without a name. Nothing was done. Give the number that {prefix}list shows."
            ),
        }
    }
}

/// `Report 12: Dai (192.0.2.7) reports Bo (account Bo) in room 1150: spam`
fn write_reported(report: &Report, out: &mut String) -> fmt::Result {
    write!(out, "Report {}: ", report.id)?;
    write_party(&report.by, out)?;
    write!(out, " reports ")?;
    write_party(&report.about, out)?;
    if let Some(room) = report.room_name() {
        write!(out, " in room {room}")?;
    }
    writeln!(out, ": {}", report.why)
}

fn write_party(party: &Party, out: &mut String) -> fmt::Result {
    write!(out, "{}", party.name)?;
    match (&party.account, party.address) {
        (Some(account), Some(address)) => write!(out, " (account {account}, {address})"),
        (Some(account), None) => write!(out, " (account {account})"),
        (None, Some(address)) => write!(out, " ({address})"),
        (None, None) => Ok(()),
    }
}

fn write_ban(row: &BanRow, out: &mut String) -> fmt::Result {
    write!(out, "{}", row.target)?;
    write_for(row.left, out)?;
    write!(out, ", by {}, {}", row.by, count(row.hits as usize, "hit"))?;
    write_why(&row.why, out)
}

fn write_banned(banned: &AdminReply, out: &mut String) -> fmt::Result {
    let AdminReply::Banned {
        target,
        time,
        closed,
        silent,
        is_stored,
    } = banned
    else {
        return Ok(());
    };
    write!(out, "{} is banned", Target(target))?;
    write_for(*time, out)?;
    match closed {
        0 => write!(out, ". No connection had to be closed.")?,
        1 => write!(out, ". 1 connection was closed.")?,
        closed => write!(out, ". {closed} connections were closed.")?,
    }
    connections::write_silent(*silent, out)?;
    match is_stored {
        true => writeln!(out),
        false => writeln!(out, " It could not be stored, and ends with the server."),
    }
}

fn write_limit(row: &LimitRow, out: &mut String) -> fmt::Result {
    let LimitRow {
        name,
        most,
        used,
        unit,
    } = row;
    match (used, most) {
        (Some(used), Some(most)) => writeln!(out, "{name}: {used} of {most} {unit}"),
        (Some(used), None) => writeln!(out, "{name}: {used} {unit}, no limit"),
        (None, Some(most)) => writeln!(out, "{name}: {most} {unit}"),
        (None, None) => writeln!(out, "{name}: no limit of {unit}"),
    }
}

fn write_reloaded(reloaded: &Reloaded, out: &mut String) -> fmt::Result {
    let Reloaded {
        changed,
        warnings,
        restart,
    } = reloaded;
    if changed.is_empty() && warnings.is_empty() && restart.is_empty() {
        return writeln!(
            out,
            "The configuration was read again. Nothing has changed."
        );
    }
    writeln!(out, "The configuration was read again:")?;
    for line in changed.iter().chain(warnings) {
        writeln!(out, "{line}")?;
    }
    match &restart[..] {
        [] => Ok(()),
        restart => writeln!(out, "needs a restart: {}", restart.join(", ")),
    }
}

/// What a user is answered who has reported somebody.
pub(super) fn write_report_answer(
    name: &Name,
    taken: &Result<usize, ReportError>,
    out: &mut String,
) -> fmt::Result {
    match taken {
        Ok(0) => writeln!(out, "Your report of {name} was passed on to the operators."),
        Ok(1) => writeln!(
            out,
            "Your report of {name} was passed on to the operators, with the last line of this room."
        ),
        Ok(lines) => writeln!(
            out,
            "Your report of {name} was passed on to the operators, with the last {lines} lines of this room."
        ),
        Err(ReportError::Nobody) => writeln!(
            out,
            "Nobody is called {name}, or has just said something here under that name. Nothing was reported."
        ),
        Err(ReportError::Oneself) => writeln!(out, "That is you. Nothing was reported."),
        Err(ReportError::Anon) => writeln!(
            out,
            "anon means anyone without a name. Nothing was reported. Give the name as it stands in the room, \
             such as anon#2."
        ),
        Err(ReportError::TooMany) => writeln!(
            out,
            "Too many reports came from your address. Nothing was reported. Please try again in a minute."
        ),
        Err(ReportError::Unavailable) => writeln!(
            out,
            "The server cannot do it right now. Nothing was reported. Please try again later."
        ),
    }
}

/// The last words to somebody whom an operator puts out.
pub(super) fn write_ejected(
    banned: Option<Option<Duration>>,
    why: &str,
    out: &mut String,
) -> fmt::Result {
    match banned {
        None => write!(out, "* An operator has closed your connection")?,
        Some(left) => {
            write!(out, "* You are banned from this server")?;
            write_for(left, out)?;
        }
    }
    match why {
        "" => writeln!(out, "."),
        why => writeln!(out, ": {why}"),
    }
}

/// A target at the beginning of a sentence.
struct Target<'a>(&'a BanTarget);

impl fmt::Display for Target<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            BanTarget::Network(_) => self.0.fmt(f),
            BanTarget::Name(name) => write!(f, "The name {name}"),
            BanTarget::Account(account) => write!(f, "The account {account}"),
        }
    }
}

/// `1 room`, `2 rooms`, `no rooms`
fn count(count: usize, what: &str) -> String {
    match count {
        0 => format!("no {what}s"),
        1 => format!("1 {what}"),
        count => format!("{count} {what}s"),
    }
}
