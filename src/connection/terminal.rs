//! What negotiation and settings change about drawing and editing.

use std::num::NonZeroU16;
use std::time::Instant;

use super::{Connection, FirstLine};
use crate::chat::ignore::Ignores;
use crate::chat::name::Name;
use crate::chat::people::ClientKind;
use crate::chat::settings::{Bell, Setting, SettingName, Settings, Width};
use crate::dialog::view::{SettingsView, TerminalView, View};
use crate::terminal::charset::{Charset, CharsetError};
use crate::terminal::draw::{Drawing, Newline};
use crate::terminal::telnet::{Change, Event, LineEnding, Mode, Probe, terminal};
use crate::time::zone;

impl Connection {
    /// Handles whatever the decoder gives that is not data.
    pub(super) fn take_telnet(&mut self, event: &Event<'_>) {
        let was_telnet = self.negotiation.is_telnet();
        let now = self.now();
        let changes = self
            .negotiation
            .received(&mut self.output.bytes, now, event);
        if self.negotiation.is_telnet() && !was_telnet {
            self.session.no_ansi_tip();
            self.tell_client(None);
        }
        self.apply(changes);
    }

    /// Lets the register know what kind of client this is.
    fn tell_client(&mut self, terminal: Option<String>) {
        let kind = match (&self.screen.typing, self.negotiation.is_telnet()) {
            (Some(_), _) => ClientKind::TelnetKeys,
            (None, true) => ClientKind::TelnetLines,
            (None, false) => ClientKind::Raw,
        };
        self.count_as(kind);
        self.shared.lobby.client_is(self.user.id(), kind, terminal);
    }

    /// How the first line ended is known.
    pub(super) fn first_line_is(&mut self, ending: LineEnding) {
        self.input.first_line = FirstLine::Seen;
        // A Telnet client that has agreed to BINARY ends its lines so too, and wants CR LF (RFC 854).
        if ending == LineEnding::Lf && !self.negotiation.is_telnet() {
            self.screen.display.newline = Newline::Lf;
        }
        let now = self.now();
        let changes =
            self.negotiation
                .first_line(&mut self.output.bytes, now, ending, Probe::Wiped);
        // A terminal that ends its lines with CR alone has no line mode, and so echoes nothing.
        self.echoes = ending != LineEnding::BareCr;
        self.apply(changes);
    }

    /// Whether it is being asked, or waited for, what kind of client this is.
    pub(super) fn is_undecided(&self) -> bool {
        self.output.held.is_some()
            || matches!(self.input.first_line, FirstLine::Cr(_))
            || self.negotiation.next_timeout().is_some()
    }

    /// Says what might not have been true while it was undecided what kind of client this is.
    fn tell_what_waited(&mut self) {
        if !self.is_undecided() {
            self.update_secret_echo();
            self.show_prompt();
        }
    }

    /// Goes on without what did not come in time.
    pub(super) fn check_negotiation(&mut self, now: Instant) {
        if let FirstLine::Cr(until) = self.input.first_line
            && now >= until
        {
            self.settle_first_line(None);
            self.tell_what_waited();
        }
        if self.negotiation.next_timeout().is_some_and(|at| now >= at) {
            let changes = self.negotiation.timeout(&mut self.output.bytes, now);
            self.apply(changes);
            self.tell_what_waited();
        }
    }

    fn apply(&mut self, changes: Vec<Change>) {
        for change in changes {
            match change {
                Change::Hold => {
                    self.output.held.get_or_insert_default();
                }
                Change::Release => {
                    self.release_output();
                    self.tell_what_waited();
                }
                Change::Mode(mode) => self.mode_is(mode),
                Change::WindowSize(size) => {
                    self.screen.display.columns = size.columns.and_then(NonZeroU16::new);
                    self.screen.display.rows = size.rows.and_then(NonZeroU16::new);
                    self.show_typed();
                }
                // A client with an input row of its own, or paper, is better off without prompts.
                Change::TerminalType(name) => {
                    self.screen.display.prompts =
                        terminal::drawing_for(&name) != terminal::Drawing::LinePlain;
                    self.screen.display.own_input_row = terminal::is_mud_client(&name);
                    self.screen.display.few_colors = terminal::has_few_colors(&name);
                    self.tell_client(Some(name));
                }
                Change::ScreenReader => self.set_plain(true),
                Change::Interrupt { mistaken } => self.interrupt(mistaken),
                Change::AbortOutput { mistaken } => {
                    if let Some(byte) = mistaken {
                        self.input.lines.go_on_with(byte);
                    }
                }
                Change::EraseCharacter => self.input.lines.erase_character(),
                Change::EraseLine => self.interrupt(None),
                Change::EndOfFile => self.end_of_file(),
                Change::AreYouThere => {
                    self.show(&View::Terminal(TerminalView::Yes));
                    self.show_prompt();
                }
                Change::Repaint => self.repaint(),
            }
        }
    }

