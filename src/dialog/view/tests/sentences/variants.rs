//! The variants of all that is said.
//!
//! A variant that is missing here does not compile; one that no sentence has fails a test.

use super::*;
use crate::chat::account::AccountError;
use crate::chat::admin::report::ReportError;
use crate::chat::admin::{AdminError, AdminReply, Mistake, Whom};
use crate::chat::history::{HistoryCursor, HistoryQuery};
use crate::chat::ignore::{IgnoreError, IgnoreReply};
use crate::chat::key::{KeyError, KeyReply};
use crate::chat::message::{ModAction, ModNotice, Notice};
use crate::chat::name::{NameError, NameFault};
use crate::chat::password::PasswordError;
use crate::chat::people::{
    ClientKind, DirectMessage, DmError, Encryption, Location, People, Profile, Words,
};
use crate::chat::request::{
    CreateError, Deed, Info, JoinError, ModError, PutOut, Removal, RemovalKind, RenameError,
    ReopenError,
};
use crate::chat::settings::{Bell, Setting, Times, Width};
use crate::text::Unfit;

/// Something made of variants that have names.
pub(super) trait Named {
    /// Appends the names of its variants, from the outside to the inside.
    fn note(&self, names: &mut Vec<&'static str>);
}

impl<T: Named> Named for Option<T> {
    fn note(&self, names: &mut Vec<&'static str>) {
        if let Some(named) = self {
            named.note(names);
        }
    }
}

impl<T: Named> Named for Box<T> {
    fn note(&self, names: &mut Vec<&'static str>) {
        (**self).note(names);
    }
}

impl<T: Named, E: Named> Named for Result<T, E> {
    fn note(&self, names: &mut Vec<&'static str>) {
        match self {
            Ok(named) => named.note(names),
            Err(named) => named.note(names),
        }
    }
}

impl Named for usize {
    fn note(&self, _: &mut Vec<&'static str>) {}
}

/// Names structs by their fields.
macro_rules! named_by {
    ($($kind:ident { $($field:ident),+ })+) => {$(
        impl Named for $kind {
            fn note(&self, names: &mut Vec<&'static str>) {
                $(self.$field.note(names);)+
            }
        }
    )+};
}

named_by! {
    NameError { fault }
    DirectMessage { words }
    Profile { place, kind, encryption }
    ModNotice { what }
    Removal { how }
}

impl Named for People {
    fn note(&self, names: &mut Vec<&'static str>) {
        for (_, place) in &self.people {
            place.note(names);
        }
    }
}

/// Names all variants of enums. A field, by its name or its number, is named too if it stands in braces.
macro_rules! named {
    ($($kind:ident { $($variant:ident $({ $($field:tt: $part:ident),+ })?),+ $(,)? })+) => {
        $(impl Named for $kind {
            fn note(&self, names: &mut Vec<&'static str>) {
                match self {
                    $($kind::$variant { $($($field: $part,)+)? .. } => {
                        names.push(concat!(stringify!($kind), "::", stringify!($variant)));
                        $($($part.note(names);)+)?
                    })+
                }
            }
        })+

        /// All of them.
        pub(super) const VARIANTS: &[&str] = &[
            $($(concat!(stringify!($kind), "::", stringify!($variant)),)+)+
        ];
    };
}

named! {
    View {
        Info { 0: info }, Menu, General { 0: view }, Help { 0: view }, Account { 0: view },
        Key { 0: view }, Admin { 0: view },
        Room { 0: view }, NoSuchUser, Message { 0: view }, Ignore { 0: reply },
        History { 0: view }, Moderation { 0: view }, Settings { 0: view }, Terminal { 0: view },
        End { 0: view },
    }
    Info {
        RoomPage, Members, Users { 0: people }, Whois { 1: profile }, Stats, Topic, Banned, Bans,
        NotDone { 0: why }, DmSent { 0: message }, DmFailed { 1: why }, Admin { 0: answer },
        Reported { 1: taken }, Unavailable,
    }
    Question {
        NewRoom, Room, Username, Create, NewPassword, PasswordAgain, Password, PasswordToForget,
        RoomPassword, NewRoomPassword, Close,
    }
    Notice {
        Joined, Left, Passed, Renamed, Topic, ModNotice { 0: done },
    }
    ModAction {
        Kicked, Banned, BannedAddress, Unbanned, UnbannedAddress, Muted, Unmuted, Shared,
        Inherited, Returned, Locked, Unlocked, Private, Public, SharedByOperator, UnlockedByOperator,
    }
    GeneralView { Motd, BadChoice, Renamed, RenameFailed { 0: why }, YourName, NameLost }
    RenameError { BadName { 0: error }, Taken, Registered, Banned, Unavailable }
    NameFault {
        Empty, Invisible, Blank, Comma, Mark, Graphemes, Bytes, Anon, You, RowStart,
        Unfit { 0: unfit },
    }
    Unfit { Character, Mark, Mixed }
    HelpView {
        Commands, Command, NoSuchCommand, UnknownCommand, LockTakesNoPassword, OnlyInRoom, Usage,
    }
    AccountView {
        NoFile, Overheard, Anon, LoggedInAlready, NotLoggedIn, BadPassword { 0: why }, Differ,
        Registered, LoggedIn, Forgotten, NotForgotten, Refused { 1: why }, WrongTooOften,
        LoggedOut, NameReclaimed, DeletedByOperator,
    }
    PasswordError { Short, Long }
    AccountError {
        Wrong, TooManyTries, Guessed, Busy, Registered, NotYours, Banned, Operators, TooMany,
        NotStored,
    }
    KeyView { Reply { 0: reply }, LoginFailed, NotLookedUp, Tip }
    KeyReply { Listed, Added, Already, Removed, Refused { 0: why } }
    KeyError { NotLoggedIn, NoKey, Bound, TooMany, NoSuchKey, NotStored }
    RoomView {
        Created, CreateFailed { 1: why }, NotCreated, List, Joined, JoinFailed { 1: why },
        Reopened, ReopenFailed { 1: why }, AlreadyIn, TopicTooLong,
    }
    CreateError {
        BadName { 0: error }, Exists, Alike, TooMany, AddressFull, AccountFull, NotStored,
    }
    JoinError {
        BadName { 0: error }, NoRoom, Full, Locked, Overheard, WrongPassword, TooManyTries, Busy,
        NotStored, Fault, Banned,
    }
    ReopenError { BadName { 0: error }, NoRoom, Exists, Refused { 0: why }, NotStored }
    MessageView {
        NotSent, Muted, LineTooLong, Fault, ExitHint, DmReceived { 0: message }, NobodyCalled,
        NothingToAnswer, Away, Back, Date, Skipped,
    }
    Words { Text, Invitation }
    DmError { Gone, Anon, Lost, Oneself, Stranger, TooFast, Full, Unavailable, Silent }
    IgnoreReply { Listed, Added, Removed, Refused { 1: why } }
    IgnoreError { Oneself, Already, TooMany, NotIgnored }
    HistoryView { Lines { 0: query }, Newest, NothingToAnswer, OnlyIgnored }
    HistoryQuery { Before { 0: cursor }, After, For, Around }
    HistoryCursor { Id, Time }
    Location { Menu, Room, Hidden }
    ClientKind { Raw, TelnetLines, TelnetKeys }
    Encryption { Tls, Ssh }
    ModerationView {
        BadPassword, Overheard, NotClosed, WrongPassword, PutOut { 1: how },
    }
    PutOut { Removed { 0: removal }, ClosedByOperator, Fault }
    RemovalKind { Kicked, Banned, Closed }
    ModError {
        NotOwner, Muted, TooSoon { deed: deed }, Nobody, Oneself, Anon, Senior, Already, NotBanned,
        NotMuted, TooMany, TooManyTries, NotStored,
    }
    Deed { SetTopic, Moderate, Lock, Unlock, Ban, Close }
    SettingsView {
        Set { 0: setting }, Is { 0: setting }, NotSet { 0: setting }, BadCharset, UnsafeCharset,
        Time, Timezone, BadTimezone,
    }
    Setting {
        Ansi, Plain, Width { 0: width }, Color, Times { 0: times }, Dense, Bell { 0: bell },
        Charset, Quiet, Strangers, Timezone,
    }
    Width { Columns, Off }
    Times { Off, Short, Full }
    Bell { Off, Mention, All }
    TerminalView { SecretIsSeen, Candidates, LineWasCut, PasteKept, Yes }
    EndView {
        Goodbye, GoingDown, Idle, Silent, Fault, NotTls, Foreign, ServerFull, AddressFull, Ejected,
    }
    AdminView { Announced, Reported, Renamed }
    ReportError { Nobody, Oneself, Anon, TooMany, Unavailable }
    AdminReply {
        Connections, Rooms, Kicked, Banned, Bans, Unbanned, Announced, Closed, Unlocked, Owned,
        Renamed, Forgotten, Limits, Log, Reloaded, Stopping, Reports, Help, Nodes,
        OfNode { 1: reply },
    }
    AdminError {
        NotOperator, Overheard, Mistake { 0: mistake }, Nobody { 0: whom }, NoAccount,
        NoAccounts, NoRoom, NotInRoom, Room, NotBanned,
        TooManyBans, NameTaken, NameBanned, Unavailable, Silent, Alone, Failed,
    }
    Mistake { Unknown, Usage, BadAddress, BadTime, BadName, TooLong, Anon }
    Whom { Id, Name }
}
