//! Lengths of time as people write them: `30m`, `2h`, `7d`.

use std::time::Duration;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// Reads a whole number of minutes, hours or days, at least 1: `30m`, `2h`, `7d`.
pub fn parse_span(text: &str) -> Option<Duration> {
    let unit = match text.chars().next_back()?.to_ascii_lowercase() {
        'm' => MINUTE,
        'h' => HOUR,
        'd' => DAY,
        _ => return None,
    };
    let number: u64 = text[..text.len() - 1].parse().ok()?;
    let seconds = number.checked_mul(unit)?;
    (seconds > 0).then(|| Duration::from_secs(seconds))
}

/// `2h`, or `1h 59m`: the two largest units, of at least a minute.
pub fn span(time: Duration) -> String {
    let minutes = time.as_secs().div_ceil(MINUTE).max(1);
    let parts = [
        (minutes / (DAY / MINUTE), 'd'),
        (minutes / 60 % 24, 'h'),
        (minutes % 60, 'm'),
    ];
    let mut parts = parts.into_iter().skip_while(|(number, _)| *number == 0);
    let first = parts.next().map(|(number, unit)| format!("{number}{unit}"));
    let second = parts.next().filter(|(number, _)| *number > 0);
    let second = second.map(|(number, unit)| format!("{number}{unit}"));
    first
        .into_iter()
        .chain(second)
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_and_shown() {
        for (typed, shown) in [
            ("30m", Some("30m")),
            ("2h", Some("2h")),
            ("2H", Some("2h")),
            ("7d", Some("7d")),
            ("90m", Some("1h 30m")),
            ("25h", Some("1d 1h")),
            ("1501m", Some("1d 1h")),
            ("1441m", Some("1d")),
            ("0m", None),
            ("2", None),
            ("h", None),
            ("-2h", None),
            ("2.5h", None),
            ("2ช", None),
            ("", None),
            ("99999999999999999999d", None),
            ("18446744073709551615m", None),
        ] {
            let read = parse_span(typed).map(span);
            assert_eq!(read.as_deref(), shown, "{typed}");
        }
        for (seconds, shown) in [(0, "1m"), (59, "1m"), (60, "1m"), (61, "2m"), (7199, "2h")] {
            assert_eq!(span(Duration::from_secs(seconds)), shown, "{seconds}");
        }
    }
}
