//! What may be typed on the command line.

use std::path::PathBuf;

use argh::FromArgs;
use tracing::level_filters::LevelFilter;

use super::tools::Command;
use crate::config::options::with_options;
use crate::config::{ConfigSource, LogFormat, Options, RawDrawing, value};
use crate::store::Durability;
use crate::store::place::DataPlace;

/// The arguments of the server and those of `parlor config`, which takes the same options.
macro_rules! define_arguments {
    ($(section $section:literal {$(
        $(#[doc = $help:tt])+
        $kind:ident(
            $(arg_name = $arg_name:tt,)? key = $key:literal,
            $(default = $default:expr,)? $(example = $example:literal,)? on_reload = $on_reload:ident
        )
        $name:ident: $shape:ident<$value:ident>,
    )+})+) => {
        /// A chat server that any terminal can walk into: `nc HOST 50006` or `telnet HOST 50006`.
        #[derive(Debug, FromArgs)]
        pub struct Args {
            /// a tool to run instead of the server
            #[argh(subcommand)]
            pub command: Option<Command>,

            /// a file with options: parlor config --example prints one (default: none)
            #[argh(option, arg_name = "file")]
            pub config: Option<PathBuf>,

            $($(
                $(#[doc = $help])+
                #[argh($kind $(, arg_name = $arg_name, from_str_fn(value::read))?)]
                pub $name: $shape<$value>,
            )+)+
        }

        /// Print the configuration that a server with these options, this file and this environment would have, and
        /// where each value comes from. What is printed can be used as a file.
        #[derive(Debug, FromArgs)]
        #[argh(subcommand, name = "config")]
        pub struct PrintConfig {
            /// print a file with all options, their meanings and defaults
            #[argh(switch)]
            pub example: bool,

            /// print nothing, but say what is wrong, and where
            #[argh(switch)]
            pub check: bool,

            /// a file with options: parlor config --example prints one (default: none)
            #[argh(option, arg_name = "file")]
            pub config: Option<PathBuf>,

            $($(
                $(#[doc = $help])+
                #[argh($kind $(, arg_name = $arg_name, from_str_fn(value::read))?)]
                pub $name: $shape<$value>,
            )+)+
        }

        impl Args {
            /// Where the server's configuration comes from.
            pub fn into_source(self) -> ConfigSource {
                let flags = Options {
                    $($($name: self.$name,)+)+
                    ..Options::default()
                };
                ConfigSource::new(flags, self.config, std::env::vars_os())
            }
        }

        impl PrintConfig {
            /// Where the configuration comes from that is printed.
            pub fn into_source(self) -> ConfigSource {
                let flags = Options {
                    $($($name: self.$name,)+)+
                    ..Options::default()
                };
                ConfigSource::new(flags, self.config, std::env::vars_os())
            }
        }
    };
}

with_options!(define_arguments);

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::config::{Config, ConfigError, Data};
    use crate::net::endpoint::{Listen, Place, UnixPlace};
    use crate::store::Retention;

    fn config(args: &[&str]) -> Result<Config, ConfigError> {
        let args = Args::from_args(&["parlor"], args).expect("argh takes it");
        let options = args.into_source().read().expect("no file");
        Config::new(options)
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
            "unix:/tmp/y,group=chat,mode=666",
        ]);
        let unix = |path: &str, mode, group: Option<&str>| {
            Place::Unix(UnixPlace {
                path: path.into(),
                mode,
                group: group.map(str::to_owned),
            })
        };
        let expected = [
            Place::Tcp("127.0.0.1:0".parse().expect("an address")),
            unix("/tmp/x", 0o660, None),
            unix("/tmp/y", 0o666, Some("chat")),
        ];
        let expected = expected.map(Listen::plain);
        assert_eq!(config.expect("all are right").listen, expected);
    }

    #[test]
    fn messages_are_kept_in_memory_unless_a_file_is_named() {
        assert_eq!(config(&[]).expect("defaults are right").data, None);
        let kept = config(&["--data", "chat.db", "--sync", "full", "--keep-lines", "500"]);
        let expected = Data::File {
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
            &["--tls-cert", "cert.pem", "--listen", "tls+127.0.0.1:0"],
            &["--tls-key", "key.pem", "--listen", "tls+127.0.0.1:0"],
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
            assert!(error.is_usage && error.why.contains(args[0]), "{error}");
        }
    }
}
