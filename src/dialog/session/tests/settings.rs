//! How the user's own terminal shows things.

use super::*;
use crate::chat::settings::{Bell, Setting, SettingName, Width};
use crate::dialog::view::SettingsView;

#[test]
fn settings_are_asked_for_or_explained() {
    let set = |setting| Turn::ask(Request::Local(LocalRequest::Set(setting)));
    let tell = |name| Turn::ask(Request::Local(LocalRequest::Tell(name)));
    let table = [
        ("\\ansi", set(Setting::Ansi(true))),
        ("\\ansi off", set(Setting::Ansi(false))),
        ("\\bell on", set(Setting::Bell(Bell::Mention))),
        ("\\bell Mention", set(Setting::Bell(Bell::Mention))),
        ("\\bell all", set(Setting::Bell(Bell::All))),
        ("\\bell OFF", set(Setting::Bell(Bell::Off))),
        ("\\color OFF", set(Setting::Color(false))),
        ("\\plain", set(Setting::Plain(true))),
        ("\\quiet", set(Setting::Quiet(true))),
        ("\\quiet off", set(Setting::Quiet(false))),
        ("\\width 120", set(Setting::Width(Width::Columns(120)))),
        ("\\width off", set(Setting::Width(Width::Off))),
        ("\\charset cp437", set(Setting::Charset("cp437".to_owned()))),
        ("\\bell", tell(SettingName::Bell)),
        ("\\color", tell(SettingName::Color)),
        ("\\width", tell(SettingName::Width)),
        ("\\charset", tell(SettingName::Charset)),
        ("\\strangers", tell(SettingName::Strangers)),
    ];
    for (line, expected) in table {
        assert_eq!(in_room().line(line), expected, "{line}");
        assert_eq!(
            Session::default().line(line),
            expected,
            "{line} at the menu"
        );
    }
    for (line, view) in [
        ("\\timezone", SettingsView::Timezone),
        ("\\time", SettingsView::Time),
    ] {
        assert_eq!(in_room().line(line), Turn::show([view]), "{line}");
    }
    for line in [
        "\\bell maybe",
        "\\width 3",
        "\\width 999",
        "\\ansi maybe",
        "\\color maybe",
    ] {
        let turn = in_room().line(line);
        assert_eq!(turn.request, None, "{line}");
        assert!(
            matches!(turn.views[..], [View::Help(HelpView::Usage(_))]),
            "{line}"
        );
    }
}

#[test]
fn ansi_is_told_of_once() {
    let mut session = Session::default();
    let joined = |session: &mut Session| {
        let turn = session.reply(Reply::Lobby(LobbyReply::Joined(
            room("1150"),
            Ok(RoomSnapshot::default()),
        )));
        matches!(turn.views[..], [View::Room(RoomView::Joined(_, _, true))])
    };
    assert!(joined(&mut session));
    assert!(!joined(&mut session));
    let mut session = Session::default();
    session.no_ansi_tip();
    assert!(!joined(&mut session));
}
