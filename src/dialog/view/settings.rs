//! *Pure.* How the user's own terminal shows things.

use std::fmt::{self, Write as _};

use super::{Viewer, quoted};
use crate::chat::settings::{Bell, Setting, Times, Width};
use crate::limits::DENSE_WAIT;
use crate::time::local;

/// What is said of the settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SettingsView {
    /// A setting is in effect from now on.
    Set(Setting),
    /// A setting is so, and this is how it is changed.
    Is(Setting),
    /// The setting is already in effect, or this connection cannot support it.
    NotSet(Setting),
    /// No such character set, or none that a terminal can use.
    BadCharset(String),
    /// A character set whose bytes terminals could take for controls, and one for the same languages that will do.
    UnsafeCharset(String, Option<&'static str>),
    /// The time now.
    Time,
    /// The zone that times are shown in.
    Timezone,
    /// No such time zone.
    BadTimezone(String),
}

impl SettingsView {
    pub(super) fn write(&self, viewer: &Viewer<'_>, out: &mut String) -> fmt::Result {
        match self {
            SettingsView::Set(setting) => write_set(setting, viewer, out),
            SettingsView::Is(setting) => {
                write_set(setting, viewer, out)?;
                writeln!(out, "Type \\{} to change that.", how_to_set(setting))
            }
            SettingsView::NotSet(setting) => write_not_set(setting, out),
            SettingsView::BadCharset(name) => writeln!(
                out,
                "There is no character set {}. Try utf-8, latin1, cp437 or windows-874.",
                quoted(name)
            ),
            SettingsView::UnsafeCharset(name, safe) => {
                write!(
                    out,
                    "The character set stays as it is: bytes of {} could be taken for controls. Try utf-8",
                    quoted(name)
                )?;
                match safe {
                    Some(safe) => writeln!(out, " or {safe}."),
                    None => writeln!(out, "."),
                }
            }
            SettingsView::Time => writeln!(
                out,
                "It is {} in {}.",
                local::date_and_time(viewer.now, viewer.zone),
                viewer.zone_name()
            ),
            SettingsView::Timezone => writeln!(
                out,
                "Times are shown in {}. \
                 Type \\timezone ZONE for another, such as Asia/Bangkok or +07:00.",
                viewer.zone_name()
            ),
            SettingsView::BadTimezone(name) => writeln!(
                out,
                "There is no time zone {}. Times are still shown in {}. \
                 Try one such as Asia/Bangkok, +07:00 or UTC.",
                quoted(name),
                viewer.zone_name()
            ),
        }
    }
}

/// The command that changes a setting, without the `\`.
fn how_to_set(setting: &Setting) -> &'static str {
    match setting {
        Setting::Ansi(_) => "ansi, or \\ansi off,",
        Setting::Plain(_) => "plain, or \\plain off,",
        Setting::Width(_) => "width N, with a number from 20 to 500, or \\width off",
        Setting::Color(true) => "color off",
        Setting::Color(false) => "color on",
        Setting::Dense(_) => "dense, or \\dense off,",
        Setting::Times(_) => "times full, \\times short or \\times off",
        Setting::Bell(_) => "bell mention, \\bell all or \\bell off",
        Setting::Quiet(_) => "quiet, or \\quiet off,",
        Setting::Strangers(true) => "strangers off",
        Setting::Strangers(false) => "strangers on",
        Setting::Charset(_) => "charset SET, such as utf-8, latin1, cp437 or windows-874,",
        Setting::Timezone(_) => "timezone ZONE, such as Asia/Bangkok or +07:00,",
    }
}

