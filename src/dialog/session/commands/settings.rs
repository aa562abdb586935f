//! *Pure.* How the user's own terminal shows things.

use crate::chat::request::{LocalRequest, Request};
use crate::chat::settings::{Bell, Setting, SettingName, Times, Width};
use crate::dialog::session::{Session, Turn};
use crate::dialog::view::{HelpView, SettingsView};
use crate::limits::WIDTH_COLUMNS;

pub(super) fn ansi(_: &mut Session, argument: &str) -> Turn {
    switch(argument, None, "ansi [off]", Setting::Ansi)
}

pub(super) fn plain(_: &mut Session, argument: &str) -> Turn {
    switch(argument, None, "plain [off]", Setting::Plain)
}

pub(super) fn dense(_: &mut Session, argument: &str) -> Turn {
    switch(argument, None, "dense [off]", Setting::Dense)
}

pub(super) fn color(_: &mut Session, argument: &str) -> Turn {
    let (tell, usage) = (Some(SettingName::Color), "color on, or \\color off");
    switch(argument, tell, usage, Setting::Color)
}

pub(super) fn quiet(_: &mut Session, argument: &str) -> Turn {
    switch(argument, None, "quiet [off]", Setting::Quiet)
}

pub(super) fn strangers(_: &mut Session, argument: &str) -> Turn {
    let (tell, usage) = (
        Some(SettingName::Strangers),
        "strangers off, or \\strangers on",
    );
    switch(argument, tell, usage, Setting::Strangers)
}

pub(super) fn bell(_: &mut Session, argument: &str) -> Turn {
    let bell = match argument.to_ascii_lowercase().as_str() {
        "off" => Bell::Off,
        "mention" | "on" => Bell::Mention,
        "all" => Bell::All,
        "" => return told(SettingName::Bell),
        _ => return Turn::show([HelpView::Usage("bell mention, \\bell all or \\bell off")]),
    };
    Turn::ask(Request::Local(LocalRequest::Set(Setting::Bell(bell))))
}

pub(super) fn times(_: &mut Session, argument: &str) -> Turn {
    let times = match argument.to_ascii_lowercase().as_str() {
        "off" => Times::Off,
        "short" => Times::Short,
        "full" | "on" => Times::Full,
        "" => return told(SettingName::Times),
        _ => return Turn::show([HelpView::Usage("times full, \\times short or \\times off")]),
    };
    Turn::ask(Request::Local(LocalRequest::Set(Setting::Times(times))))
}

/// A setting that is on or off. Without an argument the user is told how it stands, or it is switched on if it is not
/// said what to tell.
fn switch(
    argument: &str,
    tell: Option<SettingName>,
    usage: &'static str,
    setting: fn(bool) -> Setting,
) -> Turn {
    match (argument.to_ascii_lowercase().as_str(), tell) {
        ("", Some(name)) => told(name),
        ("on", _) | ("", None) => Turn::ask(Request::Local(LocalRequest::Set(setting(true)))),
        ("off", _) => Turn::ask(Request::Local(LocalRequest::Set(setting(false)))),
        _ => Turn::show([HelpView::Usage(usage)]),
    }
}

fn told(name: SettingName) -> Turn {
    Turn::ask(Request::Local(LocalRequest::Tell(name)))
}

pub(super) fn width(_: &mut Session, argument: &str) -> Turn {
    match argument.parse::<u16>() {
        Ok(columns) if WIDTH_COLUMNS.contains(&columns) => set_width(Width::Columns(columns)),
        _ if argument.eq_ignore_ascii_case("off") => set_width(Width::Off),
        _ if argument.is_empty() => told(SettingName::Width),
        _ => Turn::show([HelpView::Usage(
            "width N, with a number from 20 to 500, or \\width off",
        )]),
    }
}

fn set_width(width: Width) -> Turn {
    Turn::ask(Request::Local(LocalRequest::Set(Setting::Width(width))))
}

pub(super) fn charset(_: &mut Session, argument: &str) -> Turn {
    if argument.is_empty() {
        return told(SettingName::Charset);
    }
    Turn::ask(Request::Local(LocalRequest::Set(Setting::Charset(
        argument.to_owned(),
    ))))
}

pub(super) fn timezone(_: &mut Session, argument: &str) -> Turn {
    let zone = match argument {
        "" => return Turn::show([SettingsView::Timezone]),
        off if off.eq_ignore_ascii_case("off") => None,
        zone => Some(zone.to_owned()),
    };
    Turn::ask(Request::Local(LocalRequest::Set(Setting::Timezone(zone))))
}

pub(super) fn time(_: &mut Session, _: &str) -> Turn {
    Turn::show([SettingsView::Time])
}
