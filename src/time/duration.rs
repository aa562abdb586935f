//! Lengths of time as people write them: `30m`, `2h`, `7d`.

use std::time::Duration;

use jiff::SpanRelativeTo;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// Reads a length of time of a minute or more, as people write it: `30m`, `2h`, `7d`, `1h 59m`, `1d12h`.
pub fn parse_span(text: &str) -> Option<Duration> {
    // Signs, dots, and words such as "ago" are jiff's, and nobody means them here.
    let is_plain = text
        .chars()
        .all(|c| c.is_ascii_digit() || matches!(c.to_ascii_lowercase(), 'd' | 'h' | 'm' | ' '));
    let ends_with_unit = text.ends_with(|last: char| last.is_ascii_alphabetic());
    if !is_plain || !ends_with_unit {
        return None;
    }
    let span: jiff::Span = text.to_ascii_lowercase().parse().ok()?;
    let days = SpanRelativeTo::days_are_24_hours();
    let time: Duration = span.to_duration(days).ok()?.try_into().ok()?;
    (time.as_secs() >= MINUTE).then_some(time)
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
            ("1h 59m", Some("1h 59m")),
            ("1d12h", Some("1d 12h")),
            ("1d 2h 3m", Some("1d 2h")),
            ("1h 2", None),
            ("2h ago", None),
            ("+2h", None),
            ("mm", None),
            (" ", None),
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
