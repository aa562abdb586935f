//! *Pure.* The commands: a table, which `\help` prints, and one small function each, in files by subject.

mod account;
mod admin;
mod general;
mod help;
mod history;
mod ignore;
mod messages;
mod moderation;
mod people;
mod rooms;
mod settings;

pub(super) use self::help::list_commands;
pub(super) use self::moderation::close_room;

use super::{Parsed, Session, Turn};
use crate::dialog::view::HelpView;
use crate::limits::{COMMAND_LETTERS_MAX, COMMANDS_MEANT_MAX};

/// One command.
pub struct Command {
    /// The name and its arguments, as `\help` shows them.
    pub usage: &'static str,
    /// What it does, in a few words.
    pub help: &'static str,
    /// An example, without the `\`.
    pub example: &'static str,
    /// The paragraph of `\help` that it is in.
    pub group: Group,
    /// Where it can be used, and by whom.
    pub scope: Scope,
    run: fn(&mut Session, &str) -> Turn,
}

/// The subjects of commands: each is a paragraph of `\help`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// Leaving, help, and the user's name.
    General,
    /// Registered names.
    Account,
    /// Messages, and whose messages are shown.
    Messages,
    /// Rooms and the people in them.
    Rooms,
    /// Old messages.
    History,
    /// What owners do with a room.
    Moderation,
    /// How the user's own terminal shows things.
    Settings,
    /// What operators of the server do. Nobody else is shown these.
    Operators,
}

impl Group {
    /// In the order of `\help`.
    pub const ALL: [Group; 8] = [
        Group::General,
        Group::Account,
        Group::Messages,
        Group::Rooms,
        Group::History,
        Group::Moderation,
        Group::Settings,
        Group::Operators,
    ];

    /// The word in front of the paragraph.
    pub fn word(self) -> &'static str {
        match self {
            Group::General => "you",
            Group::Account => "keep",
            Group::Messages => "talk",
            Group::Rooms => "find",
            Group::History => "past",
            Group::Moderation => "own",
            Group::Settings => "show",
            Group::Operators => "run",
        }
    }
}

/// Where a command can be used, and by whom. While a question is open, any command that cannot be used there is
/// taken as the answer: a name may well look like a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// In a room, by its owners. The room decides who they are.
    Owner,
    /// In a room.
    Room,
    /// In a room and at the menu.
    RoomAndMenu,
    /// In a room, and while a question is open. At the menu it says that it is of no use there.
    RoomAndQuestion,
    /// In a room, at the menu, and while a question is open.
    Everywhere,
    /// In a room and at the menu, by operators of the server. The lobby knows who they are.
    Operator,
}

impl Scope {
    /// Who can use it and where, for `\help COMMAND`.
    pub fn words(self) -> &'static str {
        match self {
            Scope::Owner => "room owners",
            Scope::Room => "everybody, in a room",
            Scope::RoomAndQuestion => "everybody, in a room and when asked something",
            Scope::RoomAndMenu | Scope::Everywhere => "everybody, anywhere",
            Scope::Operator => "operators of the server, where nobody can read along",
        }
    }
}

/// What Tab completes the first word after a command to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Completes {
    /// A command.
    Commands,
    /// A room.
    Rooms,
    /// Somebody who is connected.
    People,
    /// One of these words, with `|` between them, and whatever else stands there.
    Words(&'static str),
    /// A time zone.
    Zones,
    /// A character set.
    Charsets,
    /// Somebody in the room, as for every other word.
    Members,
}

