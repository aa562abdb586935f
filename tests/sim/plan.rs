//! What a seed decides before anything happens: how many there are, what the server allows, what fails.

use std::sync::OnceLock;
use std::time::Duration;

use parlor::config::{Config, Options};
use parlor::time::rate::Pace;

use crate::random::Random;
use crate::weather::Odds;

/// The circumstances of one run.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) config: Config,
    pub(crate) users: usize,
    /// How often somebody does something.
    pub(crate) acts: usize,
    /// The mean pause between two things that one user does, in milliseconds.
    pub(crate) pause_ms: usize,
    /// How long bytes are under way at most, in milliseconds.
    pub(crate) delay_ms: usize,
    /// The server stops when this many acts are left.
    pub(crate) stop_at: Option<usize>,
    /// The process dies when this many acts are left.
    pub(crate) die_at: Option<usize>,
    /// Rooms that are stored before the server is started.
    pub(crate) rooms_before: usize,
    /// Rooms keep little for members who are slow.
    pub(crate) is_tight: bool,
    /// How often the date is set, in a thousand acts.
    pub(crate) date_jumps: usize,
    /// How often the server makes a mistake with a connection, in a thousand acts.
    pub(crate) faults: usize,
    /// How often the store fails or is late.
    pub(crate) store: Odds,
}

impl Plan {
    pub(crate) fn new(random: &mut Random) -> Plan {
        static CONFIG: OnceLock<Config> = OnceLock::new();
        let mut config = CONFIG.get_or_init(config).clone();
        config.room.history_lines = random.pick(&[0, 3, 10, 10]);
        let (is_tight, outbox_bytes) = random.pick(&[
            (false, 0),
            (true, 700),
            (true, 3000),
            (false, 2 << 20),
            (false, 2 << 20),
        ]);
        config.room.outbox_bytes = outbox_bytes;
        config.room.members_max = random.pick(&[0, 0, 0, 5]);
        config.room.notice_delay = Duration::from_millis(random.pick(&[0, 500, 2000]));
        config.rooms.linger = Duration::from_millis(random.pick(&[0, 1000, 300_000]));
        config.rooms.rooms_max = random.pick(&[0, 0, 0, 2]);
        config.rooms.per_address_max = random.pick(&[0, 50, 50, 1]);
        config.connections_max = random.pick(&[0, 0, 0, 0, 12]);
        config.per_address_max = random.pick(&[0, 0, 256, 256, 2]);
        config.connect_pace = random.pick(&[(16, 64), (0, 0), (1, 1), (4, 2)].map(pace));
        config.raw_ansi = random.below(20) == 0;
        let (rate, burst) = random.pick(&[(0, 0), (10, 100), (10, 5), (20, 2)]);
        config.pace = Pace::new(rate, burst);
        config.idle = (random.below(20) == 0).then_some(Duration::from_secs(45));
        config.grace = random.pick(&[0.0, 2.0, 2.0].map(Duration::from_secs_f64));
        let acts = random.between(60, 260);
        Plan {
            config,
            users: random.pick(&[2, 5, 10, 20, 20, 20]),
            acts,
            pause_ms: random.pick(&[5, 60, 400, 400, 3000]),
            delay_ms: random.pick(&[0, 5, 40, 200, 1000]),
            stop_at: (random.below(4) == 0).then(|| random.below(acts)),
            die_at: (random.below(4) == 0).then(|| random.below(acts)),
            rooms_before: random.pick(&[0, 0, 1, 2]),
            is_tight,
            date_jumps: random.pick(&[0, 0, 10]),
            faults: random.pick(&[0, 0, 0, 20]),
            store: Odds {
                fail: random.pick(&[0, 0, 20, 100, 300]),
                panic: random.pick(&[0, 0, 0, 10]),
                late: random.pick(&[0, 0, 100, 600]),
                hang: random.pick(&[0, 0, 0, 10]),
                others: random.pick(&[0, 0, 0, 100]),
            },
        }
    }
}

fn pace((per_second, burst): (u32, u32)) -> Pace {
    Pace::new(per_second, burst)
}

fn config() -> Config {
    let options = Options {
        timezone: Some("UTC".to_owned()),
        threads: Some(1),
        ..Options::default()
    };
    Config::new(options).expect("the defaults make sense")
}
