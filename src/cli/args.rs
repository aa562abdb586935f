//! What may be typed on the command line.

use std::path::PathBuf;

use argh::FromArgs;
use tracing::level_filters::LevelFilter;

use super::tools::Command;
use crate::config::{Options, RawDrawing};
use crate::store::Durability;

/// A chat server that any terminal can walk into: `nc HOST 50006` or `telnet HOST 50006`.
#[derive(Debug, FromArgs)]
pub struct Args {
    /// a tool to run instead of the server
    #[argh(subcommand)]
    pub command: Option<Command>,

    /// where to listen: ADDRESS:PORT (port 0: any free one) or unix:PATH, with who may connect to that:
    /// unix:PATH,mode=660,group=NAME (default: mode=660); may be given several times
    /// (default: `[::]:50006`, which takes IPv4 as well)
    #[argh(option, arg_name = "where")]
    pub listen: Vec<String>,

    /// the server's name, shown in the first line of the menu and in \stats
    #[argh(option, arg_name = "text")]
    pub name: Option<String>,

    /// a file that everybody is shown before the menu: at most 24 rows and 6144 bytes, read at startup
    #[argh(option, arg_name = "file")]
    pub motd: Option<PathBuf>,

    /// the time zone of the times shown, such as Asia/Bangkok (default: this machine's)
    #[argh(option, arg_name = "zone")]
    pub timezone: Option<String>,

    /// how many of a room's last lines are shown on joining (default: 10; at most 1000)
    #[argh(option, arg_name = "lines")]
    pub history: Option<usize>,

    /// keep rooms and messages in this file, which is created if needed (default: in memory only)
    #[argh(option, arg_name = "file")]
    pub data: Option<PathBuf>,

    /// what stored messages survive: normal, the server's end, however sudden; or full, a power failure
    /// as well, which costs more (default: normal)
    #[argh(option, arg_name = "what", from_str_fn(parse_sync))]
    pub sync: Option<Durability>,

    /// delete messages that are older than this many days from the file (default: never)
    #[argh(option, arg_name = "days")]
    pub keep: Option<u32>,

    /// delete all but the last so many messages of each room from the file (default: never)
    #[argh(option, arg_name = "lines")]
    pub keep_lines: Option<u64>,

    /// accept passwords (\register, \login, \lock and those of locked rooms) over connections from other
    /// hosts too, where others can read them on the way; for networks that are safe by other means
    #[argh(switch)]
    pub plain_passwords: bool,

    /// connections in all (default: 10000; 0: no limit)
    #[argh(option, arg_name = "count")]
    pub max_connections: Option<usize>,

    /// connections from one address, or one IPv6 /64; four times as many from an IPv6 /48 (default: 256; 0: no
    /// limit by address)
    #[argh(option, arg_name = "count")]
    pub max_per_address: Option<usize>,

    /// connections a second from one address of another host that are served; further ones wait for their
    /// turn (default: 16; 0: none waits)
    #[argh(option, arg_name = "count")]
    pub connect_rate: Option<u32>,

    /// connections from one address that are served at once before --connect-rate slows them (default: 64)
    #[argh(option, arg_name = "count")]
    pub connect_burst: Option<u32>,

    /// rooms (default: 10000; 0: no limit)
    #[argh(option, arg_name = "count")]
    pub max_rooms: Option<usize>,

    /// open rooms that were created from one address, or one IPv6 /64 (default: 50, or no limit with
    /// --max-per-address 0; 0: no limit)
    #[argh(option, arg_name = "count")]
    pub max_rooms_per_address: Option<usize>,

    /// open rooms that one account has created (default: 50; 0: no limit)
    #[argh(option, arg_name = "count")]
    pub max_rooms_per_account: Option<usize>,

    /// close rooms in which nothing was said for this many days and that nobody is in (default: 0: never;
    /// rooms in which nothing was ever said are closed after an hour)
    #[argh(option, arg_name = "days")]
    pub room_idle: Option<u32>,