fn write_set(setting: &Setting, viewer: &Viewer<'_>, out: &mut String) -> fmt::Result {
    match setting {
        Setting::Ansi(true) => {
            let columns = viewer.columns;
            writeln!(
                out,
                "ANSI drawing is on, for {columns} columns; type \\width N for another.\n\
                 If your screen now looks wrong, type \\ansi off."
            )
        }
        Setting::Ansi(false) => writeln!(out, "ANSI drawing is off."),
        Setting::Plain(true) => writeln!(
            out,
            "Plain drawing is on: no colours, no repeated prompts. \\plain off ends it."
        ),
        Setting::Plain(false) => writeln!(out, "Plain drawing is off."),
        Setting::Width(Width::Columns(columns)) => {
            writeln!(out, "Rows are wrapped at {columns} columns.")
        }
        Setting::Width(Width::Off) => writeln!(out, "Each message is one row, however long."),
        Setting::Color(true) => writeln!(out, "Colours are on, except in plain drawing."),
        Setting::Color(false) => writeln!(out, "Colours are off."),
        Setting::Dense(true) => writeln!(
            out,
            "Messages of up to {} seconds share one prompt. \\dense off ends it.",
            DENSE_WAIT.as_secs()
        ),
        Setting::Dense(false) => writeln!(out, "Each message is shown at once."),
        Setting::Times(Times::Off) => writeln!(out, "Messages are shown without their times."),
        Setting::Times(Times::Short) => {
            writeln!(out, "Messages are shown with hours and minutes.")
        }
        Setting::Times(Times::Full) => {
            writeln!(out, "Messages are shown with hours, minutes and seconds.")
        }
        Setting::Bell(Bell::Off) => writeln!(out, "The bell is off."),
        Setting::Bell(Bell::Mention) => {
            writeln!(
                out,
                "The bell rings when somebody says your name, and for private messages."
            )
        }
        Setting::Bell(Bell::All) => writeln!(out, "The bell rings for every message."),
        Setting::Quiet(true) => writeln!(
            out,
            "Quiet: no notices of who comes and goes, no advice. \\quiet off ends it."
        ),
        Setting::Quiet(false) => writeln!(out, "Notices and advice are shown."),
        Setting::Strangers(true) => writeln!(out, "Anybody can send you private messages."),
        Setting::Strangers(false) => writeln!(
            out,
            "Only people in your room, and those you write to, can send you private messages."
        ),
        Setting::Charset(name) => writeln!(out, "The character set is {name}."),
        Setting::Timezone(_) => writeln!(
            out,
            "Times are shown in {}, where it is {} now.",
            viewer.zone_name(),
            local::date_and_time(viewer.now, viewer.zone)
        ),
    }
}

fn write_not_set(setting: &Setting, out: &mut String) -> fmt::Result {
    match setting {
        Setting::Ansi(true) => writeln!(
            out,
            "Your terminal already does better than that: nothing cuts into what you type."
        ),
        Setting::Dense(true) => writeln!(
            out,
            "On your terminal messages take no prompts anyway: nothing has changed."
        ),
        Setting::Width(Width::Columns(_)) => writeln!(
            out,
            "Your terminal reports its own width. \\width off gives each message one row."
        ),
        Setting::Width(Width::Off) => writeln!(
            out,
            "In ANSI drawing rows have to fit on the screen. Type \\ansi off first."
        ),
        Setting::Ansi(false)
        | Setting::Plain(_)
        | Setting::Color(_)
        | Setting::Times(_)
        | Setting::Dense(false)
        | Setting::Bell(_)
        | Setting::Quiet(_)
        | Setting::Strangers(_)
        | Setting::Charset(_)
        | Setting::Timezone(_) => writeln!(out, "No change."),
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;
    use crate::dialog::view::View;
    use crate::dialog::view::tests::VIEWER;

    #[test]
    fn a_character_set_is_refused_with_one_that_will_do() {
        let table = [
            (
                Some("euc-jp"),
                "The character set stays as it is: bytes of x could be taken for controls. Try utf-8 or euc-jp.\n",
            ),
            (
                None,
                "The character set stays as it is: bytes of x could be taken for controls. Try utf-8.\n",
            ),
        ];
        for (safe, words) in table {
            let mut out = String::new();
            let view = SettingsView::UnsafeCharset("x".to_owned(), safe);
            View::from(view).write(&VIEWER, &mut out);
            assert_eq!(out, words);
        }
    }

    #[test]
    fn times_are_told_with_their_zone() {
        let bangkok = TimeZone::get("Asia/Bangkok").expect("a zone");
        let fixed = TimeZone::fixed(jiff::tz::offset(-3));
        let table = [
            (
                &TimeZone::UTC,
                SettingsView::Time,
                "It is 2026-11-22 21:30:01 in UTC.\n",
            ),
            (
                &bangkok,
                SettingsView::Time,
                "It is 2026-11-23 04:30:01 in Asia/Bangkok.\n",
            ),
            (
                &fixed,
                SettingsView::Time,
                "It is 2026-11-22 18:30:01 in UTC-03:00.\n",
            ),
            (
                &bangkok,
                SettingsView::Set(Setting::Timezone(None)),
                "Times are shown in Asia/Bangkok, where it is 2026-11-23 04:30:01 now.\n",
            ),
            (
                &fixed,
                SettingsView::Timezone,
                "Times are shown in UTC-03:00. \
                 Type \\timezone ZONE for another, such as Asia/Bangkok or +07:00.\n",
            ),
            (
                &bangkok,
                SettingsView::BadTimezone("Mars/Olympus".to_owned()),
                "There is no time zone Mars/Olympus. Times are still shown in Asia/Bangkok. \
                 Try one such as Asia/Bangkok, +07:00 or UTC.\n",
            ),
        ];
        for (zone, view, words) in table {
            let mut out = String::new();
            View::from(view).write(&Viewer { zone, ..VIEWER }, &mut out);
            assert_eq!(out, words);
        }
    }
}
