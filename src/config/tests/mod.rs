mod data;

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use tempfile::TempDir;

use super::options::{OPTIONS, OptionRow};
use super::*;

/// A file of that name with that text, in a directory of its own.
fn file(text: &str) -> (TempDir, PathBuf) {
    let folder = TempDir::new().expect("a directory");
    let path = folder.path().join("parlor.toml");
    fs::write(&path, text).expect("a file");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).expect("it is ours");
    (folder, path)
}

fn environment(variables: &[(&str, &str)]) -> Vec<(OsString, OsString)> {
    let pairs = variables.iter();
    pairs
        .map(|(name, value)| (name.into(), value.into()))
        .collect()
}

/// The configuration of a file alone, or what is wrong with it, without the file's directory.
fn of_file(text: &str) -> Result<Config, String> {
    let (folder, path) = file(text);
    let source = ConfigSource::new(Options::default(), Some(path), []);
    let config = source.read().and_then(Config::new);
    let folder = format!("{}/", folder.path().display());
    config.map_err(|error| {
        assert!(!error.is_usage, "{error}");
        error.why.replace(&folder, "")
    })
}

#[test]
fn a_flag_counts_more_than_a_variable_and_a_variable_more_than_the_file() {
    let (_folder, path) = file("max_rooms = 1\nmax_members = 1\nburst_lines = 1\n");
    let flags = Options {
        max_rooms: Some(3),
        ..Options::default()
    };
    let variables = [("PARLOR_MAX_ROOMS", "2"), ("PARLOR_MAX_MEMBERS", "2")];
    let source = ConfigSource::new(flags, Some(path.clone()), environment(&variables));
    let options = source.read().expect("it makes sense");
    assert_eq!(
        (options.max_rooms, options.max_members, options.burst),
        (Some(3), Some(2), Some(1))
    );
    let sources = ["max_rooms", "max_members", "burst", "rate"];
    let sources = sources.map(|name| options.sources.get(name).cloned());
    let at = source::Position {
        line: 3,
        column: 15,
    };
    assert_eq!(
        sources,
        [
            Some(Source::Flag),
            Some(Source::Environment),
            Some(Source::File(Arc::from(path), at)),
            None
        ]
    );
}

#[test]
fn a_switch_can_be_taken_back_where_more_counts() {
    let (_folder, path) = file("plain_passwords = true\n");
    for (value, expected) in [("false", false), ("0", false), ("true", true), ("", true)] {
        let variables = environment(&[("PARLOR_PLAIN_PASSWORDS", value)]);
        let source = ConfigSource::new(Options::default(), Some(path.clone()), variables);
        let config = source.read().and_then(Config::new).expect("it makes sense");
        assert_eq!(config.plain_passwords, expected, "{value:?}");
    }
}

#[test]
fn the_file_may_be_named_by_a_variable_and_lists_have_blanks_there() {
    let (_folder, path) = file("name = \"The Lounge\"\n");
    let variables = [
        ("PARLOR_CONFIG", path.to_str().expect("text")),
        ("PARLOR_LISTEN", "127.0.0.1:1 unix:/tmp/x,mode=660"),
    ];
    let source = ConfigSource::new(Options::default(), None, environment(&variables));
    let config = source.read().and_then(Config::new).expect("it makes sense");
    assert_eq!(config.name.as_deref(), Some("The Lounge"));
    assert_eq!(config.listen.len(), 2);
    assert_eq!(source.doubts(), [""; 0]);
}

