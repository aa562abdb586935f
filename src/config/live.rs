//! The configuration that a running server goes by, which an operator can change.

use std::fmt::{self, Display, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use arc_swap::{ArcSwap, Guard};

use super::Config;
use super::options::{OPTIONS, OnReload, OptionRow};
use crate::time::rate::{AtomicPace, Pace};

/// The configuration in effect. Whoever needs a value asks for it then, and keeps none: it may be another the next time.
#[derive(Debug)]
pub struct LiveConfig {
    config: ArcSwap<Config>,
    // What is asked for each line that somebody types, where even a few nanoseconds would show.
    pace: AtomicPace,
    idle_seconds: AtomicU64,
}

impl LiveConfig {
    /// One that begins with `config`.
    pub fn new(config: Config) -> LiveConfig {
        LiveConfig {
            pace: AtomicPace::new(config.pace),
            idle_seconds: AtomicU64::new(idle_seconds(&config)),
            config: ArcSwap::from_pointee(config),
        }
    }

    /// The configuration as it is now, for the moment: this costs some ten nanoseconds and never waits. What is kept over
    /// an await is [`LiveConfig::snapshot`].
    pub fn get(&self) -> Guard<Arc<Config>> {
        self.config.load()
    }

    /// [`Config::pace`].
    pub fn pace(&self) -> Pace {
        self.pace.load()
    }

    /// [`Config::idle`].
    pub fn idle(&self) -> Option<Duration> {
        match self.idle_seconds.load(Ordering::Relaxed) {
            0 => None,
            seconds => Some(Duration::from_secs(seconds)),
        }
    }

    /// The configuration as it is now.
    pub fn snapshot(&self) -> Arc<Config> {
        self.config.load_full()
    }

    /// From now on it is `config`.
    pub fn set(&self, config: Arc<Config>) {
        self.pace.store(config.pace);
        self.idle_seconds
            .store(idle_seconds(&config), Ordering::Relaxed);
        self.config.store(config);
    }
}

/// After so many seconds a connection is closed; `0`: never.
fn idle_seconds(config: &Config) -> u64 {
    config.idle.map_or(0, |idle| idle.as_secs())
}

/// What came of reading the configuration anew: lines for the operator, and for the log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReloadReport {
    /// What is another way now, a line each: `max_rooms: 10 (was 5)`.
    pub changed: Vec<String>,
    /// Keys whose new values wait for a restart.
    pub waiting: Vec<&'static str>,
    /// What was not done all the same, a line each.
    pub warnings: Vec<String>,
}

impl Display for ReloadReport {
    /// A line for each change, or that there is none.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        for line in self.changed.iter().chain(&self.warnings) {
            let _ = writeln!(text, "{line}");
        }
        if !self.waiting.is_empty() {
            let _ = writeln!(text, "needs a restart: {}", self.waiting.join(", "));
        }
        match text.is_empty() {
            true => f.write_str("nothing has changed"),
            false => f.write_str(text.trim_end()),
        }
    }
}

impl Config {
    /// Takes over from `old`, which is in effect, what cannot change while the server runs, and reports all that is
    /// different.
    pub fn succeed(&mut self, old: &Config) -> ReloadReport {
        let mut report = ReloadReport::default();
        let is_same_data = self.options.data == old.options.data;
        // Other options are shown by it.
        self.data = old.data.clone();
        for row in OPTIONS {
            let (was, is) = (shown(row, old), shown(row, self));
            match row.on_reload {
                // Two URLs that look alike, since passwords are not shown.
                _ if was == is && row.name == "data" && !is_same_data => {
                    report.waiting.push(row.key);
                }
                _ if was == is => {}
                OnReload::Live => report
                    .changed
                    .push(format!("{}: {is} (was {was})", row.key)),
                OnReload::Restart => report.waiting.push(row.key),
            }
            if row.on_reload == OnReload::Restart {
                row.copy(&old.options, &mut self.options);
            }
        }
        if self.motd != old.motd && self.options.motd == old.options.motd {
            report.changed.push("motd: the file has changed".to_owned());
        }
        // It may be beside the data.
        self.certificate =
            super::find_certificate(&self.options).unwrap_or_else(|_| old.certificate.clone());
        self.admin = old.admin.clone();
        self.threads = old.threads;
        self.log_format = old.log_format;
        self.metrics.clone_from(&old.metrics);
        report
    }
}

/// What the option is, as the file has it.
fn shown(row: &OptionRow, config: &Config) -> String {
    let chosen = row.toml(&config.options);
    let value = chosen.or_else(|| config.derived(row.name));
    let value = value.or_else(|| row.default_toml());
    value.unwrap_or_else(|| "not set".to_owned())
}
