//! Time zones by name. Their names and rules are read from this machine's database, or from the built-in one.

use jiff::tz::TimeZone;

use crate::time::local;

/// The zone called `words`: an IANA name in any case, such as `Asia/Bangkok`, or a UTC offset such as `+07:00`;
/// `None` if there is none.
pub fn named(words: &str) -> Option<TimeZone> {
    if let Some(zone) = local::zone_by_offset(words) {
        return Some(zone);
    }
    TimeZone::get(words).ok().filter(|zone| !zone.is_unknown())
}

/// The names of all zones, and `off`, which stands for the server's.
pub fn names() -> Vec<String> {
    let zones = jiff::tz::db().available();
    zones
        .map(|zone| zone.to_string())
        .chain(["off".to_owned()])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Timestamp;

    #[test]
    fn a_zone_is_found_by_name_or_by_distance() {
        let table = [
            ("Asia/Bangkok", Some("Asia/Bangkok")),
            ("europe/LISBON", Some("Europe/Lisbon")),
            ("UTC", Some("UTC")),
            ("utc", Some("UTC")),
            ("+07:00", Some("UTC+07:00")),
            ("Bangkok", None),
            ("Etc/Unknown", None),
            ("../../etc/passwd", None),
            ("/etc/localtime", None),
            ("Asia", None),
            ("+99", None),
            ("", None),
        ];
        for (words, expected) in table {
            let name = named(words).map(|zone| local::zone_name(&zone, Timestamp(0)));
            assert_eq!(name.as_deref(), expected, "{words:?}");
        }
    }
}
