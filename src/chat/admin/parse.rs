//! The grammar of what operators type: a command and its arguments, one line.

use super::ban::typed_network;
use super::{AdminCommand, LogLevel, Mistake, WantedTarget, Whom};
use crate::chat::moderation::time_and_why;
use crate::chat::name::{Name, RoomName};
use crate::limits::{ANNOUNCEMENT_COLUMNS_MAX, COMMANDS_MEANT_MAX, WHY_COLUMNS_MAX};
use crate::text;

/// How a command is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    /// The name and its arguments.
    pub usage: &'static str,
    /// What it does, in a few words.
    pub help: &'static str,
    /// An example.
    pub example: &'static str,
}

impl Usage {
    /// What is typed first.
    pub fn name(&self) -> &'static str {
        self.usage.split(' ').next().unwrap_or(self.usage)
    }

    /// The one of this name; upper and lower case are the same.
    fn named(name: &str) -> Option<&'static Usage> {
        let name = name.to_ascii_lowercase();
        USAGES.iter().find(|usage| usage.name() == name)
    }
}

const fn usage(usage: &'static str, help: &'static str, example: &'static str) -> Usage {
    Usage {
        usage,
        help,
        example,
    }
}

/// All commands, in the order of `help`.
#[rustfmt::skip]
pub const USAGES: &[Usage] = &[
    usage("list", "list the connections", "list"),
    usage("nodes", "list the nodes that share the rooms", "nodes"),
    usage("rooms", "list the rooms, private, locked and closed ones too", "rooms"),
    usage("kick ID|NAME [WHY]", "close a connection", "kick Dai spam"),
    usage("ban ADDRESS|CIDR|NAME|ACCOUNT [for TIME] [WHY]", "keep somebody out", "ban 192.0.2.0/24 for 2h flood"),
    usage("bans", "list the bans, and how often each has kept out somebody", "bans"),
    usage("unban ADDRESS|CIDR|NAME|ACCOUNT", "lift a ban", "unban 192.0.2.0/24"),
    usage("announce TEXT", "tell everybody", "announce new version at noon"),
    usage("close ROOM", "close a room", "close 1150"),
    usage("unlock ROOM", "take away the password of a room", "unlock 1150"),
    usage("own ROOM NAME", "make somebody in a room an owner", "own 1150 Dai"),
    usage("rename ID|NAME NEW", "give somebody another name", "rename 7 Guest_7"),
    usage("forget ACCOUNT", "delete an account", "forget Dai"),
    usage("limits", "list the limits, and how much of each is used", "limits"),
    usage("log off|error|warn|info|debug|trace", "log more or less", "log debug"),
    usage("reload", "read the configuration again", "reload"),
    usage("stop [TEXT]", "tell everybody TEXT, and stop the server", "stop back in an hour"),
    usage("reports [N]", "list the last reports, with what was said before", "reports 5"),
    usage("help [COMMAND]", "list these commands, or explain one", "help ban"),
];

impl AdminCommand {
    /// Reads what an operator typed: clean text of one row.
    ///
    /// # Errors
    ///
    /// A [`Mistake`] that says what to type instead.
    pub fn parse(line: &str) -> Result<AdminCommand, Mistake> {
        let line = line.trim();
        let (word, rest) = split(line);
        if word.is_empty() {
            return Ok(AdminCommand::Help(None));
        }
        let usage = Usage::named(word).ok_or_else(|| unknown(word))?;
        read(usage, rest)
    }
}

