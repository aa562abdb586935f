//! The load generator: starts a server, plays one case against it, prints what it measured.
//!
//! Output is one line a figure, `case TAB server TAB metric TAB value`, for `report` to collect. One thread,
//! one epoll; see [`crowd`] for what is checked of every line that is delivered.

mod cases;
mod crowd;
mod mixed;
mod nodes;
mod tally;

use std::process::ExitCode;
use std::time::Duration;

use argh::FromArgs;

use nodes::Nodes;
use parlor_bench::raise_descriptor_limit;
use parlor_bench::wire::Dialect;

/// Starts a server, plays one case against it and prints the figures.
#[derive(Debug, FromArgs)]
struct Args {
    /// what to play: closed, burst, open, stalled, crowd or startup
    #[argh(positional)]
    case: String,

    /// the case's name in the output
    #[argh(option)]
    label: String,

    /// what the server speaks: baseline, parlor or parlor-char (Telnet, character mode, half-typed text)
    #[argh(option)]
    speak: Dialect,

    /// the server's name in the output
    #[argh(option)]
    name: String,

    /// members in all (default: 100)
    #[argh(option, default = "100")]
    members: usize,

    /// rooms that they are spread over (default: 1)
    #[argh(option, default = "1")]
    rooms: usize,

    /// senders in each room (default: 10)
    #[argh(option, default = "10")]
    senders: usize,

    /// lines that each sender has on their way at once, in the closed loop (default: 16)
    #[argh(option, default = "16")]
    window: usize,

    /// lines a second of all senders together, in the open loop (default: 50)
    #[argh(option, default = "50")]
    rate: u64,

    /// seconds that are measured, after one to warm up (default: 5)
    #[argh(option, default = "5.0")]
    seconds: f64,

    /// every member takes a name, not only the senders
    #[argh(switch)]
    named: bool,

    /// a third of the members sets a time zone of its own, a third has a name that rings when it is mentioned,
    /// and some ignore the one who mentions them
    #[argh(switch)]
    mixed: bool,

    /// every member comes by TLS
    #[argh(switch)]
    tls: bool,

    /// servers that are started, each with the same command; members come to them in turn (default: 1)
    #[argh(option, default = "1")]
    nodes: usize,

    /// senders come to the first of them, and everybody else to the others, whose processor time is measured
    #[argh(switch)]
    apart: bool,

    /// seconds after which everything is ended, whatever it has come to (default: 90)
    #[argh(option, default = "90")]
    limit: u64,

    /// the server's command
    #[argh(positional, greedy)]
    command: Vec<String>,
}

fn main() -> ExitCode {
    let args: Args = argh::from_env();
    if let Err(error) = raise_descriptor_limit() {
        eprintln!("load: {error}");
    }
    match play(&args) {
        Ok(figures) => {
            for (metric, value) in figures {
                println!("{}\t{}\t{metric}\t{value}", args.label, args.name);
            }
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("load: {} of {}: {error}", args.label, args.name);
            ExitCode::FAILURE
        }
    }
}

fn play(args: &Args) -> Result<cases::Figures, String> {
    let limit = Duration::from_secs(args.limit);
    if args.case == "startup" {
        return cases::startup(&args.command, limit);
    }
    let nodes = Nodes::start(args)?;
    nodes.end_after(limit);
    match args.case.as_str() {
        "closed" => cases::closed(args, &nodes),
        "burst" => cases::burst(args, &nodes),
        "open" => cases::open(args, &nodes),
        "stalled" => cases::stalled(args, &nodes),
        "crowd" => cases::crowd(args, &nodes),
        other => Err(format!("there is no case {other}")),
    }
}
