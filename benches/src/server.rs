//! The server under test: a child process, and what Linux tells of it.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};
use std::{fs, thread};

/// What `/proc/PID/stat` counts in, for every Linux that anybody runs.
const TICKS_PER_SECOND: f64 = 100.0;

/// How long a server may take to say that it listens.
const START_MAX: Duration = Duration::from_secs(10);

/// A running server; it is ended when this is dropped.
#[derive(Debug)]
pub struct Server {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
    /// From its start until it said that it listens.
    pub startup: Duration,
}

impl Server {
    /// Starts `command` and waits until it says `listening on ADDRESS`.
    ///
    /// # Errors
    ///
    /// What went wrong, in words: it does not start, or never says where it listens.
    pub fn start(command: &[String]) -> Result<Server, String> {
        let (program, args) = command.split_first().ok_or("no server command was given")?;
        let begun = Instant::now();
        let mut child = Command::new(program)
            .args(args)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| format!("cannot start {program}: {error}"))?;
        let listening = wait_for_address(&mut child);
        let startup = begun.elapsed();
        match listening {
            Ok(address) => Ok(Server {
                child,
                address,
                startup,
            }),
            Err(error) => {
                end(&mut child);
                Err(error)
            }
        }
    }

    /// If the server still runs after `limit` it is killed and so is this process: every run ends.
    pub fn end_after(&self, limit: Duration) {
        end_after(limit, vec![self.process()]);
    }

    /// What Linux tells of it.
    pub fn process(&self) -> Process {
        Process(self.child.id())
    }

    /// Processor time that the server has used, in seconds.
    pub fn cpu_seconds(&self) -> f64 {
        self.process().cpu_seconds()
    }

    /// Its resident memory, in KiB.
    pub fn resident_kib(&self) -> f64 {
        self.process().kib("smaps_rollup", "Rss:")
    }
}

/// A process by its id. What Linux does not tell, since it is gone or somebody else's, is not a number.
#[derive(Clone, Copy, Debug)]
pub struct Process(pub u32);

impl Process {
    /// Processor time that it has used, in seconds.
    pub fn cpu_seconds(self) -> f64 {
        cpu_seconds(&self.0.to_string())
    }

    /// Its resident memory in KiB, as far as the kernel has added it up: a little off, and quick enough to be
    /// asked many times a second.
    pub fn rough_resident_kib(self) -> f64 {
        self.kib("status", "VmRSS:")
    }

    /// How many files and sockets it has open.
    pub fn descriptors(self) -> Option<usize> {
        let folder = fs::read_dir(format!("/proc/{}/fd", self.0)).ok()?;
        Some(folder.count())
    }

    fn kib(self, file: &str, field: &str) -> f64 {
        let text = fs::read_to_string(format!("/proc/{}/{file}", self.0)).unwrap_or_default();
        text.lines()
            .find_map(|line| line.strip_prefix(field))
            .and_then(|rest| rest.trim().trim_end_matches(" kB").parse().ok())
            .unwrap_or(f64::NAN)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

/// Processor time that this process has used, in seconds.
pub fn own_cpu_seconds() -> f64 {
    cpu_seconds("self")
}

fn cpu_seconds(process: &str) -> f64 {
    let text = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    // The second field is the program's name in parentheses and may hold spaces.
    let fields = text.rsplit_once(')').map_or("", |(_, fields)| fields);
    let ticks = |field: usize| -> f64 {
        let value = fields.split_whitespace().nth(field);
        value
            .and_then(|value| value.parse().ok())
            .unwrap_or(f64::NAN)
    };
    (ticks(11) + ticks(12)) / TICKS_PER_SECOND
}

/// Reads the server's standard error up to the address, and drops what comes later.
fn wait_for_address(child: &mut Child) -> Result<SocketAddr, String> {
    let stderr = child
        .stderr
        .take()
        .ok_or("the server has no standard error")?;
    let (found, address) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(stderr).lines().map_while(Result::ok) {
            let place = line.strip_prefix("listening on ");
            let place = place.map(|place| place.strip_prefix("tls+").unwrap_or(place));
            match place.map(str::parse) {
                Some(Ok(address)) => drop(found.send(address)),
                _ => eprintln!("server: {line}"),
            }
        }
    });
    address
        .recv_timeout(START_MAX)
        .map_err(|_| "the server did not say where it listens".to_owned())
}

fn end(child: &mut Child) {
    // It may have gone by itself; either way it is waited for.
    let _ = child.kill();
    let _ = child.wait();
}

/// If this process still runs after `limit` it ends, and these servers with it.
pub fn end_after(limit: Duration, servers: Vec<Process>) {
    thread::spawn(move || {
        thread::sleep(limit);
        eprintln!("not done after {} s, ended", limit.as_secs());
        let pids = servers.iter().filter_map(|server| {
            let pid = i32::try_from(server.0).ok()?;
            rustix::process::Pid::from_raw(pid)
        });
        for pid in pids {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
        }
        std::process::exit(2);
    });
}