impl Command {
    /// The command of this name; upper and lower case are the same.
    pub fn named(name: &str) -> Option<&'static Command> {
        find(name)
    }

    const fn new(
        group: Group,
        scope: Scope,
        usage: &'static str,
        help: &'static str,
        example: &'static str,
        run: fn(&mut Session, &str) -> Turn,
    ) -> Command {
        Command {
            usage,
            help,
            example,
            group,
            scope,
            run,
        }
    }

    /// What is typed after `\` or `/`.
    pub fn name(&self) -> &'static str {
        self.usage.split(' ').next().unwrap_or(self.usage)
    }

    /// What its first argument is, as far as Tab can complete it.
    pub fn completes(&self) -> Completes {
        let first = self.usage.split(' ').nth(1).unwrap_or_default();
        let first = first.trim_matches(['[', ']']);
        let is = |word| first.split('|').any(|may_be| may_be == word);
        match self.scope {
            _ if is("COMMAND") => Completes::Commands,
            _ if is("ROOM") => Completes::Rooms,
            Scope::Room | Scope::RoomAndMenu | Scope::Everywhere if is("NAME") => Completes::People,
            _ if is("ZONE") => Completes::Zones,
            _ if is("SET") => Completes::Charsets,
            // A topic may be of somebody in the room.
            _ if is("TEXT") => Completes::Members,
            _ if first.contains(|letter: char| letter.is_ascii_lowercase()) => {
                Completes::Words(first)
            }
            _ => Completes::Members,
        }
    }

    /// It can be used while a question is open.
    pub(super) fn is_for_questions(&self) -> bool {
        matches!(self.scope, Scope::RoomAndQuestion | Scope::Everywhere)
    }

    /// It leads to a question for a password.
    pub(super) fn asks_for_secret(&self) -> bool {
        // Keys are no secret.
        self.group == Group::Account && self.name() != "key"
    }

    /// Runs it with the rest of the line.
    pub(super) fn run(&'static self, session: &mut Session, argument: &str) -> Turn {
        if matches!(self.scope, Scope::Room | Scope::Owner) && !session.in_room() {
            return session.back_with(vec![HelpView::OnlyInRoom(self.name()).into()]);
        }
        (self.run)(session, argument)
    }
}

use Group::{Account, General, History, Messages, Moderation, Operators, Rooms, Settings};
use Scope::{Everywhere, Operator, Owner, Room, RoomAndMenu, RoomAndQuestion};

