//! How lines of the log look: for people, for programs, and for the journal.

use std::fmt;
use std::fs::File;
use std::io::{self, IsTerminal, Stderr};
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;

use serde_json::json;
use tracing::level_filters::LevelFilter;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::format::{FormatEvent, FormatFields, JsonFields, Writer};
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::fmt::{FmtContext, MakeWriter};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, Registry, reload};

use crate::config::LogFormat;

/// How lines of the log look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Style {
    /// Words for people, or one JSON object a line.
    pub format: LogFormat,
    /// In the colours of a terminal.
    pub in_colour: bool,
    /// For systemd's journal: every line begins with its urgency, `<3>` to `<7>` as in sd-daemon(3), and has no time, which
    /// the journal knows.
    pub is_for_journal: bool,
}

impl Style {
    /// For standard error: in colours if that is a terminal and `NO_COLOR` (<https://no-color.org>) is not set; for the
    /// journal if it leads there.
    pub fn of_stderr(format: LogFormat) -> Style {
        let is_plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Style {
            format,
            in_colour: io::stderr().is_terminal() && !is_plain,
            is_for_journal: leads_to_journal(&io::stderr()),
        }
    }

    /// A line of its own, which is there whatever the level is.
    pub(super) fn line(self, level: Level, text: &str) -> String {
        let prefix = self.prefix(level);
        match self.format {
            LogFormat::Text => format!("{prefix}{text}\n"),
            LogFormat::Json => {
                let mut time = String::new();
                // Writing to a string cannot fail.
                let _ = SystemTime.format_time(&mut Writer::new(&mut time));
                let line = json!({
                    "timestamp": time,
                    "level": level.as_str(),
                    "message": text,
                });
                format!("{prefix}{line}\n")
            }
        }
    }

    /// What a line that is so urgent begins with.
    fn prefix(self, level: Level) -> &'static str {
        match level {
            _ if !self.is_for_journal => "",
            Level::ERROR => "<3>",
            Level::WARN => "<4>",
            Level::INFO => "<6>",
            Level::DEBUG | Level::TRACE => "<7>",
        }
    }

    /// Has everything that is logged in this process, and is urgent enough, written to `writer`.
    pub(super) fn install(
        self,
        filter: reload::Layer<LevelFilter, Registry>,
        writer: impl for<'a> MakeWriter<'a> + Send + Sync + 'static,
    ) {
        let layer = tracing_subscriber::fmt::layer()
            .with_writer(writer)
            .with_ansi(self.in_colour)
            .log_internal_errors(false);
        let text = tracing_subscriber::fmt::format()
            .with_ansi(self.in_colour)
            .with_target(false);
        let lines = match (self.format, self.is_for_journal) {
            (LogFormat::Json, _) => {
                let json = tracing_subscriber::fmt::format().json();
                let json = json.flatten_event(true).with_target(false);
                let json = json.with_current_span(false).with_span_list(false);
                let layer = layer.fmt_fields(JsonFields::new());
                layer
                    .event_format(Lines {
                        style: self,
                        inner: json,
                    })
                    .boxed()
            }
            (LogFormat::Text, false) => layer
                .event_format(Lines {
                    style: self,
                    inner: text,
                })
                .boxed(),
            (LogFormat::Text, true) => {
                let inner = text.without_time();
                layer.event_format(Lines { style: self, inner }).boxed()
            }
        };
        tracing_subscriber::registry()
            .with(filter)
            .with(lines)
            .init();
    }
}

/// What begins every line of an event with its urgency, where that is wanted.
struct Lines<F> {
    style: Style,
    inner: F,
}

impl<S, N, F> FormatEvent<S, N> for Lines<F>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
    F: FormatEvent<S, N>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let prefix = self.style.prefix(*event.metadata().level());
        if prefix.is_empty() {
            return self.inner.format_event(context, writer, event);
        }
        let mut text = String::new();
        self.inner
            .format_event(context, Writer::new(&mut text), event)?;
        // To the journal each is an entry of its own.
        text.lines()
            .try_for_each(|line| writeln!(writer, "{prefix}{line}"))
    }
}

/// What a line that is as urgent as an error begins with on standard error, if that leads to the journal.
pub fn error_prefix() -> &'static str {
    let style = Style {
        is_for_journal: leads_to_journal(&io::stderr()),
        ..Style::default()
    };
    style.prefix(Level::ERROR)
}

/// Whether systemd says that this is the way to its journal: by device and inode, since the variable is inherited by whoever
/// sends standard error elsewhere.
fn leads_to_journal(stderr: &Stderr) -> bool {
    let Ok(said) = std::env::var("JOURNAL_STREAM") else {
        return false;
    };
    let meta = stderr
        .as_fd()
        .try_clone_to_owned()
        .and_then(|fd| File::from(fd).metadata());
    meta.is_ok_and(|meta| said == format!("{}:{}", meta.dev(), meta.ino()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_its_own_looks_as_the_others_do() {
        let style = |format, is_for_journal| Style {
            format,
            in_colour: false,
            is_for_journal,
        };
        let text = style(LogFormat::Text, false).line(Level::INFO, "hello");
        assert_eq!(text, "hello\n");
        let text = style(LogFormat::Text, true).line(Level::WARN, "hello");
        assert_eq!(text, "<4>hello\n");
        for (is_for_journal, prefix) in [(false, ""), (true, "<3>")] {
            let line = style(LogFormat::Json, is_for_journal).line(Level::ERROR, "say \"x\"");
            let json = line.strip_prefix(prefix).expect("its urgency");
            let json: serde_json::Value = serde_json::from_str(json).expect("JSON");
            assert_eq!(
                (&json["level"], &json["message"]),
                (&json!("ERROR"), &json!("say \"x\""))
            );
            assert!(
                json["timestamp"]
                    .as_str()
                    .is_some_and(|time| time.ends_with('Z'))
            );
        }
    }
}