/// Files, and what is wrong with them.
const WRONG: &[(&str, &str)] = &[
    (
        "# a comment\nrate = 5\n",
        "parlor.toml:2:1: there is no key rate; in the file it is rate_lines_per_second",
    ),
    (
        "rate_lines_per_secnd = 5\n",
        "parlor.toml:1:1: there is no key rate_lines_per_secnd; is rate_lines_per_second meant?",
    ),
    (
        "colour = 5\n",
        "parlor.toml:1:1: there is no key colour; parlor config --example lists all that there are",
    ),
    (
        "[limits]\nmax_rooms = 5\n",
        "parlor.toml:1:2: there is no section limits; all keys stand outside of sections",
    ),
    (
        "max_rooms = \"5\"\n",
        "parlor.toml:1:13: max_rooms: give a whole number",
    ),
    (
        "\n\n   max_rooms   =   -5\n",
        "parlor.toml:3:20: max_rooms: give a whole number, 0 or more",
    ),
    (
        "rate_lines_per_second = 4294967296\n",
        "parlor.toml:1:25: rate_lines_per_second: at most 4294967295 is allowed",
    ),
    (
        "grace_seconds = \"long\"\n",
        "parlor.toml:1:17: grace_seconds: give a number",
    ),
    (
        "plain_passwords = 1\n",
        "parlor.toml:1:19: plain_passwords: give true or false",
    ),
    (
        "name = 7\n",
        "parlor.toml:1:8: name: give text in quotation marks",
    ),
    (
        "listen = \"[::]:50006\"\n",
        "parlor.toml:1:10: listen: give a list, such as [\"one\", \"two\"]",
    ),
    (
        "sync = \"sometimes\"\n",
        "parlor.toml:1:8: sync: give normal or full",
    ),
    (
        "history_lines = 2000\n",
        "parlor.toml:1:17: history_lines = 2000: at most 1000 is allowed",
    ),
    (
        "name = \"\u{1b}[31m\"\n",
        "parlor.toml:1:9: invalid basic string, expected non-double-quote visible characters, `\\`",
    ),
    (
        "listen = [\"127.0.0.1:0\", \"nonsense\"]\n",
        "parlor.toml:1:10: listen = nonsense: that is not an address with a port; give one such as \
             0.0.0.0:50006, [::]:50006 or unix:/run/parlor.sock, and before it tls+, proxy+ or proxy+tls+ if need \
             be",
    ),
    (
        "sync = \"full\"\n",
        "parlor.toml:1:8: sync = \"full\": it is for the file of --data: give that too",
    ),
    (
        "listen = [\"127.0.0.1:1\", \"[::]:1\"]\n",
        "parlor.toml:1:10: listen = [::]:1: another one is 127.0.0.1:1 already: leave one of them out",
    ),
    (
        "max_rooms = 1\nmax_rooms = 2\n",
        "parlor.toml:2:1: duplicate key",
    ),
];

#[test]
fn what_is_wrong_in_the_file_is_told_with_its_place() {
    for (text, expected) in WRONG {
        let error = of_file(text).expect_err(text);
        assert_eq!(error, *expected, "{text:?}");
    }
}

#[test]
fn all_that_is_wrong_is_told_at_once_but_not_what_follows_from_a_slip_of_the_pen() {
    let wrong = of_file("max_rooms = -1\nbogus = 1\nmax_members = true\n");
    let wrong = wrong.expect_err("three faults");
    let places: Vec<&str> = wrong.lines().map(|line| &line[..14]).collect();
    assert_eq!(
        places,
        ["parlor.toml:1:", "parlor.toml:2:", "parlor.toml:3:"]
    );
    let wrong = of_file("max_rooms = \nbogus = 1\n").expect_err("no value");
    assert_eq!(wrong.lines().count(), 1, "{wrong}");
    assert!(wrong.starts_with("parlor.toml:1:"), "{wrong}");
}

#[test]
fn what_is_wrong_in_a_variable_is_told_with_its_name_even_if_a_flag_counts_more() {
    let flags = Options {
        rate: Some(1),
        ..Options::default()
    };
    let variables = environment(&[("PARLOR_RATE", "fast"), ("PARLOR_RAW", "pretty")]);
    let source = ConfigSource::new(flags, None, variables);
    let error = source.read().expect_err("two faults");
    assert_eq!(
        error.why,
        "PARLOR_RAW=pretty: give plain or ansi\nPARLOR_RATE=fast: give a whole number, 0 or more"
    );
    assert!(!error.is_usage);
    let variables = environment(&[("PARLOR_HISTORY", "2000")]);
    let source = ConfigSource::new(Options::default(), None, variables);
    let error = source.read().and_then(Config::new).expect_err("too many");
    assert_eq!(error.why, "PARLOR_HISTORY=2000: at most 1000 is allowed");
}