fn read(usage: &'static Usage, rest: &str) -> Result<AdminCommand, Mistake> {
    let wrong = || Mistake::Usage(usage);
    let (first, second) = split(rest);
    let alone = |command| match rest {
        "" => Ok(command),
        _ => Err(wrong()),
    };
    let one = || match (first, second) {
        ("", _) => Err(wrong()),
        (first, "") => Ok(first),
        _ => Err(wrong()),
    };
    Ok(match usage.name() {
        "list" => alone(AdminCommand::List)?,
        "nodes" => alone(AdminCommand::Nodes)?,
        "rooms" => alone(AdminCommand::Rooms)?,
        "kick" => AdminCommand::Kick(whom(usage, first)?, why(second)),
        "ban" => {
            let target = target(usage, first)?;
            let Some((time, reason)) = time_and_why(second) else {
                return Err(Mistake::BadTime(second.into()));
            };
            AdminCommand::Ban(target, time, why(reason))
        }
        "bans" => alone(AdminCommand::Bans)?,
        "unban" => AdminCommand::Unban(target(usage, one()?)?),
        "announce" if rest.is_empty() => return Err(wrong()),
        "announce" => AdminCommand::Announce(announcement(rest)?),
        "close" => AdminCommand::Close(room(one()?)?),
        "unlock" => AdminCommand::Unlock(room(one()?)?),
        "own" if second.is_empty() || second.contains(' ') => return Err(wrong()),
        "own" => AdminCommand::Own(room(first)?, name(second)?),
        "rename" if second.is_empty() || second.contains(' ') => return Err(wrong()),
        "rename" => {
            let new = Name::choose(second.trim_start_matches('@'));
            let new = new.map_err(|error| Mistake::BadName(second.into(), error))?;
            AdminCommand::Rename(whom(usage, first)?, new)
        }
        "forget" => {
            let account = one()?;
            AdminCommand::Forget(name(account.strip_prefix("account:").unwrap_or(account))?)
        }
        "limits" => alone(AdminCommand::Limits)?,
        "log" => {
            let level = one()?.to_ascii_lowercase();
            let mut levels = LogLevel::ALL.into_iter();
            AdminCommand::Log(
                levels
                    .find(|known| known.word() == level)
                    .ok_or_else(wrong)?,
            )
        }
        "reload" => alone(AdminCommand::Reload)?,
        "stop" => AdminCommand::Stop(announcement(rest)?),
        "reports" if rest.is_empty() => AdminCommand::Reports(None),
        "reports" => {
            let count = one()?.parse().ok().filter(|count| *count > 0);
            AdminCommand::Reports(Some(count.ok_or_else(wrong)?))
        }
        "help" if rest.is_empty() => AdminCommand::Help(None),
        "help" => AdminCommand::Help(Some(Usage::named(first).ok_or_else(|| unknown(first))?)),
        _ => return Err(wrong()),
    })
}

/// The first word, and what follows it without the blanks around that.
fn split(text: &str) -> (&str, &str) {
    let (first, rest) = text.split_once(' ').unwrap_or((text, ""));
    (first, rest.trim())
}

/// What follows a command that is none; those that are nearest were perhaps meant.
fn unknown(word: &str) -> Mistake {
    let typed = word.to_ascii_lowercase();
    let near = USAGES.iter().map(Usage::name).filter(|name| {
        name.starts_with(&typed)
            || strsim::damerau_levenshtein(name, &typed) <= typed.len().min(4) / 2
    });
    Mistake::Unknown(word.into(), near.take(COMMANDS_MEANT_MAX).collect())
}

/// `7` and `#7` are numbers of connections, and `@7` is a name.
fn whom(usage: &'static Usage, text: &str) -> Result<Whom, Mistake> {
    let digits = text.strip_prefix('#').unwrap_or(text);
    if text.is_empty() {
        return Err(Mistake::Usage(usage));
    }
    match digits.parse() {
        Ok(id) if digits.bytes().all(|c| c.is_ascii_digit()) => Ok(Whom::Id(id)),
        _ => name(text).map(Whom::Name),
    }
}

fn target(usage: &'static Usage, text: &str) -> Result<WantedTarget, Mistake> {
    if text.is_empty() {
        return Err(Mistake::Usage(usage));
    }
    if let Some(banned) = text.strip_prefix("name:") {
        return Ok(WantedTarget::Name(some_name(banned)?));
    }
    if let Some(account) = text.strip_prefix("account:") {
        return Ok(WantedTarget::Account(some_name(account)?));
    }
    match typed_network(text) {
        Some(network) => Ok(WantedTarget::Network(network)),
        None if looks_like_address(text) => Err(Mistake::BadAddress(text.into())),
        // The number of a connection is gone with it, and whoever is called so is meant by name:7.
        None if text
            .trim_start_matches('#')
            .bytes()
            .all(|c| c.is_ascii_digit()) =>
        {
            Err(Mistake::Usage(usage))
        }
        None => some_name(text).map(WantedTarget::Either),
    }
}

