//! *Pure.* Local time and dates in a time zone.

use std::fmt::{self, Write as _};

use jiff::tz::{Offset, TimeZone};
use jiff::{ToSpan, civil};

use crate::time::Timestamp;

/// Formats times as `HH:MM:SS`, and remembers the last one: most of them are in the same second, and asking the time
/// zone takes longer than all the rest of drawing a line.
#[derive(Debug)]
pub struct TimeFormatter<'a> {
    zone: &'a TimeZone,
    second: Option<i64>,
    shown: String,
    date: civil::Date,
    /// The date of the last time formatted.
    page: Option<civil::Date>,
}

impl<'a> TimeFormatter<'a> {
    /// A formatter for `zone`.
    pub fn new(zone: &'a TimeZone) -> Self {
        TimeFormatter {
            zone,
            second: None,
            shown: String::new(),
            date: civil::Date::default(),
            page: None,
        }
    }

    /// A formatter for `zone` that begins on the date of `time`.
    pub fn with_day(zone: &'a TimeZone, time: Timestamp) -> Self {
        let mut times = TimeFormatter::new(zone);
        times.new_date(time);
        times
    }

    /// `14:30:01`
    pub fn time_of_day(&mut self, time: Timestamp) -> &str {
        self.set(time);
        &self.shown
    }

    /// `14:30`
    pub fn hour_and_minute(&mut self, time: Timestamp) -> &str {
        let shown = self.time_of_day(time);
        shown.rsplit_once(':').map_or(shown, |(minute, _)| minute)
    }

    /// The date of `time`, if it differs from the date of the time before.
    pub fn new_date(&mut self, time: Timestamp) -> Option<civil::Date> {
        self.set(time);
        let before = self.page.replace(self.date);
        before.filter(|before| *before != self.date)?;
        self.page
    }

    fn set(&mut self, time: Timestamp) {
        let second = time.0.div_euclid(1000);
        if self.second != Some(second) {
            self.second = Some(second);
            self.shown.clear();
            let local = local(time, self.zone);
            self.date = local.date();
            let (hour, minute, second) = (local.hour(), local.minute(), local.second());
            let written = write!(self.shown, "{hour:02}:{minute:02}:{second:02}");
            debug_assert!(written.is_ok(), "a String takes all that is written to it");
        }
    }
}

/// An interval with a constant local date and UTC offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Day {
    /// The date.
    pub date: civil::Date,
    /// The UTC offset in seconds, positive east of Greenwich.
    pub offset_s: i32,
    from: Timestamp,
    until: Timestamp,
}

impl Day {
    /// The interval around `time` in `zone`.
    pub fn of(time: Timestamp, zone: &TimeZone) -> Day {
        let stamp = stamp(time);
        let date = zone.to_datetime(stamp).date();
        let begin =
            |date: civil::Date| zone.to_timestamp(date.to_datetime(civil::Time::midnight()));
        let tomorrow = date.tomorrow().and_then(begin).ok();
        // The clocks may have changed at this very moment.
        let next = stamp.saturating_add(1.nanosecond()).unwrap_or(stamp);
        let changed = zone.preceding(next).next().map(|change| change.timestamp());
        let changes = zone
            .following(stamp)
            .next()
            .map(|change| change.timestamp());
        let from = [begin(date).ok(), changed].into_iter().flatten().max();
        let until = [tomorrow, changes].into_iter().flatten().min();
        Day {
            date,
            offset_s: zone.to_offset(stamp).seconds(),
            from: Timestamp(from.map_or(i64::MIN, jiff::Timestamp::as_millisecond)),
            until: Timestamp(until.map_or(i64::MAX, jiff::Timestamp::as_millisecond)),
        }
    }
}

/// Tracks the [`Day`] of what a transcript has shown last, to notice when the date changes.
#[derive(Clone, Copy, Debug)]
pub struct DayTracker {
    until: Timestamp,
    /// The length of the interval; no local day is too long for it. `0`: nothing was shown yet.
    length_ms: u32,
    offset_s: i32,
}

impl Default for DayTracker {
    fn default() -> Self {
        DayTracker {
            until: Timestamp(0),
            length_ms: 0,
            offset_s: 0,
        }
    }
}

