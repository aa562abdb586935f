//! *Pure.* The time of day as far as it can be believed. A machine's clock can be wrong, and be set right, by years. What
//! ends at some time (a ban, the time to bring a closed room back, what `--keep` keeps) must not end by that.

use std::sync::Arc;
use std::time::Duration;

use super::Timestamp;
use crate::limits::{CLOCK_JUMP_MAX, CLOCK_REST_MAX, CLOCK_SET_MIN_MS};

/// What time it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    /// The time of day that the machine tells: what people are shown.
    pub wall: Timestamp,
    /// The same, unless the machine's clock has jumped; then what it would tell if it had not. What ends at some time
    /// goes by this one.
    pub steady: Timestamp,
}

impl From<Timestamp> for Times {
    /// The clock has not jumped.
    fn from(wall: Timestamp) -> Times {
        Times { wall, steady: wall }
    }
}

impl Times {
    /// The earlier one: what is older by both is old.
    pub fn earlier(self) -> Timestamp {
        self.wall.min(self.steady)
    }

    /// By how much the clock has jumped, and whether it was ahead; `None`: it has not.
    pub fn jump(self) -> Option<(Duration, bool)> {
        let (ahead, back) = (self.wall.since(self.steady), self.steady.since(self.wall));
        match self.wall == self.steady {
            true => None,
            false => Some((ahead.max(back), back.is_zero())),
        }
    }
}

/// What a process notes of the time, for the next one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClockNote {
    /// The steady time.
    pub time: Timestamp,
    /// How long the machine had been up.
    pub uptime: Duration,
    /// Since which of its starts; empty: unknown.
    pub boot: Arc<str>,
}

/// What is known of the time of day.
#[derive(Clone, Debug, Default)]
pub struct SteadyTime(Known);

#[derive(Clone, Debug, Default)]
enum Known {
    #[default]
    Nothing,
    /// It was so late when the last process told.
    Before(Timestamp),
    /// It was so late at an uptime of the machine, by a clock that counts whatever the machine's own says.
    Led { time: Timestamp, uptime: Duration },
    /// It was so late at an uptime of the machine. `rest`: it may be as much later as the machine may have rested.
    At {
        time: Timestamp,
        uptime: Duration,
        rest: Duration,
    },
}

impl SteadyTime {
    /// Known is what the last process has noted; this one runs since the start `boot` of the machine.
    pub fn since(last: Option<ClockNote>, boot: &str) -> SteadyTime {
        SteadyTime(match last {
            None => Known::Nothing,
            Some(ClockNote {
                time,
                uptime,
                boot: noted,
            }) if !boot.is_empty() && *noted == *boot => Known::At {
                time,
                uptime,
                rest: Duration::ZERO,
            },
            Some(note) => Known::Before(note.time),
        })
    }

    /// What time it is at an uptime of the machine, if its clock tells the time `wall`.
    pub fn at(&mut self, wall: Timestamp, uptime: Duration) -> Times {
        let (expected, rest) = match self.0 {
            // A machine without a battery begins in the past, and hears from the network what time it is.
            Known::Nothing if wall.0 < CLOCK_SET_MIN_MS => return wall.into(),
            Known::Nothing => (wall, Duration::ZERO),
            Known::Led { time, uptime: then } => {
                let steady = time.after(uptime.saturating_sub(then));
                return Times { wall, steady };
            }
            Known::Before(last) => {
                self.0 = Known::At {
                    time: last,
                    uptime,
                    rest: CLOCK_REST_MAX,
                };
                (last, CLOCK_REST_MAX)
            }
            Known::At {
                time,
                uptime: then,
                rest,
            } => (time.after(uptime.saturating_sub(then)), rest),
        };
        let is_plausible = wall.since(expected) <= CLOCK_JUMP_MAX.max(rest)
            && expected.since(wall) <= CLOCK_JUMP_MAX;
        if is_plausible {
            self.believe(wall, uptime);
        }
        Times {
            wall,
            steady: if is_plausible { wall } else { expected },
        }
    }

    /// From now on it is so late, by a clock that several servers go by.
    pub fn follow(&mut self, time: Timestamp, uptime: Duration) {
        self.0 = Known::Led { time, uptime };
    }