#[test]
fn a_variable_that_looks_like_an_option_and_is_none_is_doubted() {
    let variables = environment(&[
        ("PARLOR_MAX_ROMS", "1"),
        ("PARLOR_FAVOURITE", "tea"),
        ("PARLOR_SERVICE_HOST", "10.0.0.1"),
        ("PARLOR_PORT_50006_TCP", "tcp://10.0.0.1:50006"),
        ("PARLOUR_RATE", "1"),
    ]);
    let source = ConfigSource::new(Options::default(), None, variables);
    assert!(source.read().is_ok());
    assert_eq!(
        source.doubts(),
        [
            "the variable PARLOR_FAVOURITE is no option, and counts for nothing",
            "the variable PARLOR_MAX_ROMS is no option; is PARLOR_MAX_ROOMS meant?",
        ]
    );
}

#[test]
fn a_file_that_is_not_there_or_that_others_may_write_is_refused() {
    let (_folder, path) = file("max_rooms = 1\n");
    let read = |path: &PathBuf| {
        let source = ConfigSource::new(Options::default(), Some(path.clone()), []);
        source.read().map(|options| options.max_rooms)
    };
    let set_mode = |mode| fs::set_permissions(&path, fs::Permissions::from_mode(mode));
    assert_eq!(read(&path), Ok(Some(1)));
    set_mode(0o666).expect("it is ours");
    let error = read(&path).expect_err("everybody may write");
    assert!(
        error
            .why
            .ends_with("everybody may write to it; take that away (chmod o-w)")
    );
    let error = read(&path.join("no")).expect_err("it is not there");
    assert!(error.why.contains("it cannot be read"), "{error}");
    let error = read(&std::env::temp_dir()).expect_err("a directory");
    assert!(error.why.ends_with("it is not a file"), "{error}");
    fs::write(&path, vec![b'#'; limits::CONFIG_BYTES_MAX + 1]).expect("a file");
    set_mode(0o600).expect("it is ours");
    let error = read(&path).expect_err("it is too long");
    assert!(
        error.why.contains("it has more than 131072 bytes"),
        "{error}"
    );
    fs::write(&path, b"# fine\nname = \"\xff\"\n").expect("a file");
    let error = read(&path).expect_err("it is no text");
    let expected = "it is not valid UTF-8 at line 2, column 9";
    assert!(error.why.ends_with(expected), "{error}");
}

#[test]
fn the_example_changes_nothing_and_neither_do_the_defaults_in_it() {
    let usual = |config: &Config| {
        let config = Config {
            options: Options::default(),
            ..config.clone()
        };
        format!("{config:?}")
    };
    let defaults = Config::new(Options::default()).expect("defaults make sense");
    let example = document::example();
    let config = of_file(&example).expect("it makes sense");
    assert_eq!(usual(&config), usual(&defaults));
    assert!(
        OPTIONS
            .iter()
            .all(|row| row.toml(&config.options).is_none())
    );
    // What has a default has it there; what has none is written as it would be, and read.
    let has_default = |key: &str| {
        let row = OPTIONS.iter().find(|row| row.key == key);
        row.is_some_and(|row| row.default_toml().is_some())
    };
    let uncommented = |is_wanted: &dyn Fn(&str) -> bool| -> String {
        let lines = example.lines().map(|line| match line.strip_prefix('#') {
            Some(option) if !option.starts_with([' ', '-']) => {
                let (key, _) = option.split_once(" = ").expect("a key and a value");
                if is_wanted(key) { option } else { line }
            }
            _ => line,
        });
        lines.collect::<Vec<&str>>().join("\n")
    };
    let config = of_file(&uncommented(&has_default)).expect("it makes sense");
    assert_eq!(usual(&config), usual(&defaults));
    let (_folder, path) = file(&uncommented(&|_| true));
    let source = ConfigSource::new(Options::default(), Some(path), []);
    let options = source.read().expect("each is written as it should be");
    let unset = OPTIONS.iter().filter(|row| row.toml(&options).is_none());
    let unset: Vec<&str> = unset.map(|row| row.name).collect();
    assert_eq!(unset, [""; 0]);
}

