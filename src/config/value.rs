//! What one option can be set to: read from text (a flag, a variable) and from TOML, and written as both.

use std::path::PathBuf;

use toml::de::DeValue;
use tracing::level_filters::LevelFilter;

use crate::store::Durability;
use crate::store::place::DataPlace;

/// How a value is written in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// In quotation marks.
    Text,
    /// A number without a fraction.
    Whole,
    /// A number.
    Number,
    /// `true` or `false`.
    Switch,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Kind::Text => "text in quotation marks",
            Kind::Whole => "a whole number",
            Kind::Number => "a number",
            Kind::Switch => "true or false",
        }
    }
}

/// A type that an option can have.
pub trait Value: Sized {
    /// How it is written in the file.
    const KIND: Kind;

    /// Reads it as a flag or a variable has it, and the file between its quotation marks, if any. The error says what
    /// to write instead.
    fn read(text: &str) -> Result<Self, String>;

    /// Writes it so that [`Value::read`] gives it back, but for a password.
    fn text(&self) -> String;
}

/// Values that are one of a few words.
macro_rules! words {
    ($type:ty: $wrong:literal, $($word:literal => $value:path),* $(,)?) => {
        impl $crate::config::value::Value for $type {
            const KIND: $crate::config::value::Kind = $crate::config::value::Kind::Text;

            fn read(text: &str) -> Result<$type, String> {
                match text {
                    $($word => Ok($value),)*
                    _ => Err($wrong.to_owned()),
                }
            }

            fn text(&self) -> String {
                let word = match *self {
                    $($value => $word,)*
                };
                word.to_owned()
            }
        }
    };
}
pub(crate) use words;

/// [`Value::read`] as argh takes it.
pub fn read<T: Value>(text: &str) -> Result<T, String> {
    T::read(text)
}

/// The field of an option in [`Options`](super::Options): at most one value, or a list of them.
pub trait Field {
    /// Sets it to what a flag or a variable says. A list has blanks between its items there.
    fn set_text(&mut self, text: &str) -> Result<(), String>;

    /// Sets it to what the file says.
    fn set_toml(&mut self, value: &DeValue<'_>) -> Result<(), String>;

    /// As a flag or a variable has it; `None` if it is not set.
    fn text(&self) -> Option<String>;

    /// As the file has it; `None` if it is not set.
    fn toml(&self) -> Option<String>;
}

impl<T: Value> Field for Option<T> {
    fn set_text(&mut self, text: &str) -> Result<(), String> {
        *self = Some(T::read(text)?);
        Ok(())
    }

    fn set_toml(&mut self, value: &DeValue<'_>) -> Result<(), String> {
        *self = Some(read_toml(value)?);
        Ok(())
    }

    fn text(&self) -> Option<String> {
        self.as_ref().map(T::text)
    }

    fn toml(&self) -> Option<String> {
        self.as_ref().map(write_toml)
    }
}

impl<T: Value> Field for Vec<T> {
    fn set_text(&mut self, text: &str) -> Result<(), String> {
        *self = text
            .split_whitespace()
            .map(T::read)
            .collect::<Result<_, _>>()?;
        Ok(())
    }

    fn set_toml(&mut self, value: &DeValue<'_>) -> Result<(), String> {
        let items = value
            .as_array()
            .ok_or("give a list, such as [\"one\", \"two\"]")?;
        let items = items.iter().map(|item| read_toml(item.get_ref()));
        *self = items.collect::<Result<_, _>>()?;
        Ok(())
    }

    fn text(&self) -> Option<String> {
        let items: Vec<String> = self.iter().map(T::text).collect();
        (!items.is_empty()).then(|| items.join(" "))
    }