    /// Somebody who knows says that it is so late.
    pub fn believe(&mut self, time: Timestamp, uptime: Duration) {
        self.0 = Known::At {
            time,
            uptime,
            rest: Duration::ZERO,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Duration = Duration::from_secs(86_400);

    /// In the year 2026.
    const START: Timestamp = Timestamp(CLOCK_SET_MIN_MS);

    fn start() -> Timestamp {
        START.after(100 * DAY)
    }

    /// The steady time, in days after the start, when the machine's clock is so many days after the start.
    fn steady(time: &mut SteadyTime, wall: i64, uptime: u32) -> i64 {
        let day = DAY.as_millis() as i64;
        let times = time.at(Timestamp(start().0 + wall * day), uptime * DAY);
        assert_eq!(times.jump().is_some(), times.wall != times.steady);
        (times.steady.0 - start().0) / day
    }

    #[test]
    fn a_clock_that_jumps_ahead_and_back_ends_nothing() {
        let mut time = SteadyTime::default();
        // Days of the clock, of the machine, and those that have really passed.
        for (wall, uptime, expected) in [
            (0, 0, 0),
            (1, 1, 1),
            (401, 1, 1),
            (402, 2, 2),
            (2, 2, 2),
            (3, 3, 3),
            (-400, 4, 4),
            (5, 5, 5),
        ] {
            assert_eq!(
                steady(&mut time, wall, uptime),
                expected,
                "{wall} at {uptime}"
            );
        }
    }

    #[test]
    fn servers_that_go_by_one_clock_do_not_go_by_their_own() {
        let mut time = SteadyTime::default();
        time.follow(start(), DAY);
        for (wall, uptime, expected) in [(0, 1, 0), (1, 1, 0), (1, 2, 1), (-7, 3, 2)] {
            assert_eq!(
                steady(&mut time, wall, uptime),
                expected,
                "{wall} at {uptime}"
            );
        }
        time.follow(start(), 4 * DAY);
        assert_eq!(steady(&mut time, 3, 5), 1, "it was set back");
    }

    #[test]
    fn a_clock_that_is_put_right_by_hours_is_believed() {
        let mut time = SteadyTime::default();
        assert_eq!(time.at(start(), DAY).steady, start());
        for hours in [23, 46, 23, 0] {
            let wall = start().after(Duration::from_secs(hours * 3600));
            assert_eq!(time.at(wall, DAY).steady, wall, "{hours}");
        }
    }

    /// Noted at the start, and at the uptime 0.
    fn noted(boot: &str) -> Option<ClockNote> {
        Some(ClockNote {
            time: start(),
            uptime: Duration::ZERO,
            boot: boot.into(),
        })
    }

    #[test]
    fn a_machine_may_have_rested_for_weeks_and_not_for_years() {
        for boot in ["an earlier one", ""] {
            for (rested, expected) in [(0, 0), (50, 50), (400, 0), (-1, -1), (-400, 0)] {
                let mut time =
                    SteadyTime::since(noted(boot), if boot.is_empty() { "" } else { "this one" });
                assert_eq!(steady(&mut time, rested, 7), expected, "{rested}");
            }
        }
    }

    #[test]
    fn a_server_that_was_started_again_knows_how_long_that_took() {
        for (wall, expected) in [(7, 7), (8, 8), (50, 7), (0, 7)] {
            let mut time = SteadyTime::since(noted("this one"), "this one");
            assert_eq!(steady(&mut time, wall, 7), expected, "{wall}");
        }
    }

    #[test]
    fn a_clock_that_is_set_by_the_network_after_the_start_is_believed() {
        let mut time = SteadyTime::since(noted(""), "");
        assert_eq!(steady(&mut time, -20_000, 0), 0);
        assert_eq!(steady(&mut time, 30, 0), 30);
        // From then on it is known.
        assert_eq!(steady(&mut time, 60, 0), 30);
        // Where nothing is known, no clock of the last century is.
        let mut time = SteadyTime::default();
        assert_eq!(steady(&mut time, -20_000, 0), -20_000);
        assert_eq!(steady(&mut time, 30, 0), 30);
        assert_eq!(steady(&mut time, 430, 1), 31);
    }

    #[test]
    fn what_somebody_says_who_knows_is_believed() {
        let mut time = SteadyTime::default();
        assert_eq!(steady(&mut time, 0, 0), 0);
        assert_eq!(steady(&mut time, 400, 1), 1);
        time.believe(start().after(400 * DAY), DAY);
        assert_eq!(steady(&mut time, 400, 1), 400);
        assert_eq!(steady(&mut time, 401, 2), 401);
    }
}