    /// delete accounts that nobody has used for this many days (default: 0: never)
    #[argh(option, arg_name = "days")]
    pub account_idle: Option<u32>,

    /// members of one room (default: 10000; 0: no limit)
    #[argh(option, arg_name = "count")]
    pub max_members: Option<usize>,

    /// lines a second from one client; faster senders are slowed and lose nothing (default: 10; 0: no
    /// limit)
    #[argh(option, arg_name = "lines")]
    pub rate: Option<u32>,

    /// lines that a client may send at once before --rate slows it (default: 100)
    #[argh(option, arg_name = "lines")]
    pub burst: Option<u32>,

    /// bytes that a room keeps for members who read more slowly than others write; those who fall further
    /// behind have lines skipped and are told so (default: 2097152; 0: no limit)
    #[argh(option, arg_name = "bytes")]
    pub outbox: Option<usize>,

    /// how many seconds comings and goings wait to be told together; what is over by then is told in a word or
    /// not at all (default: 2; 0: they are told at once)
    #[argh(option, arg_name = "seconds")]
    pub notice_delay: Option<f64>,

    /// how many seconds a registered user whose connection was lost keeps the seat and the name, for who logs
    /// in again (default: 300; 0: they leave at once)
    #[argh(option, arg_name = "seconds")]
    pub linger: Option<f64>,

    /// close connections on which nothing was typed for this many seconds (default: 0: never)
    #[argh(option, arg_name = "seconds")]
    pub idle: Option<u32>,

    /// how many seconds a stopping server waits for clients to take the last words (default: 2)
    #[argh(option, arg_name = "seconds")]
    pub grace: Option<f64>,

    /// how messages are drawn for raw clients (nc): plain, or ansi, which inserts them above what is being
    /// typed and needs an ANSI terminal (default: plain; \ansi does it for one client)
    #[argh(option, arg_name = "drawing")]
    pub raw: Option<RawDrawing>,

    /// executor threads (default: one for each processor)
    #[argh(option, arg_name = "count")]
    pub threads: Option<usize>,

    /// how much to log on standard error: off, error, warn, info, debug or trace (default: info)
    #[argh(option, arg_name = "level")]
    pub log: Option<LevelFilter>,
}

impl Args {
    /// The options of the server.
    pub fn into_options(self) -> Options {
        Options {
            listen: self.listen,
            name: self.name,
            motd: self.motd,
            timezone: self.timezone,
            history: self.history,
            data: self.data,
            sync: self.sync,
            keep: self.keep,
            keep_lines: self.keep_lines,
            plain_passwords: self.plain_passwords,
            max_connections: self.max_connections,
            max_per_address: self.max_per_address,
            connect_rate: self.connect_rate,
            connect_burst: self.connect_burst,
            max_rooms: self.max_rooms,
            max_rooms_per_address: self.max_rooms_per_address,
            max_rooms_per_account: self.max_rooms_per_account,
            room_idle: self.room_idle,
            account_idle: self.account_idle,
            max_members: self.max_members,
            rate: self.rate,
            burst: self.burst,
            outbox: self.outbox,
            notice_delay: self.notice_delay,
            linger: self.linger,
            idle: self.idle,
            grace: self.grace,
            raw: self.raw,
            threads: self.threads,
            log: self.log,
        }
    }
}