/// All of them, in the order of `\help`.
#[rustfmt::skip]
pub const COMMANDS: &[Command] = &[
    Command::new(General, RoomAndQuestion, "exit", "leave the room, or give no answer", "exit", general::exit),
    Command::new(General, Everywhere, "quit", "leave the server", "quit", general::quit),
    Command::new(General, Everywhere, "help [COMMAND]", "list the commands, or explain one", "help history", help::help),
    Command::new(General, RoomAndMenu, "name NEW", "change your name", "name Dai", general::name),

    Command::new(Account, RoomAndMenu, "register", "keep your name: a password makes it yours when you come back", "register", account::register),
    Command::new(Account, RoomAndMenu, "login [NAME]", "take your name back, with your settings", "login Dai", account::login),
    Command::new(Account, RoomAndMenu, "key [add|remove N]", "list the ssh keys that log you in, add yours, or remove one", "key add", account::key),
    Command::new(Account, RoomAndMenu, "forget", "give your name up: deletes the password, the keys and the settings", "forget", account::forget),

    Command::new(Messages, RoomAndMenu, "msg NAME TEXT", "send NAME a private message", "msg Dai lunch?", messages::msg),
    Command::new(Messages, RoomAndMenu, "reply TEXT", "reply to your last private message", "reply yes", messages::reply),
    Command::new(Messages, Room, "me TEXT", "say what you do: * Dai waves", "me waves", messages::me),
    Command::new(Messages, Room, "re N TEXT", "answer line #N of \\history or \\search, whose beginning is quoted", "re 120 so do I", messages::re),
    Command::new(Messages, RoomAndMenu, "away [TEXT]", "tell others that you are away, until you say something", "away at lunch", messages::away),
    Command::new(Messages, RoomAndMenu, "ignore [NAME]", "ignore NAME, or list whom you ignore", "ignore Dai", ignore::ignore),
    Command::new(Messages, RoomAndMenu, "unignore NAME", "stop ignoring NAME", "unignore Dai", ignore::unignore),
    Command::new(Messages, RoomAndMenu, "report NAME WHY", "tell the operators of NAME, with this room's last lines", "report Dai spam", admin::report),

    Command::new(Rooms, RoomAndMenu, "rooms [PAGE]", "list the rooms, the fullest first", "rooms 2", rooms::rooms),
    Command::new(Rooms, RoomAndMenu, "join ROOM", "go to a room, from wherever you are", "join 1150", rooms::join),
    Command::new(Rooms, Room, "invite NAME", "ask NAME to join this room, private or not", "invite Dai", rooms::invite),
    Command::new(Rooms, RoomAndMenu, "who [all]", "list the people in the room; all: on the server", "who all", people::who),
    Command::new(Rooms, RoomAndMenu, "whois NAME", "show someone's room, idle time and client", "whois Dai", people::whois),
    Command::new(Rooms, RoomAndMenu, "stats", "how long the server has been up, and how many people, rooms and lines it has", "stats", people::stats),
    Command::new(Rooms, Room, "topic [TEXT|off]", "show the room's topic, or set it; off: remove it", "topic lunch at noon", rooms::topic),

    Command::new(History, Room, "history [N|DATE|TIME]", "show what was said before; repeat it for more", "history 14:30", history::history),
    Command::new(History, Room, "search WORDS", "search in all that was said here", "search pizza", history::search),
    Command::new(History, Room, "context N", "show what was said around line #N", "context 120", history::context),

    Command::new(Moderation, Owner, "lock", "require a password to join", "lock", moderation::lock),
    Command::new(Moderation, Owner, "unlock", "require no password any more", "unlock", moderation::unlock),
    Command::new(Moderation, Owner, "private [off]", "hide the room from lists", "private", moderation::private),
    Command::new(Moderation, Owner, "kick NAME [WHY]", "remove NAME, who may rejoin", "kick Dai spam", moderation::kick),
    Command::new(Moderation, Owner, "ban [NAME|ADDRESS] [for 2h] [WHY]", "remove NAME and keep them out, or list the bans", "ban Dai for 2h spam", moderation::ban),
    Command::new(Moderation, Owner, "ban-name NAME [for 2h] [WHY]", "ban the name, and neither account nor address", "ban-name Dai", moderation::ban_name),
    Command::new(Moderation, Owner, "unban NAME|ADDRESS", "let NAME in again", "unban Dai", moderation::unban),
    Command::new(Moderation, Owner, "mute NAME", "stop NAME from posting", "mute Dai", moderation::mute),
    Command::new(Moderation, Owner, "unmute NAME", "let NAME post again", "unmute Dai", moderation::unmute),
    Command::new(Moderation, Owner, "own NAME", "make NAME an owner as well", "own Dai", moderation::own),
    Command::new(Moderation, Owner, "close", "close the room and remove everybody, once you have typed its name", "close", moderation::close),
    Command::new(Moderation, RoomAndMenu, "reopen ROOM [NEW]", "open a closed room of yours again, within 7 days", "reopen 1150", rooms::reopen),

    Command::new(Settings, RoomAndMenu, "ansi [off]", "keep messages from cutting into what you type", "ansi", settings::ansi),
    Command::new(Settings, RoomAndMenu, "dense [off]", "let messages of a few seconds share one prompt, without \\ansi", "dense", settings::dense),
    Command::new(Settings, RoomAndMenu, "width N|off", "the width of your screen, or one row a message", "width 120", settings::width),
    Command::new(Settings, RoomAndMenu, "color on|off", "colours, and what stands out", "color off", settings::color),
    Command::new(Settings, RoomAndMenu, "times full|short|off", "the time in front of each message", "times short", settings::times),
    Command::new(Settings, RoomAndMenu, "bell off|mention|all", "ring for nothing, for your name and private messages, or for every message", "bell mention", settings::bell),
    Command::new(Settings, RoomAndMenu, "plain [off]", "append-only, for screen readers and paper", "plain", settings::plain),
    Command::new(Settings, RoomAndMenu, "charset SET", "for terminals without UTF-8", "charset cp437", settings::charset),
    Command::new(Settings, RoomAndMenu, "quiet [off]", "no notices of who comes and goes, no advice, for scripts", "quiet", settings::quiet),
    Command::new(Settings, RoomAndMenu, "strangers on|off", "whether people outside your room can send you private messages", "strangers off", settings::strangers),
    Command::new(Settings, RoomAndMenu, "timezone [ZONE]", "the time zone of the times you see; off: the server's", "timezone Asia/Bangkok", settings::timezone),
    Command::new(Settings, RoomAndMenu, "time", "the time in that zone", "time", settings::time),

    Command::new(Operators, Operator, "admin COMMAND", "do something for the whole server; \\admin help lists what", "admin list", admin::admin),
];

