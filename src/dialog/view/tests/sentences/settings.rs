//! How the user's own terminal shows things.

use super::*;
use crate::chat::request::Deed;
use crate::chat::settings::{Bell, Setting, Width};
use crate::limits::WIDTH_COLUMNS;
use crate::terminal::charset::{self, CharsetError};

use Setting::{Ansi, Charset, Color, Dense, Plain, Quiet, Strangers, Timezone};

fn set(trigger: &str, setting: Setting) -> Sentence {
    says(trigger, SettingsView::Set(setting))
}

fn is(trigger: &str, setting: Setting) -> Sentence {
    says(trigger, SettingsView::Is(setting))
}

fn not_set(trigger: &str, setting: Setting) -> Sentence {
    says(trigger, SettingsView::NotSet(setting))
}

fn width(columns: u16) -> Setting {
    Setting::Width(Width::Columns(columns))
}

/// What a character set of a terminal is called.
fn charset(label: &str) -> Setting {
    let charset = charset::Charset::named(label).expect("a safe character set");
    Charset(charset.map_or("UTF-8", |charset| charset.name()).to_owned())
}

fn unsafe_charset(label: &str) -> Sentence {
    let Err(CharsetError::Unsafe { safe }) = charset::Charset::named(label) else {
        panic!("{label} is safe");
    };
    says(
        format!(r"`\charset {label}`"),
        SettingsView::UnsafeCharset(label.to_owned(), safe),
    )
}

pub(super) fn sentences() -> Vec<Sentence> {
    let mut all = settings();
    all.extend(told());
    all.extend(refused());
    all.extend(times());
    all
}

fn settings() -> Vec<Sentence> {
    let widest = *WIDTH_COLUMNS.end();
    vec![
        set(r"`\ansi`", Ansi(true)),
        set(r"`\ansi off`", Ansi(false)),
        set(r"`\plain`", Plain(true)),
        set(r"`\plain off`", Plain(false)),
        set(&format!(r"`\width {widest}`"), width(widest)),
        set(r"`\width off`", Setting::Width(Width::Off)),
        set(r"`\color on`", Color(true)),
        set(r"`\color off`", Color(false)),
        set(r"`\dense`", Dense(true)),
        set(r"`\dense off`", Dense(false)),
        set(r"`\times off`", Setting::Times(Times::Off)),
        set(r"`\times short`", Setting::Times(Times::Short)),
        set(r"`\times full`", Setting::Times(Times::Full)),
        set(r"`\bell off`", Setting::Bell(Bell::Off)),
        set(r"`\bell mention`", Setting::Bell(Bell::Mention)),
        set(r"`\bell all`", Setting::Bell(Bell::All)),
        set(r"`\quiet`", Quiet(true)),
        set(r"`\quiet off`", Quiet(false)),
        set(r"`\strangers on`", Strangers(true)),
        set(r"`\strangers off`", Strangers(false)),
        set(r"`\charset cp437`", charset("cp437")),
        set(r"`\timezone UTC`", Timezone(Some("UTC".to_owned()))),
    ]
}

fn told() -> Vec<Sentence> {
    vec![
        is(r"`\width`", width(80)),
        is(r"`\width`, after `\width off`", Setting::Width(Width::Off)),
        is(r"`\color`", Color(true)),
        is(r"`\color`, after `\color off`", Color(false)),
        is(r"`\times`", Setting::Times(Times::Full)),
        is(
            r"`\times`, after `\times short`",
            Setting::Times(Times::Short),
        ),
        is(r"`\times`, after `\times off`", Setting::Times(Times::Off)),
        is(r"`\bell`", Setting::Bell(Bell::Off)),
        is(
            r"`\bell`, after `\bell mention`",
            Setting::Bell(Bell::Mention),
        ),
        is(r"`\bell`, after `\bell all`", Setting::Bell(Bell::All)),
        is(r"`\strangers`", Strangers(true)),
        is(r"`\strangers`, after `\strangers off`", Strangers(false)),
        is(r"`\charset`", charset("utf-8")),
    ]
}

fn refused() -> Vec<Sentence> {
    vec![
        not_set(r"`\ansi`, on a terminal in character mode", Ansi(true)),
        not_set(r"`\ansi off`, on a terminal in character mode", Ansi(false)),
        not_set(r"`\dense`, on a terminal in character mode", Dense(true)),
        not_set(r"`\width 80`, on a terminal in character mode", width(80)),
        not_set(r"`\width off`, after `\ansi`", Setting::Width(Width::Off)),
        says(
            r"`\charset morse`",
            SettingsView::BadCharset("morse".to_owned()),
        ),
        unsafe_charset("shift_jis"),
        unsafe_charset("utf-16"),
    ]
}

fn times() -> Vec<Sentence> {
    vec![
        says(r"`\time`", SettingsView::Time),
        says(r"`\timezone`", SettingsView::Timezone),
        says(
            r"`\timezone Mars/Olympus`",
            SettingsView::BadTimezone("Mars/Olympus".to_owned()),
        ),
    ]
}

/// There are words for these, but nothing that a user does leads to them.
pub(super) fn unreachable() -> Vec<Sentence> {
    let zone = || Timezone(Some("UTC".to_owned()));
    let locked = RoomView::JoinFailed("1150".to_owned(), JoinError::Locked);
    vec![
        is("telling of `ansi` (`\\ansi` switches it on)", Ansi(true)),
        is("telling of `ansi off`", Ansi(false)),
        is("telling of `plain` (`\\plain` switches it on)", Plain(true)),
        is("telling of `plain off`", Plain(false)),
        is("telling of `dense` (`\\dense` switches it on)", Dense(true)),
        is("telling of `dense off`", Dense(false)),
        is("telling of `quiet` (`\\quiet` switches it on)", Quiet(true)),
        is("telling of `quiet off`", Quiet(false)),
        is(
            "telling of `timezone` in the manner of other settings",
            zone(),
        ),
        not_set("refusing `plain`", Plain(true)),
        not_set("refusing `color on`", Color(true)),
        not_set("refusing `times full`", Setting::Times(Times::Full)),
        not_set("refusing `dense off`", Dense(false)),
        not_set("refusing `bell off`", Setting::Bell(Bell::Off)),
        not_set("refusing `charset utf-8`", charset("utf-8")),
        not_set("refusing `quiet`", Quiet(true)),
        not_set("refusing `strangers on`", Strangers(true)),
        not_set("refusing `timezone UTC`", zone()),
        says(
            "a locked room (a question for the password comes instead)",
            locked,
        ),
        moderation::soon(
            "a topic, by somebody who has just inherited the room",
            Deed::SetTopic,
        ),
        moderation::soon(
            "a kick, by somebody who has just inherited the room",
            Deed::Moderate,
        ),
    ]
}
