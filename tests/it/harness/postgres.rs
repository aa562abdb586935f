//! A real PostgreSQL: servers of the test's own, each in a folder of its own and on a free port of 127.0.0.1, and a fresh
//! database for each test. Needs nothing else of the harness, so that other test crates can include it by its path.
//!
//! It refuses to run as root, so root starts it as the user `postgres`. A shell that waits for the end of its input
//! stands by each server: whatever becomes of the test program, the server ends with it, and its folder is removed.

#![allow(
    dead_code,
    reason = "each test crate that includes this uses a part of it"
)]

use std::fs::{self, OpenOptions, Permissions};
use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use nix::unistd::User;
use rustix::process::{Pid, Signal, geteuid, kill_process};

/// How long a server may take for anything.
const PATIENCE: Duration = Duration::from_secs(60);

/// Between two looks at something that nobody tells us of.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// Ports that the system gives to nobody by itself, so that a server which was killed finds its own free again.
const PORTS: std::ops::Range<u16> = 20_000..32_000;

/// The user that PostgreSQL runs as where the tests run as root.
const USER: &str = "postgres";

/// What a server of a test is told beside its port and its folder. It is honest about the disk, and keeps little on it:
/// many run at once.
const SETTINGS: &str = "
listen_addresses = '127.0.0.1'
fsync = on
shared_buffers = 32MB
min_wal_size = 16MB
max_wal_size = 128MB
max_connections = 300
log_line_prefix = '%m [%p] %a '
wal_receiver_status_interval = 1
";

/// A running server, or one that was killed and can be started again. Ends when it is dropped.
#[derive(Debug)]
pub(crate) struct PostgresServer {
    folder: PathBuf,
    port: u16,
    state: Mutex<State>,
    /// Its end is what the guardian waits for.
    guard: Option<ChildStdin>,
    guardian: Child,
    databases: AtomicU32,
}

#[derive(Debug)]
struct State {
    child: Option<Child>,
    /// Processes that were stopped.
    stopped: Vec<u32>,
}

/// The server of this test program that everybody shares who does it no harm.
pub(crate) fn shared_postgres() -> &'static PostgresServer {
    static SHARED: OnceLock<PostgresServer> = OnceLock::new();
    SHARED.get_or_init(PostgresServer::start)
}

impl PostgresServer {
    /// Starts a server.
    pub(crate) fn start() -> PostgresServer {
        PostgresServer::start_with(&[])
    }

    /// Starts a server with settings of its own, as they stand in `postgresql.conf`.
    pub(crate) fn start_with(settings: &[(&str, &str)]) -> PostgresServer {
        let server = PostgresServer::new();
        let copied = Command::new("cp")
            .args(["-a", "--reflink=auto"])
            .arg(template())
            .arg(server.data())
            .status();
        assert!(copied.is_ok_and(|status| status.success()), "cp failed");
        server.configure(settings);
        server.start_again();
        server
    }

    /// A folder, a port, and somebody who clears up behind it.
    fn new() -> PostgresServer {
        let folder = tempfile::Builder::new()
            .prefix("parlor-pg-")
            .tempdir()
            .expect("a folder");
        own(folder.path());
        // From here on it is the guardian's.
        let folder = folder.keep();
        let mut guardian = Command::new("sh")
            .args(["-c", GUARDIAN, "guardian"])
            .arg(&folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .expect("a shell");
        PostgresServer {
            port: free_port(),
            state: Mutex::new(State {
                child: None,
                stopped: Vec::new(),
            }),
            guard: guardian.stdin.take(),
            guardian,
            databases: AtomicU32::new(0),
            folder,
        }
    }

    fn configure(&self, settings: &[(&str, &str)]) {
        self.append_settings(SETTINGS);
        for (name, value) in settings {
            self.append_settings(&format!("{name} = '{value}'\n"));
        }
    }

    fn append_settings(&self, text: &str) {
        let mut file = OpenOptions::new()
            .append(true)
            .open(self.data().join("postgresql.conf"))
            .expect("the settings are there");
        file.write_all(text.as_bytes()).expect("they can be added");
    }

    /// Its folder: `data`, `log`, and its Unix socket.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The folder of its data.
    pub(crate) fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }

    /// The URL of one of its databases.
    pub(crate) fn url(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port)
    }

    /// Creates an empty database, and gives its name.
    pub(crate) fn database(&self) -> String {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.sql("postgres", &format!("CREATE DATABASE {name}"));
        name
    }

    /// Creates an empty database, and gives its URL.
    pub(crate) fn fresh(&self) -> String {
        self.url(&self.database())
    }

    /// Has psql do something in a database. Gives the rows, columns parted by `|`.
    pub(crate) fn sql(&self, database: &str, sql: &str) -> String {
        self.try_sql(database, sql)
            .unwrap_or_else(|error| panic!("{sql}: {error}"))
    }

    /// As [`PostgresServer::sql`], or what psql says instead.
    pub(crate) fn try_sql(&self, database: &str, sql: &str) -> Result<String, String> {
        let output = self
            .client("psql", database)
            .args(["-XAtq", "-v", "ON_ERROR_STOP=1", "-c", sql])
            .output()
            .expect("psql is there");
        match output.status.success() {
            true => Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned()),
            false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
        }
    }

    /// One of PostgreSQL's own clients, at a database of this server.
    pub(crate) fn client(&self, program: &str, database: &str) -> Command {
        let mut command = Command::new(binary(program));
        command
            .env("PGHOST", "127.0.0.1")
            .env("PGPORT", self.port.to_string())
            .env("PGUSER", "postgres")
            .env("PGDATABASE", database)
            .stdin(Stdio::null());
        command
    }

    /// A file of the server's own, which nobody else can read: a key, or rules for who may connect.
    pub(crate) fn put(&self, name: &str, content: &str) -> PathBuf {
        let path = self.folder.join(name);
        fs::write(&path, content).expect("a file");
        fs::set_permissions(&path, Permissions::from_mode(0o600)).expect("it is ours");
        own(&path);
        path
    }

    /// Changes a setting that needs no new start.
    pub(crate) fn set(&self, name: &str, value: &str) {
        self.sql("postgres", &format!("ALTER SYSTEM SET {name} = '{value}'"));
        self.sql("postgres", "SELECT pg_reload_conf()");
        // It is taken up by each process when that has a moment; a new one has it from the beginning.
        let what = format!("{name} becomes {value:?}");
        until(&what, || {
            self.sql("postgres", &format!("SHOW {name}")) == value
        });
    }

    /// What it has logged.
    pub(crate) fn log(&self) -> String {
        let log = fs::read(self.folder.join("log")).unwrap_or_default();
        String::from_utf8_lossy(&log).into_owned()
    }

    /// `kill -9` of all its processes at once. What it had not written is lost.
    pub(crate) fn kill(&self) {
        let mut state = self.state();
        let Some(mut child) = state.child.take() else {
            return;
        };
        // First the one is stopped that would start others.
        signal(child.id(), Signal::STOP);
        until("it stands still", || state_of(child.id()) == Some('T'));
        let all = self.processes(child.id());
        all.iter().for_each(|pid| signal(*pid, Signal::KILL));
        let _ = child.wait();
        self.forget_pid();
        until("its processes are gone", || {
            all.iter().all(|pid| !is_alive(*pid))
        });
        state.stopped.clear();
    }

    /// `pg_ctl stop -m immediate`: it ends without writing anything, as after a power cut, and tells its clients.
    pub(crate) fn stop(&self) {
        if let Some(mut child) = self.state().child.take() {
            signal(child.id(), Signal::QUIT);
            let _ = child.wait();
            self.forget_pid();
        }
    }

    /// `pg_ctl stop -m fast`: it ends in order.
    pub(crate) fn shut_down(&self) {
        if let Some(mut child) = self.state().child.take() {
            signal(child.id(), Signal::INT);
            let _ = child.wait();
            self.forget_pid();
        }
    }

    /// Starts it again on the same data and port, and waits until it can be used.
    pub(crate) fn start_again(&self) {
        self.launch();
        until("PostgreSQL starts", || self.is_up());
    }

    /// Starts it, and waits for nothing.
    pub(crate) fn launch(&self) {
        let mut state = self.state();
        assert!(state.child.is_none(), "it is running");
        let log = OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.folder.join("log"))
            .expect("a file");
        let child = as_user(&binary("postgres"))
            .arg("-D")
            .arg(self.data())
            .args(["-p", &self.port.to_string(), "-k"])
            .arg(&self.folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::from(log))
            .current_dir("/")
            .process_group(0)
            .spawn()
            .expect("PostgreSQL starts");
        fs::write(self.folder.join("pid"), child.id().to_string()).expect("a file");
        state.child = Some(child);
    }

    /// Another process may get its number.
    fn forget_pid(&self) {
        let _ = fs::remove_file(self.folder.join("pid"));
    }

    fn is_up(&self) -> bool {
        if let Some(child) = &mut self.state().child
            && let Ok(Some(status)) = child.try_wait()
        {
            panic!("PostgreSQL has ended: {status}\n{}", self.log());
        }
        let ready = self.client("pg_isready", "postgres").arg("-q").status();
        ready.is_ok_and(|status| status.success())
    }

    /// Stops all its processes where they are (SIGSTOP). The kernel still takes what clients send.
    pub(crate) fn pause(&self) {
        let mut state = self.state();
        let child = state.child.as_ref().expect("it is running").id();
        // Those that were started meanwhile are found in the second round, when nobody starts any.
        for _ in 0..2 {
            state.stopped = self.processes(child);
            for pid in &state.stopped {
                signal(*pid, Signal::STOP);
            }
        }
    }

    /// Lets it go on.
    pub(crate) fn resume(&self) {
        for pid in std::mem::take(&mut self.state().stopped) {
            signal(pid, Signal::CONT);
        }
    }

    /// Its first process, and all that this one has started.
    fn processes(&self, first: u32) -> Vec<u32> {
        let mut processes = vec![first];
        let all = fs::read_dir("/proc").expect("there are processes");
        let pids = all.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
        processes.extend(pids.filter(|pid| parent_of(*pid) == Some(first)));
        processes
    }

    /// A standby that is given all that is written here, and has it all by now. It is not waited for before
    /// [`PostgresServer::wait_for_standby`].
    pub(crate) fn standby(&self, name: &str) -> PostgresServer {
        let connection = format!(
            "host=127.0.0.1 port={} user=postgres application_name={name}",
            self.port
        );
        let words = ["pg_basebackup", "-X", "stream", "-c", "fast", "-R", "-d"];
        self.standby_by(name, &[&words[..], &[&connection]].concat())
    }

    /// The same by a command of the caller's, which `-D` and the folder are added to.
    pub(crate) fn standby_by(&self, name: &str, command: &[&str]) -> PostgresServer {
        let standby = PostgresServer::new();
        let made = as_user(&binary(command[0]))
            .args(&command[1..])
            .arg("-D")
            .arg(standby.data())
            .current_dir("/")
            .status();
        assert!(made.is_ok_and(|status| status.success()), "no copy");
        // Else it would wait for a standby of its own once it is promoted.
        standby.append_settings("synchronous_standby_names = ''\n");
        let of_the_primary = standby.data().join("postgresql.auto.conf");
        let text = fs::read_to_string(&of_the_primary).expect("it was copied");
        let kept = text
            .lines()
            .filter(|line| !line.starts_with("synchronous_standby_names"));
        let kept: Vec<&str> = kept.collect();
        fs::write(of_the_primary, kept.join("\n") + "\n").expect("a file");
        standby.start_again();
        until("the standby streams", || self.streams_to(name));
        standby
    }

    fn streams_to(&self, name: &str) -> bool {
        let sql = format!(
            "SELECT 1 FROM pg_stat_replication WHERE application_name = '{name}' AND state = 'streaming'"
        );
        !self.sql("postgres", &sql).is_empty()
    }

    /// From now on a commit is answered once the standby of this name has it on its disk.
    pub(crate) fn wait_for_standby(&self, name: &str) {
        self.set("synchronous_standby_names", name);
        let sql = "SELECT sync_state FROM pg_stat_replication";
        until("the standby is synchronous", || {
            self.sql("postgres", sql) == "sync"
        });
    }

    /// Makes a standby a server of its own.
    pub(crate) fn promote(&self) {
        self.sql("postgres", "SELECT pg_promote(true, 60)");
        until("it is no standby any more", || {
            self.sql("postgres", "SELECT pg_is_in_recovery()") == "f"
        });
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for PostgresServer {
    fn drop(&mut self) {
        drop(self.guard.take());
        if let Some(mut child) = self.state().child.take() {
            let _ = child.wait();
        }
        let _ = self.guardian.wait();
    }
}

/// Waits until nobody holds its input open any more, however that has come, and then ends the server of the folder `$1`: by
/// SIGQUIT, after which it leaves no shared memory behind, or at last by SIGKILL.
const GUARDIAN: &str = r#"
trap '' INT TERM HUP
read -r _
if pid=$(cat "$1/pid"); then
    kill -QUIT "$pid"
    kill -CONT "$pid"
    for _ in $(seq 50); do
        [ -e "/proc/$pid" ] && ! grep -q '^State:.Z' "/proc/$pid/status" || break
        sleep 0.1
    done
    kill -KILL "$pid"
fi
rm -rf "$1"
"#;

/// Data of a server that was never started, made once for each test program.
fn template() -> &'static Path {
    static MADE: OnceLock<PostgresServer> = OnceLock::new();
    let made = MADE.get_or_init(|| {
        let server = PostgresServer::new();
        let made = as_user(&binary("initdb"))
            .args(["--no-sync", "--wal-segsize=1", "-A", "trust"])
            .args(["-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8", "-D"])
            .arg(server.data())
            .current_dir("/")
            .stdout(Stdio::null())
            .status();
        assert!(made.is_ok_and(|status| status.success()), "initdb failed");
        server
    });
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| made.data())
}