impl DayTracker {
    /// Moves to the day of `time`. Returns its date if something was shown before that has another date.
    pub fn turn(&mut self, time: Timestamp, zone: &TimeZone) -> Option<civil::Date> {
        if self.holds(time) {
            return None;
        }
        let day = Day::of(time, zone);
        let is_blank = self.length_ms == 0;
        let before = local(self.from(), zone).date();
        self.show(&day);
        (!is_blank && before != day.date).then_some(day.date)
    }

    /// Moves to the day of `time` without a notice.
    pub fn set(&mut self, time: Timestamp, zone: &TimeZone) {
        let _ = self.turn(time, zone);
    }

    /// Switches to `zone`.
    pub fn set_zone(&mut self, now: Timestamp, zone: &TimeZone) {
        if self.length_ms > 0 {
            self.show(&Day::of(now, zone));
        }
    }

    /// The UTC offset in seconds, if it does not change between the day shown and `last`.
    pub fn offset_s(&self, last: Timestamp, zone: &TimeZone) -> Option<i32> {
        let goes_on = || {
            let next = Day::of(last, zone);
            self.until == next.from && self.offset_s == next.offset_s
        };
        (self.holds(last) || goes_on()).then_some(self.offset_s)
    }

    fn show(&mut self, day: &Day) {
        let length_ms = day.until.0.saturating_sub(day.from.0);
        *self = DayTracker {
            until: day.until,
            length_ms: u32::try_from(length_ms).unwrap_or(u32::MAX),
            offset_s: day.offset_s,
        };
    }

    fn from(&self) -> Timestamp {
        Timestamp(self.until.0.saturating_sub(self.length_ms.into()))
    }

    fn holds(&self, time: Timestamp) -> bool {
        (self.from()..self.until).contains(&time)
    }
}