#[test]
fn what_help_says_of_a_default_is_the_default() {
    for row in OPTIONS {
        let (help, default) = (row.help.concat(), row.default_toml());
        let Some(default) = default.filter(|_| help.contains("(default: ")) else {
            continue;
        };
        let default = default.trim_matches(['[', ']', '"']);
        assert!(
            help.contains(&format!("(default: {default}"))
                || help.contains(&format!("(default: `{default}"))
                || help.contains(&format!("(default: `[{default}")),
            "{}: {default}",
            row.name
        );
    }
}

#[test]
fn flags_keys_and_variables_are_each_there_once() {
    let of = |name: fn(&OptionRow) -> String| {
        let mut names: Vec<String> = OPTIONS.iter().map(name).collect();
        names.sort();
        let count = names.len();
        names.dedup();
        (count, names.len())
    };
    for (count, different) in [
        of(|row| row.key.to_owned()),
        of(OptionRow::flag),
        of(OptionRow::variable),
    ] {
        assert_eq!(count, different);
    }
    let row = OptionRow::named("max_per_address");
    let names = (row.flag(), row.variable(), row.key);
    let expected = (
        "--max-per-address".to_owned(),
        "PARLOR_MAX_PER_ADDRESS".to_owned(),
    );
    assert_eq!(
        names,
        (expected.0, expected.1, "max_connections_per_address")
    );
}

#[test]
fn what_is_printed_brings_itself_about() {
    let text = "name = \"a \\\"b\\\" \\\\\"\nlisten = [\"127.0.0.1:1\", \"unix:/tmp/x\"]\nmax_rooms = 0x10\n\
         notice_delay_seconds = 0.5\nplain_passwords = true\nlog_level = \"DEBUG\"\n";
    let config = of_file(text).expect("it makes sense");
    let printed = document::effective(&config);
    let again = of_file(&printed).expect("it makes sense");
    for row in OPTIONS {
        let was = row.toml(&config.options);
        let is = row.toml(&again.options);
        assert!(was.is_none() || was == is, "{}: {was:?} {is:?}", row.name);
    }
    for (key, value) in [
        ("max_rooms", "16"),
        ("notice_delay_seconds", "0.5"),
        ("log_level", "\"debug\""),
    ] {
        assert!(printed.contains(&format!("{key} = {value} ")), "{printed}");
    }
    assert!(
        printed.contains("# default\n") && printed.contains("parlor.toml:3:13\n"),
        "{printed}"
    );
}

#[test]
fn what_cannot_change_while_the_server_runs_stays_and_waits() {
    let config = |text: &str| of_file(text).expect("it makes sense");
    let old = config("threads = 2\nmax_rooms = 5\nname = \"one\"\n");
    let mut new =
        config("threads = 3\ndata = \"x.db\"\nmax_rooms = 6\nrate_lines_per_second = 10\n");
    let report = new.succeed(&old);
    assert_eq!(
        report.changed,
        ["name: not set (was \"one\")", "max_rooms: 6 (was 5)"]
    );
    assert_eq!(report.waiting, ["data", "threads"]);
    assert_eq!((new.threads, &new.data, new.rooms.rooms_max), (2, &None, 6));
    assert_eq!(
        report.to_string(),
        "name: not set (was \"one\")\nmax_rooms: 6 (was 5)\nneeds a restart: data, threads"
    );
    // They wait still, the next time.
    let mut again = config("threads = 3\ndata = \"x.db\"\nmax_rooms = 6\n");
    let report = again.succeed(&new);
    assert_eq!(
        (report.changed, report.waiting),
        (vec![], vec!["data", "threads"])
    );
    let mut back = config("threads = 2\nmax_rooms = 6\n");
    assert_eq!(back.succeed(&again).to_string(), "nothing has changed");
}

