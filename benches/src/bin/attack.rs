//! Plays attacks against a server and prints a row of a table for each; see [`parlor_bench::attack`].

use std::net::{SocketAddr, ToSocketAddrs};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use argh::FromArgs;
use parlor_bench::attack::{Case, Scale, Target, report};
use parlor_bench::raise_descriptor_limit;
use parlor_bench::server::Process;

/// Attacks a server and tells what a bystander notices of it.
#[derive(Debug, FromArgs)]
struct Args {
    /// the address and port of a running server of your own; otherwise one is started for each attack
    #[argh(option)]
    server: Option<String>,

    /// its process, if it runs on this machine: memory and processor time are then told
    #[argh(option)]
    pid: Option<u32>,

    /// say that the server at --server is yours if it is not on this machine
    #[argh(switch)]
    own: bool,

    /// the program that is started where there is no --server (default: parlor, beside this one)
    #[argh(option)]
    program: Option<PathBuf>,

    /// seconds that an attack lasts, and that are measured after it (default: 10)
    #[argh(option)]
    seconds: Option<f64>,

    /// seconds for attacks that want to see their connections let go (default: 90)
    #[argh(option)]
    patience: Option<f64>,

    /// attacking connections (default: each attack's own number)
    #[argh(option)]
    connections: Option<usize>,

    /// rooms that there are before, where rooms matter (default: 9000)
    #[argh(option)]
    rooms: Option<usize>,

    /// lines that there are before, where lines matter (default: 200000)
    #[argh(option)]
    lines: Option<usize>,

    /// a small form of all of it, which takes a minute
    #[argh(switch)]
    short: bool,

    /// what to play: idle, names, tabs, zones, lists, searches, pages, rooms, silent, crowd, close, rows,
    /// charset, lookalikes (default: all)
    #[argh(positional)]
    cases: Vec<Case>,
}

fn main() -> ExitCode {
    let args: Args = argh::from_env();
    if let Err(error) = raise_descriptor_limit() {
        eprintln!("attack: {error}");
    }
    let target = match target(&args) {
        Ok(target) => target,
        Err(error) => {
            eprintln!("attack: {error}");
            return ExitCode::from(2);
        }
    };
    let cases = if args.cases.is_empty() {
        &Case::ALL[..]
    } else {
        &args.cases
    };
    let mut code = ExitCode::SUCCESS;
    print!("{}", report::header());
    for case in cases {
        match case.play(&target, scale(&args)) {
            Ok(outcomes) => outcomes
                .iter()
                .for_each(|outcome| print!("{}", report::rows(outcome))),
            Err(error) => {
                eprintln!("attack: {}: {error}", case.name());
                code = ExitCode::FAILURE;
            }
        }
    }
    code
}

fn scale(args: &Args) -> Scale {
    let usual = if args.short {
        Scale::SHORT
    } else {
        Scale::FULL
    };
    let seconds = |value: Option<f64>, usual| value.map_or(usual, Duration::from_secs_f64);
    Scale {
        seconds: seconds(args.seconds, usual.seconds),
        patience: seconds(args.patience, usual.patience),
        connections: args.connections.or(usual.connections),
        rooms: args.rooms.unwrap_or(usual.rooms),
        lines: args.lines.unwrap_or(usual.lines),
    }
}

/// Whom to attack.
fn target(args: &Args) -> Result<Target, String> {
    let Some(server) = &args.server else {
        let beside = || {
            let own = std::env::current_exe().map_err(|error| error.to_string())?;
            Ok(own.with_file_name("parlor"))
        };
        let program = args.program.clone().map_or_else(beside, Ok::<_, String>)?;
        return Ok(Target::Program(program));
    };
    let address = resolve(server)?;
    eprintln!(
        "These attacks slow down, fill or stop the server at {address}, and leave rooms and lines behind in it.\n\
         Attack a server of your own only, and none that anybody else needs now."
    );
    if !address.ip().is_loopback() {
        if !args.own {
            return Err(format!(
                "{address} is not on this machine. If the server is yours, say so with --own. Nothing was sent."
            ));
        }
        eprintln!(
            "A server elsewhere sees all connections come from one address, so its limits for one address also \
             hold for the bystander."
        );
    }
    Ok(Target::Running(address, args.pid.map(Process)))
}

fn resolve(server: &str) -> Result<SocketAddr, String> {
    let mut addresses = server
        .to_socket_addrs()
        .map_err(|error| format!("{server} is no ADDRESS:PORT: {error}"))?;
    addresses
        .next()
        .ok_or_else(|| format!("{server} has no address"))
}
