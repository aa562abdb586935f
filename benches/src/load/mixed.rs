//! *Pure.* A crowd in which not everybody is alike: zones, names, and whom people ignore.

use std::time::Duration;

/// Who mentions others.
pub(crate) const CHATTER: &str = "chatter";

/// How often it does.
pub(crate) const MENTION_EVERY: Duration = Duration::from_millis(250);

/// People that are mentioned at once.
const MENTIONED: usize = 3;

/// One in so many members ignores [`CHATTER`].
const IGNORE_EVERY: usize = 20;

/// A dozen zones, no two of which show the same time.
const ZONES: [&str; 12] = [
    "Pacific/Honolulu",
    "America/Los_Angeles",
    "America/New_York",
    "America/Sao_Paulo",
    "Atlantic/Cape_Verde",
    "Africa/Lagos",
    "Africa/Nairobi",
    "Asia/Karachi",
    "Asia/Kathmandu",
    "Asia/Bangkok",
    "Asia/Tokyo",
    "Pacific/Kiritimati",
];

/// How a member is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taste {
    /// As everybody in other cases; ignoring the chatter or not.
    Usual,
    /// Speaks of others.
    Chatter,
    /// Sees times of this zone; ignores the chatter or not.
    Zone(&'static str, bool),
    /// Has a name that rings the bell; ignores the chatter or not.
    Name(bool),
    /// As everybody else but for ignoring the chatter.
    Ignores,
}

impl Taste {
    /// The member at `place` of a room in which the first are `senders`, and the next is the chatter.
    pub(crate) fn of(place: usize, senders: usize) -> Taste {
        let ignores = place.is_multiple_of(IGNORE_EVERY);
        match place.checked_sub(senders) {
            None => Taste::Usual,
            Some(0) => Taste::Chatter,
            Some(_) => match place % 3 {
                0 => Taste::Zone(ZONES[place / 3 % ZONES.len()], ignores),
                1 => Taste::Name(ignores),
                _ if ignores => Taste::Ignores,
                _ => Taste::Usual,
            },
        }
    }

    /// It has a name.
    pub(crate) fn is_named(self) -> bool {
        matches!(self, Taste::Chatter | Taste::Name(_))
    }

    /// What it types at the menu.
    pub(crate) fn settings(self) -> Vec<String> {
        let (setting, ignores) = match self {
            Taste::Usual | Taste::Chatter => (None, false),
            Taste::Zone(zone, ignores) => (Some(format!("\\timezone {zone}")), ignores),
            Taste::Name(ignores) => (Some("\\bell mention".to_owned()), ignores),
            Taste::Ignores => (None, true),
        };
        let ignore = ignores.then(|| format!("\\ignore {CHATTER}"));
        setting.into_iter().chain(ignore).collect()
    }
}

/// The line that mentions some of the `members` from `first` on, others each time.
pub(crate) fn mention(number: usize, first: usize, members: usize) -> String {
    let mut line = "hello".to_owned();
    for nth in 0..MENTIONED {
        let named = (number * MENTIONED + nth) % (members / 3).max(1) * 3 + 1;
        line.push_str(&format!(" u{}", first + named));
    }
    line.push('\n');
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use parlor_bench::wire::{Dialect, parse};

    #[test]
    fn a_third_each_has_a_zone_and_a_name_and_some_ignore() {
        let tastes: Vec<Taste> = (0..2000).map(|place| Taste::of(place, 10)).collect();
        let count = |is: fn(&Taste) -> bool| tastes.iter().filter(|taste| is(taste)).count();
        assert!(tastes[..10].iter().all(|taste| *taste == Taste::Usual));
        assert_eq!(count(|taste| *taste == Taste::Chatter), 1);
        assert!((660..=667).contains(&count(|taste| matches!(taste, Taste::Zone(..)))));
        assert!((660..=667).contains(&count(|taste| matches!(taste, Taste::Name(_)))));
        for zone in ZONES {
            let many = tastes
                .iter()
                .filter(|taste| matches!(taste, Taste::Zone(other, _) if *other == zone));
            assert!(many.count() >= 50, "{zone}");
        }
        let ignore = tastes.iter().filter(|taste| {
            let settings = taste.settings();
            settings.iter().any(|line| line.starts_with("\\ignore"))
        });
        assert_eq!(ignore.count(), 99);
    }

    #[test]
    fn mentioned_are_members_with_names_and_no_such_line_is_counted() {
        for number in 0..2000 {
            let line = mention(number, 0, 2000);
            for name in line.split_whitespace().skip(1) {
                let place: usize = name[1..].parse().expect("a number");
                let taste = Taste::of(place, 0);
                assert!(taste.is_named() && place < 2000, "{line}");
            }
            let shown = format!("[12:00:00] {CHATTER}: {}", line.trim_end());
            assert_eq!(
                parse(shown.as_bytes(), Dialect::Parlor.payload_bytes()),
                None
            );
        }
    }
}