#[test]
fn whatever_waits_for_a_restart_is_as_it_was_in_the_configuration_that_is_in_effect() {
    const FILE: &str = "data = \"x.db\"\n";
    const URL: &str = "data = \"postgres://db/parlor\"\n";
    for row in OPTIONS
        .iter()
        .filter(|row| row.on_reload == options::OnReload::Restart)
    {
        let other = match row.key {
            "sync" => "\"full\"".to_owned(),
            "log_format" => "\"json\"".to_owned(),
            "node_lease_seconds" => "20".to_owned(),
            _ => row.example_toml().expect("an example"),
        };
        let (data, old) = match row.key {
            "data" => ("", FILE),
            "node_lease_seconds" | "node_name" => (URL, URL),
            _ => (FILE, FILE),
        };
        let old = of_file(old).expect("it makes sense");
        let mut new = of_file(&format!("{data}{} = {other}\n", row.key)).expect("it makes sense");
        let report = new.succeed(&old);
        assert_eq!(report.waiting, [row.key]);
        let without_sources = |config: &Config| {
            let mut config = config.clone();
            config.options.sources = source::Sources::default();
            format!("{config:?}")
        };
        assert_eq!(without_sources(&new), without_sources(&old), "{}", row.key);
    }
}

#[test]
fn what_a_service_keeps_is_in_its_own_directory_unless_somebody_says_otherwise() {
    let data = |directory: &str, more: &[(&str, &str)]| {
        let variables = [&[("STATE_DIRECTORY", directory)], more].concat();
        let source = ConfigSource::new(Options::default(), None, environment(&variables));
        let config = source.read().and_then(Config::new).expect("it makes sense");
        assert_eq!(source.doubts(), [""; 0]);
        config.data.map(|data| data.place())
    };
    let own = Some(DataPlace::new("/var/lib/parlor/chat.db"));
    assert_eq!(data("/var/lib/parlor", &[]), own);
    assert_eq!(data("/var/lib/parlor:/var/lib/other", &[]), own);
    assert_eq!(data("/var/lib/parlor", &[("PARLOR_SYNC", "full")]), own);
    let other = data("/var/lib/parlor", &[("PARLOR_DATA", "/srv/chat.db")]);
    assert_eq!(other, Some(DataPlace::new("/srv/chat.db")));
    let other = data(
        "/var/lib/parlor",
        &[("PARLOR_DATA", "postgres://db/parlor")],
    );
    assert_eq!(other, Some(DataPlace::new("postgres://db/parlor")));
    assert_eq!(data("", &[]), None);
}

proptest! {
    /// Whatever stands in the file: it is read, or there is a place in it for each fault, and nothing that steers a
    /// terminal.
    #[test]
    fn any_text_is_read_or_refused_with_a_place(
        text in prop_oneof![
            any::<String>(),
            "([a-z_]{1,12}|max_rooms|\\[|\\]|=|\"|'|#|\n|\r\n|[0-9.eE+-]{1,6}|\\{|\\}|,|\\.|true|\u{e9}| ){0,40}",
        ],
    ) {
        let mut options = Options::default();
        let mut wrong = Vec::new();
        let path = Path::new("parlor.toml");
        file::parse(path, &text, &mut options, &mut wrong);
        for line in wrong {
            let mut parts = line.splitn(4, ':');
            prop_assert_eq!(parts.next(), Some("parlor.toml"));
            let mut number = || parts.next().and_then(|number| number.parse::<usize>().ok());
            let place = (number(), number());
            prop_assert!(matches!(place, (Some(1..), Some(1..))), "{}", line);
            prop_assert!(!line.contains(char::is_control), "{:?}", line);
        }
    }
}
