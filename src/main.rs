//! The program: arguments, then [`Config`], then listeners, then [`server::run`].

use std::process::ExitCode;
use std::sync::Arc;

use parlor::cli::args::Args;
use parlor::cli::{self, Failure};
use parlor::config::Config;
use parlor::runtime::Runtime;
use parlor::server::signals::StopSignal;
use parlor::server::systemd::{self, Notifier};
use parlor::server::{self, Entrances, Start};
use smol::Executor;
use tikv_jemallocator::Jemalloc;
use tracing::warn;

/// Gives memory back to the system when a crowd has left; `.cargo/config.toml` says how soon.
#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

fn main() -> ExitCode {
    cli::run(std::env::args_os(), start)
}

fn start(mut args: Args) -> Result<(), Failure> {
    if let Some(command) = args.command.take() {
        return command.run();
    }
    // Before anything is opened that could be taken for one of them.
    let inherited = systemd::inherited()?;
    let source = args.into_source();
    let config = Config::new(source.read()?)?;
    let log = server::log::start(config.log, config.log_format);
    let mut log = log.map_err(|error| format!("cannot start the log: {error}"))?;
    let doubts = source.doubts().into_iter();
    for doubt in doubts.chain(config.password_doubt()) {
        warn!("{doubt}");
    }
    server::raise_descriptor_limit();
    let signal = StopSignal::new().map_err(|error| format!("cannot catch signals: {error}"))?;
    let runtime = Runtime::new(Arc::new(Executor::new()));
    let store = config.open_store(&runtime)?;
    let entrances = Entrances::open(&config, inherited, &runtime.clock, &mut log)?;
    runtime
        .start_threads(config.threads - 1)
        .map_err(|error| format!("cannot start {} threads: {error}", config.threads))?;
    let start = Start {
        config,
        source,
        store,
        entrances,
        notifier: Notifier::of_environment(),
    };
    let served = runtime.block_on(server::run(runtime.clone(), start, signal));
    log.finish();
    Ok(served?)
}
