//! *Pure.* What somebody sets by commands, and what an account keeps of it.

use serde::{Deserialize, Deserializer, Serialize};

use crate::limits::WIDTH_COLUMNS;

/// How one connection wants things drawn, as far as its user decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Setting {
    /// Insert messages above the line being typed, on a terminal in line mode.
    Ansi(bool),
    /// Append-only, without colours, bells or repeated prompts.
    Plain(bool),
    /// Where rows are wrapped.
    Width(Width),
    /// Colour names and let mentions stand out.
    Color(bool),
    /// How the time of a message is shown.
    Times(Times),
    /// Messages of a while share one prompt, on a terminal that is only appended to.
    Dense(bool),
    /// What rings.
    Bell(Bell),
    /// The terminal's character set, by name.
    Charset(String),
    /// No notices and no advice.
    Quiet(bool),
    /// Private words of strangers are taken.
    Strangers(bool),
    /// The zone that times are shown in, by name or by its distance from UTC; `None`: the server's.
    Timezone(Option<String>),
}

/// A setting that somebody asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SettingName {
    /// [`Setting::Width`]
    Width,
    /// [`Setting::Color`]
    Color,
    /// [`Setting::Times`]
    Times,
    /// [`Setting::Bell`]
    Bell,
    /// [`Setting::Charset`]
    Charset,
    /// [`Setting::Strangers`]
    Strangers,
}

/// Where rows are wrapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "u16", into = "u16")]
pub enum Width {
    /// At so many columns, within [`WIDTH_COLUMNS`].
    Columns(u16),
    /// Nowhere: each line is one row.
    Off,
}

/// Stored as a number, in which 0 stands for `Off`.
impl From<u16> for Width {
    fn from(columns: u16) -> Width {
        match columns {
            0 => Width::Off,
            columns => Width::Columns(columns),
        }
    }
}

impl From<Width> for u16 {
    fn from(width: Width) -> u16 {
        match width {
            Width::Off => 0,
            Width::Columns(columns) => columns,
        }
    }
}

/// How the time of a message is shown in a transcript.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Times {
    /// Not at all.
    Off,
    /// `[14:30]`
    Short,
    /// `[14:30:01]`
    #[default]
    Full,
}

/// What rings a terminal's bell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Bell {
    /// Nothing.
    #[default]
    Off,
    /// One's name, and private words.
    Mention,
    /// Whatever others say.
    All,
}

/// What somebody has set by commands, to be set again when the name comes back. What was never set is left
/// to whatever the client is.
///
/// Stored as JSON, in which what is unknown or makes no sense is passed over, so that files and programs of
/// different versions get along.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Messages are inserted above the line being typed.
    #[serde(deserialize_with = "lenient", skip_serializing_if = "Option::is_none")]
    pub ansi: Option<bool>,
    /// Append-only drawing.
    #[serde(deserialize_with = "lenient", skip_serializing_if = "Option::is_none")]
    pub plain: Option<bool>,
    /// Where rows are wrapped.
    #[serde(deserialize_with = "lenient", skip_serializing_if = "Option::is_none")]
    pub width: Option<Width>,
    /// Colours of names and mentions.
    #[serde(deserialize_with = "lenient", skip_serializing_if = "Option::is_none")]
    pub color: Option<bool>,
    /// How times are shown.
    #[serde(deserialize_with = "lenient", skip_serializing_if = "Option::is_none")]
    pub times: Option<Times>,
    /// Messages of a while share one prompt.
    #[serde(deserialize_with = "lenient", skip_serializing_if = "Option::is_none")]
    pub dense: Option<bool>,
    /// What rings.
    #[serde(deserialize_with = "lenient", skip_serializing_if = "Option::is_none")]
    pub bell: Option<Bell>,
    /// The terminal's character set.
    #[serde(deserialize_with = "lenient", skip_serializing_if = "Option::is_none")]
    pub charset: Option<String>,
    /// No notices and no advice.
    #[serde(deserialize_with = "lenient", skip_serializing_if = "Option::is_none")]
    pub quiet: Option<bool>,
    /// Private words of strangers are taken.
    #[serde(deserialize_with = "lenient", skip_serializing_if = "Option::is_none")]
    pub strangers: Option<bool>,
    /// The zone that times are shown in.
    #[serde(deserialize_with = "lenient", skip_serializing_if = "Option::is_none")]
    pub timezone: Option<String>,
    /// The names of those whom the bearer ignores.
    #[serde(deserialize_with = "lenient", skip_serializing_if = "Option::is_none")]
    pub ignores: Option<Vec<String>>,
}

/// A value, or nothing where it is of another type than this program knows.
fn lenient<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: serde::de::DeserializeOwned,
{
    let value = serde_json::Value::deserialize(deserializer)?;
    Ok(serde_json::from_value(value).ok())
}