/// A mistyped network must not become the ban of a name that nobody has.
fn looks_like_address(text: &str) -> bool {
    let is_part = |c: char| c.is_ascii_hexdigit() || matches!(c, '.' | ':' | '/' | '[' | ']');
    let network = text.split_once('/').map_or(text, |(network, _)| network);
    let is_ip = network.parse::<std::net::IpAddr>().is_ok();
    is_ip || text.contains(['.', ':', '/']) && text.chars().all(is_part)
}

/// A name that only some people have.
fn some_name(text: &str) -> Result<Name, Mistake> {
    match name(text)? {
        anon if anon.is_anon() => Err(Mistake::Anon),
        name => Ok(name),
    }
}

fn name(text: &str) -> Result<Name, Mistake> {
    let name = Name::parse(text.trim_start_matches('@'));
    name.map_err(|error| Mistake::BadName(text.into(), error))
}

fn room(text: &str) -> Result<RoomName, Mistake> {
    RoomName::parse(text).map_err(|error| Mistake::BadName(text.into(), error))
}

/// A reason, short enough to be read in one look.
fn why(text: &str) -> Box<str> {
    text::cut(text, WHY_COLUMNS_MAX).into()
}

fn announcement(text: &str) -> Result<Box<str>, Mistake> {
    match text::width(text) > ANNOUNCEMENT_COLUMNS_MAX {
        true => Err(Mistake::TooLong(ANNOUNCEMENT_COLUMNS_MAX)),
        false => Ok(text.into()),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn parsed(line: &str) -> String {
        match AdminCommand::parse(line) {
            Ok(command) => format!("{command:?}"),
            Err(error) => format!("{error:?}"),
        }
    }

    fn are_read(rows: impl IntoIterator<Item = (&'static str, AdminCommand)>) {
        for (line, expected) in rows {
            assert_eq!(AdminCommand::parse(line), Ok(expected), "{line}");
        }
    }

    fn name(text: &str) -> Name {
        Name::parse(text).expect("a name")
    }

    #[test]
    fn commands_about_people_are_read_in_their_forms() {
        let network = |text: &str| WantedTarget::Network(typed_network(text).expect("a network"));
        let hours = Some(Duration::from_secs(7200));
        are_read([
            ("list", AdminCommand::List),
            ("nodes", AdminCommand::Nodes),
            ("  LIST ", AdminCommand::List),
            ("rooms", AdminCommand::Rooms),
            ("kick 7", AdminCommand::Kick(Whom::Id(7), "".into())),
            (
                "kick #7 too  loud",
                AdminCommand::Kick(Whom::Id(7), "too  loud".into()),
            ),
            (
                "kick @7",
                AdminCommand::Kick(Whom::Name(name("7")), "".into()),
            ),
            (
                "kick Dai spam",
                AdminCommand::Kick(Whom::Name(name("Dai")), "spam".into()),
            ),
            (
                "ban 192.0.2.9/24",
                AdminCommand::Ban(network("192.0.2.0/24"), None, "".into()),
            ),
            (
                "ban 2001:db8:1::/48 for 2h flood of joins",
                AdminCommand::Ban(network("2001:db8:1::/48"), hours, "flood of joins".into()),
            ),
            (
                "ban Dai for spam",
                AdminCommand::Ban(WantedTarget::Either(name("Dai")), None, "for spam".into()),
            ),
            (
                "ban account:Dai for 2h",
                AdminCommand::Ban(WantedTarget::Account(name("Dai")), hours, "".into()),
            ),
            (
                "ban name:Dai x",
                AdminCommand::Ban(WantedTarget::Name(name("Dai")), None, "x".into()),
            ),
            ("bans", AdminCommand::Bans),
            ("unban 192.0.2.7", AdminCommand::Unban(network("192.0.2.7"))),
            (
                "unban @Dai",
                AdminCommand::Unban(WantedTarget::Either(name("Dai"))),
            ),
        ]);
    }

    #[test]
    fn commands_about_rooms_and_the_server_are_read_in_their_forms() {
        let room = |text: &str| RoomName::parse(text).expect("a room name");
        are_read([
            (
                "announce  we stop  at noon",
                AdminCommand::Announce("we stop  at noon".into()),
            ),
            ("close 1150", AdminCommand::Close(room("1150"))),
            ("unlock 1150", AdminCommand::Unlock(room("1150"))),
            ("own 1150 Dai", AdminCommand::Own(room("1150"), name("Dai"))),
            (
                "rename 7 Guest",
                AdminCommand::Rename(Whom::Id(7), name("Guest")),
            ),
            ("forget Dai", AdminCommand::Forget(name("Dai"))),
            ("forget account:Dai", AdminCommand::Forget(name("Dai"))),
            ("limits", AdminCommand::Limits),
            ("log Debug", AdminCommand::Log(LogLevel::Debug)),
            ("reload", AdminCommand::Reload),
            ("stop", AdminCommand::Stop("".into())),
            ("stop back soon", AdminCommand::Stop("back soon".into())),
            ("reports", AdminCommand::Reports(None)),
            ("reports 5", AdminCommand::Reports(Some(5))),
            ("help", AdminCommand::Help(None)),
            ("", AdminCommand::Help(None)),
            ("help ban", AdminCommand::Help(Usage::named("ban"))),
        ]);
    }

    #[test]
    fn what_is_half_or_wrong_is_answered_with_what_to_type() {
        for (line, expected) in [
            ("lits", "Unknown(\"lits\", [\"list\""),
            ("rep", "Unknown(\"rep\", [\"reports\""),
            ("frobnicate", "Unknown(\"frobnicate\", [])"),
            ("list all", "Usage(Usage { usage: \"list\""),
            ("kick", "Usage(Usage { usage: \"kick "),
            ("ban", "Usage(Usage { usage: \"ban "),
            ("ban Dai for 2x", "BadTime(\"for 2x\")"),
            ("ban Dai for 99999d", "BadTime("),
            ("ban anon", "Anon"),
            ("ban 192.0.2.0/33", "BadAddress("),
            ("ban 192.0.2", "BadAddress("),
            ("ban 192.0.2.7/x", "BadAddress("),
            ("ban 2001:db8::/200", "BadAddress("),
            ("ban 7", "Usage("),
            ("ban #7", "Usage("),
            ("unban", "Usage("),
            ("unban Dai Bo", "Usage("),
            ("announce", "Usage("),
            ("close", "Usage("),
            ("close two words", "Usage("),
            ("close a,b", "BadName("),
            ("own 1150", "Usage("),
            ("own 1150 Dai Bo", "Usage("),
            ("rename 7", "Usage("),
            ("rename 7 you", "BadName("),
            ("rename Dai a b", "Usage("),
            ("forget", "Usage("),
            ("log", "Usage("),
            ("log loud", "Usage("),
            ("reports many", "Usage("),
            ("reports 0", "Usage("),
            ("reports -1", "Usage("),
            ("help frobnicate", "Unknown("),
        ] {
            let found = parsed(line);
            assert!(found.starts_with(expected), "{line}: {found}");
        }
        let long = format!("announce {}", "x".repeat(ANNOUNCEMENT_COLUMNS_MAX + 1));
        assert_eq!(
            parsed(&long),
            format!("TooLong({ANNOUNCEMENT_COLUMNS_MAX})")
        );
    }

    #[test]
    fn every_example_is_a_command_and_every_command_has_its_words() {
        for usage in USAGES {
            let read = AdminCommand::parse(usage.example);
            assert!(read.is_ok(), "{}: {read:?}", usage.example);
            assert!(usage.example.starts_with(usage.name()));
            assert_eq!(Usage::named(usage.name()), Some(usage));
        }
    }
}