fn parse_sync(text: &str) -> Result<Durability, String> {
    match text {
        "normal" => Ok(Durability::Normal),
        "full" => Ok(Durability::Full),
        _ => Err("give normal or full".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::config::{Config, Data};
    use crate::net::endpoint::{Listen, Place, UnixPlace};
    use crate::store::Retention;

    fn config(args: &[&str]) -> Result<Config, String> {
        let args = Args::from_args(&["parlor"], args).expect("argh takes it");
        Config::new(args.into_options())
    }

    #[test]
    fn no_arguments_mean_the_default_port_on_both_families() {
        let config = config(&[]).expect("defaults are right");
        assert_eq!(config.listen, [Listen::DEFAULT]);
        assert_eq!(config.idle, None);
        assert_eq!(config.grace, Duration::from_secs(2));
        assert!(config.threads >= 1);
    }

    #[test]
    fn places_to_listen_at_are_addresses_or_paths() {
        let config = config(&[
            "--listen",
            "127.0.0.1:0",
            "--listen",
            "unix:/tmp/x",
            "--listen",
            "unix:/tmp/x,group=chat,mode=666",
        ]);
        let unix = |mode, group: Option<&str>| {
            Place::Unix(UnixPlace {
                path: "/tmp/x".into(),
                mode,
                group: group.map(str::to_owned),
            })
        };
        let expected = [
            Place::Tcp("127.0.0.1:0".parse().expect("an address")),
            unix(0o660, None),
            unix(0o666, Some("chat")),
        ];
        let expected = expected.map(Listen::plain);
        assert_eq!(config.expect("all are right").listen, expected);
    }

    #[test]
    fn messages_are_kept_in_memory_unless_a_file_is_named() {
        assert_eq!(config(&[]).expect("defaults are right").data, None);
        let kept = config(&["--data", "chat.db", "--sync", "full", "--keep-lines", "500"]);
        let expected = Data {
            file: "chat.db".into(),
            sync: Durability::Full,
            keep: Retention {
                days: None,
                lines: Some(500),
            },
        };
        assert_eq!(kept.expect("all is right").data, Some(expected));
    }

    #[test]
    fn rooms_are_counted_by_address_where_connections_are() {
        let table: &[(&[&str], usize)] = &[
            (&[], 50),
            (&["--max-per-address", "7"], 50),
            (&["--max-per-address", "0"], 0),
            (
                &["--max-per-address", "0", "--max-rooms-per-address", "5"],
                5,
            ),
            (&["--max-rooms-per-address", "0"], 0),
        ];
        for (args, expected) in table {
            let rooms = config(args).expect("it makes sense").rooms;
            assert_eq!(rooms.per_address_max, *expected, "{args:?}");
            assert_eq!(rooms.per_account_max, 50);
            assert_eq!(rooms.idle, None);
        }
        let week = config(&["--room-idle", "7"]).expect("it makes sense");
        assert_eq!(week.rooms.idle, Some(Duration::from_secs(604_800)));
    }

    #[test]
    fn what_makes_no_sense_is_refused_with_the_flag_and_the_value() {
        let table: &[&[&str]] = &[
            &["--listen", "nonsense"],
            &["--listen", "127.0.0.1"],
            &["--listen", "127.0.0.1:99999"],
            &["--listen", "unix:"],
            &["--listen", "unix:,mode=660"],
            &["--listen", "unix:/tmp/x,mode=888"],
            &["--listen", "unix:/tmp/x,mode=u=rw"],
            &["--listen", "unix:/tmp/x,mode=1777"],
            &["--listen", "unix:/tmp/x,mode=060"],
            &["--listen", "unix:/tmp/x,group="],
            &["--listen", "unix:/tmp/x,owner=ann"],
            &["--timezone", "Mars/Olympus"],
            &["--history", "1001"],
            &["--threads", "257"],
            &["--grace", "-1"],
            &["--grace", "NaN"],
            &["--grace", "1e300"],
            &["--notice-delay", "-1"],
            &["--linger", "1e300"],
            &["--idle", "4294967295"],
            &["--sync", "full"],
            &["--keep", "30"],
            &["--keep-lines", "500"],
            &["--account-idle", "30"],
            &["--account-idle", "40000"],
            &["--name", ""],
            &["--name", " \u{3000}"],
            &["--name", "\x1b[31mred"],
            &["--name", "two\nrows"],
            &["--name", "a name of more than forty columns is wide"],
            &["--motd", "/nowhere/at/all"],
            &["--room-idle", "36501"],
        ];
        for args in table {
            let error = config(args).expect_err("it makes no sense");
            assert!(error.contains(args[0]), "{error}");
        }
    }
}