impl Settings {
    /// Reads what a store has kept.
    pub fn from_json(json: &str) -> Settings {
        serde_json::from_str(json).unwrap_or_default()
    }

    /// What a store is to keep.
    pub fn to_json(&self) -> String {
        // Options of plain values always have a form.
        serde_json::to_string(self).unwrap_or_else(|_| "{}".to_owned())
    }

    /// Notes what was set.
    pub fn note(&mut self, setting: &Setting) {
        match setting {
            Setting::Ansi(on) => {
                self.ansi = Some(*on);
                self.plain = None;
            }
            // It decides on all of these.
            Setting::Plain(on) => {
                self.plain = on.then_some(true);
                (self.ansi, self.color, self.bell) = (None, None, None);
            }
            Setting::Width(width) => self.width = Some(*width),
            Setting::Color(on) => self.color = Some(*on),
            Setting::Times(times) => self.times = Some(*times),
            Setting::Dense(on) => self.dense = Some(*on),
            Setting::Bell(bell) => self.bell = Some(*bell),
            Setting::Charset(name) => self.charset = Some(name.clone()),
            Setting::Quiet(on) => self.quiet = Some(*on),
            Setting::Strangers(on) => self.strangers = Some(*on),
            Setting::Timezone(name) => self.timezone = name.clone(),
        }
    }

    /// What is to be set when the name comes back, in an order in which nothing undoes what was set before.
    pub fn all(&self) -> Vec<Setting> {
        let width = self.width.filter(|width| match width {
            Width::Columns(columns) => WIDTH_COLUMNS.contains(columns),
            Width::Off => true,
        });
        [
            self.plain.map(Setting::Plain),
            self.ansi.map(Setting::Ansi),
            self.color.map(Setting::Color),
            self.times.map(Setting::Times),
            self.dense.map(Setting::Dense),
            self.bell.map(Setting::Bell),
            width.map(Setting::Width),
            self.charset.clone().map(Setting::Charset),
            self.quiet.map(Setting::Quiet),
            self.strangers.map(Setting::Strangers),
            self.timezone
                .clone()
                .map(|name| Setting::Timezone(Some(name))),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    /// Takes over what is set in `other`.
    pub fn overlay(&mut self, other: &Settings) {
        for setting in other.all() {
            self.note(&setting);
        }
        if other.ignores.is_some() {
            self.ignores.clone_from(&other.ignores);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_come_back_as_they_were_noted() {
        let mut settings = Settings::default();
        assert_eq!(settings.to_json(), "{}");
        for setting in [
            Setting::Ansi(true),
            Setting::Color(false),
            Setting::Times(Times::Short),
            Setting::Width(Width::Columns(120)),
            Setting::Charset("CP437".to_owned()),
            Setting::Quiet(true),
            Setting::Timezone(Some("Asia/Bangkok".to_owned())),
        ] {
            settings.note(&setting);
        }
        let read = Settings::from_json(&settings.to_json());
        assert_eq!(read, settings);
        assert_eq!(
            read.all(),
            [
                Setting::Ansi(true),
                Setting::Color(false),
                Setting::Times(Times::Short),
                Setting::Width(Width::Columns(120)),
                Setting::Charset("CP437".to_owned()),
                Setting::Quiet(true),
                Setting::Timezone(Some("Asia/Bangkok".to_owned())),
            ]
        );
        settings.note(&Setting::Quiet(false));
        settings.note(&Setting::Timezone(None));
        settings.note(&Setting::Width(Width::Off));
        settings.note(&Setting::Plain(true));
        assert_eq!(
            settings.all(),
            [
                Setting::Plain(true),
                Setting::Times(Times::Short),
                Setting::Width(Width::Off),
                Setting::Charset("CP437".to_owned()),
                Setting::Quiet(false)
            ]
        );
        settings.note(&Setting::Plain(false));
        settings.note(&Setting::Bell(Bell::All));
        let mut other = Settings::default();
        other.note(&Setting::Color(false));
        other.overlay(&settings);
        assert_eq!(
            other.all(),
            [
                Setting::Color(false),
                Setting::Times(Times::Short),
                Setting::Bell(Bell::All),
                Setting::Width(Width::Off),
                Setting::Charset("CP437".to_owned()),
                Setting::Quiet(false)
            ]
        );
    }

    #[test]
    fn settings_of_another_version_lose_only_what_is_unknown() {
        let json = r#"{"width":80,"color":"sepia","bell":"mention","font":"serif","charset":7}"#;
        let expected = [
            Setting::Bell(Bell::Mention),
            Setting::Width(Width::Columns(80)),
        ];
        assert_eq!(Settings::from_json(json).all(), expected);
        for nonsense in [
            "",
            "[]",
            "null",
            "{",
            r#"{"bell":"gong"}"#,
            r#"{"width":70000}"#,
            r#"{"width":3}"#,
        ] {
            assert_eq!(Settings::from_json(nonsense).all(), [], "{nonsense}");
        }
    }
}