    fn toml(&self) -> Option<String> {
        let items: Vec<String> = self.iter().map(write_toml).collect();
        (!items.is_empty()).then(|| format!("[{}]", items.join(", ")))
    }
}

fn read_toml<T: Value>(value: &DeValue<'_>) -> Result<T, String> {
    match (T::KIND, value) {
        (Kind::Text, DeValue::String(text)) => T::read(text),
        (Kind::Whole | Kind::Number, DeValue::Integer(number)) => {
            let (digits, radix) = (number.as_str(), number.radix());
            let number = i128::from_str_radix(digits, radix).map_err(|error| error.to_string())?;
            T::read(&number.to_string())
        }
        (Kind::Number, DeValue::Float(number)) => T::read(number.as_str()),
        (Kind::Switch, DeValue::Boolean(is_on)) => T::read(&is_on.to_string()),
        (kind, _) => Err(format!("give {}", kind.name())),
    }
}

fn write_toml<T: Value>(value: &T) -> String {
    match T::KIND {
        Kind::Text => quoted(&value.text()),
        Kind::Whole | Kind::Number | Kind::Switch => value.text(),
    }
}

/// A basic string of TOML.
pub(super) fn quoted(text: &str) -> String {
    let mut quoted = String::from('"');
    for letter in text.chars() {
        match letter {
            '"' | '\\' => quoted.extend(['\\', letter]),
            _ if letter.is_control() => quoted.push_str(&format!("\\u{:04X}", u32::from(letter))),
            _ => quoted.push(letter),
        }
    }
    quoted.push('"');
    quoted
}

/// Numbers without a fraction, of a range that is told.
macro_rules! whole_numbers {
    ($($type:ty)*) => {$(
        impl Value for $type {
            const KIND: Kind = Kind::Whole;

            fn read(text: &str) -> Result<$type, String> {
                text.parse().map_err(|_| {
                    match !text.is_empty() && text.bytes().all(|digit| digit.is_ascii_digit()) {
                        true => format!("at most {} is allowed", <$type>::MAX),
                        false => "give a whole number, 0 or more".to_owned(),
                    }
                })
            }

            fn text(&self) -> String {
                self.to_string()
            }
        }
    )*};
}

whole_numbers! { u32 u64 usize }

impl Value for f64 {
    const KIND: Kind = Kind::Number;

    fn read(text: &str) -> Result<f64, String> {
        text.parse()
            .map_err(|_| "give a number, such as 2 or 0.5".to_owned())
    }

    fn text(&self) -> String {
        self.to_string()
    }
}

impl Value for bool {
    const KIND: Kind = Kind::Switch;

    fn read(text: &str) -> Result<bool, String> {
        match text {
            "true" | "1" | "yes" => Ok(true),
            "false" | "0" | "no" => Ok(false),
            _ => Err("give true or false".to_owned()),
        }
    }

    fn text(&self) -> String {
        self.to_string()
    }
}

impl Value for String {
    const KIND: Kind = Kind::Text;

    fn read(text: &str) -> Result<String, String> {
        Ok(text.to_owned())
    }

    fn text(&self) -> String {
        self.clone()
    }
}

impl Value for PathBuf {
    const KIND: Kind = Kind::Text;

    fn read(text: &str) -> Result<PathBuf, String> {
        match text {
            "" => Err("give the path of a file".to_owned()),
            path => Ok(PathBuf::from(path)),
        }
    }

    fn text(&self) -> String {
        self.display().to_string()
    }
}

impl Value for DataPlace {
    const KIND: Kind = Kind::Text;

    /// Whatever is wrong with a URL is found later: whoever says so here shows what was given, and there may be a password
    /// in it.
    fn read(text: &str) -> Result<DataPlace, String> {
        match text {
            "" => Err("give the path of a file, or postgres://...".to_owned()),
            text => Ok(DataPlace::new(text)),
        }
    }

    fn text(&self) -> String {
        self.to_string()
    }
}

words! { Durability: "give normal or full",
    "normal" => Durability::Normal,
    "full" => Durability::Full,
}

impl Value for LevelFilter {
    const KIND: Kind = Kind::Text;

    fn read(text: &str) -> Result<LevelFilter, String> {
        let wrong = || "give off, error, warn, info, debug or trace".to_owned();
        text.parse().map_err(|_| wrong())
    }

    fn text(&self) -> String {
        self.to_string()
    }
}