/// A program of the newest PostgreSQL there is: Debian keeps them out of everybody's way.
fn binary(name: &str) -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let versions = versions.filter_map(|entry| {
        let path = entry.ok()?.path();
        let version: u32 = path.file_name()?.to_str()?.parse().ok()?;
        let file = path.join("bin").join(name);
        file.is_file().then_some((version, file))
    });
    let newest = versions.max();
    let (_, file) = newest.unwrap_or_else(|| {
        panic!("`{name}` is missing, and this test needs it: apt-get install postgresql")
    });
    file
}

/// A command that is not run by root.
fn as_user(program: &Path) -> Command {
    if !geteuid().is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command
        .args(["--reuid", USER, "--regid", USER, "--clear-groups", "--"])
        .arg(program);
    command
}

/// Gives a file to the user that PostgreSQL runs as.
fn own(path: &Path) {
    if geteuid().is_root() {
        let user = User::from_name(USER)
            .expect("users can be read")
            .expect("there is a user postgres: apt-get install postgresql");
        chown(path, Some(user.uid.as_raw()), Some(user.gid.as_raw())).expect("root can");
    }
}

fn free_port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let count = u32::from(PORTS.end - PORTS.start);
    // Test programs that run side by side begin at different places.
    let first = std::process::id().wrapping_mul(7919);
    let ports = std::iter::repeat_with(|| {
        let number = first.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed)) % count;
        PORTS.start + u16::try_from(number).expect("a port")
    });
    let mut free = ports
        .take(1000)
        .filter(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok());
    free.next().expect("a free port")
}

fn parent_of(pid: u32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name before it, in brackets, may have anything in it.
    let (_, rest) = stat.rsplit_once(')')?;
    rest.split_whitespace().nth(1)?.parse().ok()
}

fn is_alive(pid: u32) -> bool {
    state_of(pid).is_some_and(|state| state != 'Z')
}

/// The letter that tells what a process does; see proc(5).
fn state_of(pid: u32) -> Option<char> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, rest) = stat.rsplit_once(')')?;
    rest.trim_start().chars().next()
}

fn signal(pid: u32, signal: Signal) {
    if let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
        // It may have ended by itself.
        let _ = kill_process(pid, signal);
    }
}

/// Looks until it is so.
fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < deadline, "not within {PATIENCE:?}: {what}");
        thread::sleep(LOOK_EVERY);
    }
}