/// What people type elsewhere, and the command here.
const ALIASES: &[(&str, &str)] = &[
    ("j", "join"),
    ("leave", "exit"),
    ("list", "rooms"),
    ("names", "who"),
    ("nick", "name"),
    ("part", "exit"),
    ("query", "msg"),
    ("tell", "msg"),
    ("w", "msg"),
    ("whisper", "msg"),
];

/// Says what a line is. `\word` is a command or a mistake, and so is `/word`; but people talk about `/usr/bin` and
/// `1/2`, so what has another slash in its word, or no letter behind the first, is text. To send what would be taken
/// for a command, one types its first character twice.
pub(super) fn parse(line: &str) -> Parsed<'_> {
    let start = line.trim_start();
    let (word, rest) = start.split_once(' ').unwrap_or((start, ""));
    if let Some(name) = word.strip_prefix('\\') {
        if name.starts_with('\\') {
            return Parsed::Text(&start[1..]);
        }
        return match find(name) {
            Some(command) => Parsed::Command(command, rest.trim()),
            None => Parsed::Unknown(word),
        };
    }
    match word.strip_prefix('/') {
        Some(name) if looks_like_command(name) => match find(name) {
            Some(command) => Parsed::Command(command, rest.trim()),
            None => Parsed::Unknown(word),
        },
        Some(name) if name.strip_prefix('/').is_some_and(looks_like_command) => {
            Parsed::Text(&start[1..])
        }
        _ => Parsed::Text(line),
    }
}

/// Whether a slash in front of it makes it a command, or a mistake.
fn looks_like_command(name: &str) -> bool {
    name.starts_with(char::is_alphabetic) && !name.contains('/')
}

fn find(name: &str) -> Option<&'static Command> {
    let name = name.to_ascii_lowercase();
    let alias = ALIASES.iter().find(|(alias, _)| *alias == name);
    let name = alias.map_or(name.as_str(), |(_, meant)| meant);
    COMMANDS.iter().find(|command| command.name() == name)
}

/// What people may type instead of the command's name.
fn aliases_of(command: &Command) -> Vec<&'static str> {
    let aliases = ALIASES.iter().filter(|(_, meant)| *meant == command.name());
    aliases.map(|(alias, _)| *alias).collect()
}

/// The commands that somebody may have meant who typed `word`, with its slash or backslash; the nearest first.
pub(super) fn nearest(word: &str) -> Vec<&'static str> {
    let word = word.trim_start_matches(['\\', '/']).to_lowercase();
    // A longer one is nothing like a command, and with one letter too many are.
    let letters = word.chars().count();
    if letters == 0 || letters > COMMAND_LETTERS_MAX {
        return Vec::new();
    }
    let most = (letters / 2).min(2);
    let names = COMMANDS
        .iter()
        .map(|command| (command.name(), command.name()));
    let all = names.chain(ALIASES.iter().copied());
    let mut near: Vec<(usize, &str)> = all
        .filter_map(|(typed, meant)| {
            let is_begun = typed.starts_with(&word);
            let distance = strsim::damerau_levenshtein(typed, &word);
            let distance = if is_begun { 0 } else { distance };
            (distance <= most).then_some((distance, meant))
        })
        .collect();
    near.sort_by_key(|(distance, _)| *distance);
    let mut names: Vec<&str> = Vec::new();
    for (_, name) in near {
        if !names.contains(&name) && names.len() < COMMANDS_MEANT_MAX {
            names.push(name);
        }
    }
    names
}

impl std::fmt::Debug for Command {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "\\{}", self.usage)
    }
}

impl PartialEq for Command {
    /// No two commands have the same usage.
    fn eq(&self, other: &Self) -> bool {
        self.usage == other.usage
    }
}

impl Eq for Command {}