    /// Draws and edits as the client can from now on.
    fn mode_is(&mut self, mode: Mode) {
        // What was sent before the connection was lost is read on as it began: nothing is drawn any more, and what is
        // half read must not be taken for an editor that nobody sees.
        if self.lost.is_some() {
            return;
        }
        // What was held was drawn for the mode until now.
        self.release_output();
        match mode {
            Mode::Raw => self.raw(),
            Mode::Character => {
                let unfinished = self.input.lines.take_unfinished();
                self.echoes = false;
                // Where the screen is ours, so is what rings, unless the user has decided.
                let chosen = self.chosen.as_deref().and_then(|chosen| chosen.bell);
                self.screen.display.bell = chosen.unwrap_or(Bell::Mention);
                self.draw_with(|screen, out| screen.enter_character_mode(&unfinished, out));
            }
            Mode::LinePlain => self.line_mode(Drawing::Plain),
            Mode::LineAnsi => self.line_mode(Drawing::Ansi),
        }
        self.tell_client(None);
        self.show_prompt();
    }

    fn raw(&mut self) {
        if self.shared.config.get().raw_ansi {
            self.screen.display.drawing = Drawing::Ansi;
            self.session.no_ansi_tip();
        }
    }

    /// The client edits and echoes, on a row of its own.
    fn line_mode(&mut self, drawing: Drawing) {
        let was_typing = self.screen.typing.is_some();
        let mut half = String::new();
        self.draw_with(|screen, out| half = screen.leave_character_mode(drawing, out));
        // A client that was in no mode yet may be in the middle of a line.
        if was_typing {
            self.input.lines.resume(half);
        }
        self.echoes = false;
    }

    /// The line typed so far is cancelled, unless the key was a byte of a character.
    fn interrupt(&mut self, mistaken: Option<u8>) {
        if mistaken.is_some_and(|byte| self.input.lines.go_on_with(byte)) {
            return;
        }
        self.input.lines.cancel();
        self.repaint();
    }

    /// What the client showed of the prompt is lost or disturbed.
    fn repaint(&mut self) {
        if self.screen.prompt_is_open() {
            let prompt = self.prompt();
            self.draw_with(|screen, out| screen.renew_prompt(&prompt, out));
        }
    }

    /// Does what the user has set, tells so, and keeps it for when the name comes back.
    pub(super) fn set(&mut self, setting: Setting) {
        let view = self.apply_setting(setting);
        if let SettingsView::Set(setting) = &view {
            self.choose(|chosen| chosen.note(setting));
        }
        self.show(&view.into());
    }

    /// How a setting stands.
    pub(super) fn setting(&self, name: SettingName) -> Setting {
        let display = &self.screen.display;
        match name {
            SettingName::Width => Setting::Width(match display.wraps {
                true => Width::Columns(display.width()),
                false => Width::Off,
            }),
            SettingName::Color => Setting::Color(display.color),
            SettingName::Times => Setting::Times(display.times),
            SettingName::Bell => Setting::Bell(display.bell),
            SettingName::Charset => {
                let name = self.charset.as_deref().map_or("UTF-8", Charset::name);
                Setting::Charset(name.to_owned())
            }
            SettingName::Strangers => {
                let chosen = self.chosen.as_deref().and_then(|chosen| chosen.strangers);
                Setting::Strangers(chosen.unwrap_or(true))
            }
        }
    }

    /// Keeps whom the user ignores for when the name comes back.
    pub(super) fn note_ignores(&mut self) {
        let ignored = self.user.ignores().into_iter().flat_map(Ignores::names);
        let names = ignored.map(Name::to_string).collect();
        self.choose(|chosen| chosen.ignores = Some(names));
    }

    fn choose(&mut self, choice: impl FnOnce(&mut Settings)) {
        let chosen = self.chosen.get_or_insert_default();
        choice(chosen);
        let settings = Settings::clone(chosen);
        self.user.save_settings(settings);
    }