/// `2026-11-20 14:30:01` in `zone`.
pub fn date_and_time(time: Timestamp, zone: &TimeZone) -> impl fmt::Display {
    local(time, zone).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// `14:30:01` in `zone`.
pub fn time_of_day(time: Timestamp, zone: &TimeZone) -> String {
    TimeFormatter::new(zone).time_of_day(time).to_owned()
}

/// The name of a zone, or its UTC offset at `time` if it has none.
pub fn zone_name(zone: &TimeZone, time: Timestamp) -> String {
    match zone.iana_name() {
        Some(name) => name.to_owned(),
        None => format!("UTC{}", offset_text(zone.to_offset(stamp(time)))),
    }
}

/// `+07:00`, or `+07:00:30` where the offset has seconds.
fn offset_text(offset: Offset) -> String {
    let sign = if offset.is_negative() { '-' } else { '+' };
    let seconds = offset.seconds().unsigned_abs();
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match seconds {
        0 => format!("{sign}{hours:02}:{minutes:02}"),
        _ => format!("{sign}{hours:02}:{minutes:02}:{seconds:02}"),
    }
}

/// The zone with the UTC offset `words`: `+7`, `-03`, `+05:30`, `+0545`, with or without `UTC` in front.
pub fn zone_by_offset(words: &str) -> Option<TimeZone> {
    let words = match words.get(..3) {
        Some(utc) if utc.eq_ignore_ascii_case("utc") => &words[3..],
        _ => words,
    };
    let sign = match words.chars().next()? {
        '+' => 1,
        '-' => -1,
        _ => return None,
    };
    let digits = &words[1..];
    let (hours, minutes) = match digits.split_once(':') {
        Some((hours, minutes)) => (hours, minutes),
        None if digits.is_ascii() && digits.len() == 4 => digits.split_at(2),
        None => (digits, "00"),
    };
    let number = |text: &str, most: i32| -> Option<i32> {
        let is_number = (1..=2).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        let number = text.parse().ok().filter(|_| is_number)?;
        (number <= most).then_some(number)
    };
    // The largest offset in use is Kiribati's, 14 hours ahead.
    let (hours, minutes) = (number(hours, 14)?, number(minutes, 59)?);
    let offset = Offset::from_seconds(sign * (hours * 3600 + minutes * 60)).ok()?;
    Some(TimeZone::fixed(offset))
}

/// The end of the day or minute written as `2026-11-20`, `14:30` (today) or `2026-11-20 14:30` in `zone`; `None` if
/// it is none of these.
pub fn end_of(words: &str, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
    let end = if let Ok(date) = words.parse::<civil::Date>() {
        date.tomorrow().ok()?.to_datetime(civil::Time::midnight())
    } else {
        let (date, time) = words.split_once(' ').unwrap_or(("", words));
        let date = match date {
            "" => local(now, zone).date(),
            date => date.parse().ok()?,
        };
        let time = civil::Time::strptime("%H:%M", time).ok()?;
        date.to_datetime(time).checked_add(1.minute()).ok()?
    };
    let end = zone.to_timestamp(end).ok()?;
    Some(Timestamp(end.as_millisecond()))
}

fn local(time: Timestamp, zone: &TimeZone) -> civil::DateTime {
    zone.to_datetime(stamp(time))
}

fn stamp(time: Timestamp) -> jiff::Timestamp {
    // Out of jiff's range only if the machine's clock is thousands of years off.
    jiff::Timestamp::from_millisecond(time.0).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone(name: &str) -> TimeZone {
        TimeZone::get(name).expect("a zone")
    }

    #[test]
    fn a_day_or_a_minute_ends_where_its_zone_says() {
        let zone = zone("Asia/Bangkok");
        let now = Timestamp(1_795_000_000_000); // 2026-11-18 20:06:40 there
        let table = [
            ("2026-11-17", Some("2026-11-18 00:00:00")),
            ("14:30", Some("2026-11-18 14:31:00")),
            ("2026-11-17 23:59", Some("2026-11-18 00:00:00")),
            ("yesterday", None),
            ("25:00", None),
            ("", None),
        ];
        for (words, expected) in table {
            let end = end_of(words, now, &zone).map(|end| date_and_time(end, &zone).to_string());
            assert_eq!(end.as_deref(), expected, "{words:?}");
        }
    }

    #[test]
    fn a_zone_may_be_given_by_how_far_it_is_from_utc() {
        let table = [
            ("+07:00", Some("UTC+07:00")),
            ("+7", Some("UTC+07:00")),
            ("-3", Some("UTC-03:00")),
            ("-03", Some("UTC-03:00")),
            ("+0545", Some("UTC+05:45")),
            ("utc+5:30", Some("UTC+05:30")),
            ("UTC-0:30", Some("UTC-00:30")),
            ("+14:00", Some("UTC+14:00")),
            ("+15", None),
            ("+7:60", None),
            ("+7:+5", None),
            ("7", None),
            ("+", None),
            ("+123", None),
            ("+1:2:3", None),
            ("+ดี", None),
            ("UTC", None),
            ("", None),
        ];
        for (words, expected) in table {
            let name = zone_by_offset(words).map(|zone| zone_name(&zone, Timestamp(0)));
            assert_eq!(name.as_deref(), expected, "{words:?}");
        }
    }

    #[test]
    fn a_zone_is_called_by_its_name_if_it_has_one() {
        let posix = TimeZone::posix("EST5EDT,M3.2.0,M11.1.0").expect("a zone");
        let (january, july) = (Timestamp(1_768_000_000_000), Timestamp(1_783_000_000_000));
        let table = [
            (zone("asia/bangkok"), january, "Asia/Bangkok"),
            (TimeZone::UTC, january, "UTC"),
            (posix.clone(), january, "UTC-05:00"),
            (posix, july, "UTC-04:00"),
        ];
        for (zone, time, name) in table {
            assert_eq!(zone_name(&zone, time), name);
        }
    }

    /// Zone, time, date, offset in hours, from, until.
    const DAYS: &[(&str, &str, &str, i32, &str, &str)] = &[
        (
            "UTC",
            "2026-11-22T21:30:00Z",
            "2026-11-22",
            0,
            "2026-11-22T00:00:00Z",
            "2026-11-23T00:00:00Z",
        ),
        (
            "UTC",
            "2026-11-22T00:00:00Z",
            "2026-11-22",
            0,
            "2026-11-22T00:00:00Z",
            "2026-11-23T00:00:00Z",
        ),
        (
            "Asia/Bangkok",
            "2026-11-22T21:30:00Z",
            "2026-11-23",
            7,
            "2026-11-22T17:00:00Z",
            "2026-11-23T17:00:00Z",
        ),
        // In summer time from 02:00 on.
        (
            "Europe/Paris",
            "2026-03-29T00:59:59Z",
            "2026-03-29",
            1,
            "2026-03-28T23:00:00Z",
            "2026-03-29T01:00:00Z",
        ),
        (
            "Europe/Paris",
            "2026-03-29T01:00:00Z",
            "2026-03-29",
            2,
            "2026-03-29T01:00:00Z",
            "2026-03-29T22:00:00Z",
        ),
        // There is no midnight, and the day begins at one.
        (
            "Asia/Beirut",
            "2026-03-28T22:00:00Z",
            "2026-03-29",
            3,
            "2026-03-28T22:00:00Z",
            "2026-03-29T21:00:00Z",
        ),
        // There is no 2011-12-30.
        (
            "Pacific/Apia",
            "2011-12-30T09:59:59Z",
            "2011-12-29",
            -10,
            "2011-12-29T10:00:00Z",
            "2011-12-30T10:00:00Z",
        ),
        (
            "Pacific/Apia",
            "2011-12-30T10:00:00Z",
            "2011-12-31",
            14,
            "2011-12-30T10:00:00Z",
            "2011-12-31T10:00:00Z",
        ),
    ];

    #[test]
    fn a_day_ends_at_midnight_or_when_the_clocks_are_changed() {
        let at = |text: &str| {
            let time: jiff::Timestamp = text.parse().expect("a time");
            Timestamp(time.as_millisecond())
        };
        for &(name, time, date, hours, from, until) in DAYS {
            let day = Day::of(at(time), &zone(name));
            let expected = Day {
                date: date.parse().expect("a date"),
                offset_s: hours * 3600,
                from: at(from),
                until: at(until),
            };
            assert_eq!(day, expected, "{name} {time}");
            let mut tracker = DayTracker::default();
            assert!(!tracker.holds(at(time)));
            tracker.show(&day);
            for (time, is_held) in [(time, true), (from, true), (until, false)] {
                assert_eq!(tracker.holds(at(time)), is_held, "{name} {time}");
            }
        }
    }

    #[test]
    fn a_calendar_tells_where_the_date_changes() {
        let bangkok = zone("Asia/Bangkok");
        let at = |text: &str| {
            let time: jiff::Timestamp = text.parse().expect("a time");
            Timestamp(time.as_millisecond())
        };
        let table = [
            // Nothing was shown before.
            ("2026-11-22T16:59:58Z", None),
            ("2026-11-22T16:59:59.999Z", None),
            ("2026-11-22T17:00:00Z", Some("2026-11-23")),
            ("2026-11-23T12:00:00Z", None),
            ("2026-11-25T12:00:00Z", Some("2026-11-25")),
            // The machine's clock was put back.
            ("2026-11-24T12:00:00Z", Some("2026-11-24")),
        ];
        let mut day = DayTracker::default();
        for (time, date) in table {
            let told = day.turn(at(time), &bangkok);
            assert_eq!(told.map(|date| date.to_string()).as_deref(), date, "{time}");
        }
        day.set_zone(at("2026-11-24T23:00:00Z"), &TimeZone::UTC);
        assert_eq!(day.turn(at("2026-11-24T23:59:59Z"), &TimeZone::UTC), None);
        assert!(
            day.turn(at("2026-11-25T00:00:00Z"), &TimeZone::UTC)
                .is_some()
        );
        // The clocks change within a day: the date stays, so there is no notice.
        let paris = zone("Europe/Paris");
        let mut day = DayTracker::default();
        for time in ["2026-03-29T00:00:00Z", "2026-03-29T12:00:00Z"] {
            assert_eq!(day.turn(at(time), &paris), None);
        }
        assert_eq!(day.offset_s(at("2026-03-29T21:59:59Z"), &paris), Some(7200));
        assert_eq!(day.offset_s(at("2026-03-30T21:59:59Z"), &paris), Some(7200));
        // The two days are not adjacent, so the offset between them is unknown.
        assert_eq!(day.offset_s(at("2026-03-31T12:00:00Z"), &paris), None);
        let mut day = DayTracker::default();
        day.set(at("2026-03-29T00:00:00Z"), &paris);
        assert_eq!(day.offset_s(at("2026-03-29T00:59:59Z"), &paris), Some(3600));
        assert_eq!(day.offset_s(at("2026-03-29T01:00:00Z"), &paris), None);
        // A time outside every calendar is no reason to panic.
        for time in [i64::MIN, 0, i64::MAX, 0] {
            day.set(Timestamp(time), &paris);
        }
    }
}
