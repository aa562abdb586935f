//! *Pure.* How one's own terminal shows things.

use std::fmt::{self, Write as _};

use super::Viewer;
use crate::chat::settings::{Bell, Setting};
use crate::limits::LINE_MODE_COLUMNS;
use crate::time::local;

pub(super) fn write_set(setting: &Setting, viewer: &Viewer<'_>, out: &mut String) -> fmt::Result {
    match setting {
        Setting::Ansi(true) => writeln!(
            out,
            "ANSI drawing is on. If your screen now looks wrong, type \\ansi off."
        ),
        Setting::Ansi(false) => writeln!(out, "ANSI drawing is off."),
        Setting::Plain(true) => writeln!(
            out,
            "Plain drawing is on: no colours, no repeated prompts. \\plain off ends it."
        ),
        Setting::Plain(false) => writeln!(out, "Plain drawing is off."),
        Setting::Width(Some(columns)) => writeln!(out, "Rows are wrapped at {columns} columns."),
        Setting::Width(None) => writeln!(out, "Rows are wrapped at {LINE_MODE_COLUMNS} columns."),
        Setting::Color(true) => writeln!(out, "Colours are on, where your drawing has them."),
        Setting::Color(false) => writeln!(out, "Colours are off."),
        Setting::Bell(Bell::Off) => writeln!(out, "The bell is off."),
        Setting::Bell(Bell::Mention) => {
            writeln!(out, "Your name and private words ring the bell.")
        }
        Setting::Bell(Bell::All) => writeln!(out, "All that others say rings the bell."),
        Setting::Quiet(true) => writeln!(
            out,
            "Quiet: no notices of who comes and goes, no advice. \\quiet off ends it."
        ),
        Setting::Quiet(false) => writeln!(out, "Notices and advice are shown."),
        Setting::Charset(name) => writeln!(out, "The character set is {name}."),
        Setting::Timezone(_) => writeln!(
            out,
            "Times are shown in {}, where it is {} now.",
            viewer.zone_name(),
            local::date_and_time(viewer.now, viewer.zone)
        ),
    }
}

pub(super) fn write_set_in_vain(setting: &Setting, out: &mut String) -> fmt::Result {
    match setting {
        Setting::Ansi(true) => writeln!(
            out,
            "Your terminal is drawn better than that already: nothing cuts into what you type."
        ),
        Setting::Width(_) => writeln!(
            out,
            "Your terminal tells its width itself. \\width is for \\ansi."
        ),
        _ => writeln!(out, "That is so already."),
    }
}

pub(super) fn write_bad_charset(name: &str, out: &mut String) -> fmt::Result {
    writeln!(
        out,
        "There is no character set {name}. Try utf-8, latin1, cp437 or windows-874."
    )
}

pub(super) fn write_time(viewer: &Viewer<'_>, out: &mut String) -> fmt::Result {
    let time = local::date_and_time(viewer.now, viewer.zone);
    writeln!(out, "It is {time} in {}.", viewer.zone_name())
}

pub(super) fn write_timezone(viewer: &Viewer<'_>, out: &mut String) -> fmt::Result {
    writeln!(
        out,
        "Times are shown in {}. \
         Type \\timezone ZONE for another, such as Asia/Bangkok or +07:00.",
        viewer.zone_name()
    )
}

pub(super) fn write_bad_timezone(name: &str, viewer: &Viewer<'_>, out: &mut String) -> fmt::Result {
    writeln!(
        out,
        "There is no time zone {name}. Times are still shown in {}. \
         Try one such as Asia/Bangkok, +07:00 or UTC.",
        viewer.zone_name()
    )
}