    /// Restores the account's settings that this terminal supports.
    pub(super) fn restore(&mut self, settings: &Settings) {
        for setting in settings.all() {
            self.apply_setting(setting);
        }
        self.chosen.get_or_insert_default().overlay(settings);
        if settings.ignores.is_some() {
            self.note_ignores();
        }
    }

    /// Does what the user has set, and gives what to tell of it.
    fn apply_setting(&mut self, setting: Setting) -> SettingsView {
        match &setting {
            Setting::Ansi(on) => self.set_ansi(*on),
            Setting::Plain(on) => {
                self.set_plain(*on);
                SettingsView::Set(setting)
            }
            Setting::Width(width) => self.set_width(*width),
            Setting::Color(on) => {
                self.screen.display.color = *on;
                SettingsView::Set(setting)
            }
            Setting::Dense(true) if self.screen.display.drawing != Drawing::Plain => {
                SettingsView::NotSet(setting)
            }
            Setting::Dense(on) => {
                self.screen.display.dense = Some(*on);
                SettingsView::Set(setting)
            }
            Setting::Times(times) => {
                self.screen.display.times = *times;
                SettingsView::Set(setting)
            }
            Setting::Bell(bell) => {
                self.screen.display.bell = *bell;
                SettingsView::Set(setting)
            }
            Setting::Quiet(on) => {
                self.screen.display.quiet = *on;
                SettingsView::Set(setting)
            }
            Setting::Strangers(on) => {
                self.user.take_strangers(*on);
                SettingsView::Set(setting)
            }
            Setting::Charset(name) => self.set_charset(name),
            Setting::Timezone(name) => self.set_timezone(name.clone()),
        }
    }

    fn set_width(&mut self, width: Width) -> SettingsView {
        let display = &mut self.screen.display;
        let inserts = display.drawing == Drawing::Ansi;
        match width {
            // A row that is inserted has one row's place.
            Width::Off if inserts => return SettingsView::NotSet(Setting::Width(width)),
            Width::Columns(_) if self.screen.typing.is_some() => {
                return SettingsView::NotSet(Setting::Width(width));
            }
            Width::Off => display.wraps = false,
            Width::Columns(columns) => {
                (display.wraps, display.columns) = (true, NonZeroU16::new(columns));
            }
        }
        SettingsView::Set(Setting::Width(width))
    }

    fn set_ansi(&mut self, on: bool) -> SettingsView {
        let setting = Setting::Ansi(on);
        if self.screen.typing.is_some() {
            return SettingsView::NotSet(setting);
        }
        self.screen.display.prompts = true;
        self.screen.display.drawing = if on { Drawing::Ansi } else { Drawing::Plain };
        self.session.no_ansi_tip();
        SettingsView::Set(setting)
    }

    fn set_plain(&mut self, on: bool) {
        if on {
            let changes = self
                .negotiation
                .leave_character_mode(&mut self.output.bytes);
            self.apply(changes);
            self.screen.display.drawing = Drawing::Plain;
        } else {
            let now = self.now();
            let changes = self
                .negotiation
                .offer_character_mode(&mut self.output.bytes, now);
            self.apply(changes);
        }
        self.screen.display.color = !on;
        self.screen.display.bell = Bell::Off;
        self.screen.display.prompts = !on;
    }

    fn set_charset(&mut self, name: &str) -> SettingsView {
        match Charset::named(name) {
            Ok(charset) => {
                let name = charset.as_ref().map_or("UTF-8", Charset::name);
                self.charset = charset.map(Box::new);
                SettingsView::Set(Setting::Charset(name.to_owned()))
            }
            Err(CharsetError::Unknown) => SettingsView::BadCharset(name.to_owned()),
            Err(CharsetError::Unsafe { safe }) => {
                SettingsView::UnsafeCharset(name.to_owned(), safe)
            }
        }
    }

    fn set_timezone(&mut self, name: Option<String>) -> SettingsView {
        let config = self.shared.config.snapshot();
        let servers = &config.zone;
        let zone = match &name {
            None => servers.clone(),
            Some(name) => match zone::named(name) {
                Some(zone) => zone,
                None => return SettingsView::BadTimezone(name.clone()),
            },
        };
        let is_servers =
            name.is_none() || zone.iana_name().is_some() && zone.iana_name() == servers.iana_name();
        let now = self.timestamp();
        let display = &mut self.screen.display;
        display.custom_zone = !is_servers;
        display.zone = zone;
        self.day.set_zone(now, &display.zone);
        SettingsView::Set(Setting::Timezone(name))
    }
}
