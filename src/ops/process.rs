//! What the system knows of this process, from `/proc`; nothing where there is none.

use std::fs;

use rustix::param::clock_ticks_per_second;
use rustix::param::page_size;
use rustix::process::{Resource, getrlimit};

/// What the system knows of this process.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Process {
    /// Seconds that its threads have run, for itself and in the system.
    pub(super) cpu_seconds: f64,
    /// Bytes of address space.
    pub(super) virtual_bytes: u64,
    /// Bytes of memory.
    pub(super) resident_bytes: u64,
    pub(super) threads: u64,
    /// Files and sockets that are open, and how many there can be.
    pub(super) open_files: u64,
    pub(super) open_files_max: Option<u64>,
}

impl Process {
    /// As it is now.
    pub(super) fn now() -> Option<Process> {
        let stat = fs::read_to_string("/proc/self/stat").ok()?;
        let stat = Stat::parse(&stat)?;
        // What lists them is open as well.
        let open_files = fs::read_dir("/proc/self/fd")
            .ok()?
            .count()
            .saturating_sub(1);
        Some(Process {
            cpu_seconds: stat.ticks as f64 / clock_ticks_per_second() as f64,
            virtual_bytes: stat.virtual_bytes,
            resident_bytes: stat.resident_pages * page_size() as u64,
            threads: stat.threads,
            open_files: open_files as u64,
            open_files_max: getrlimit(Resource::Nofile).current,
        })
    }
}

/// Some of the fields of `/proc/self/stat`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stat {
    ticks: u64,
    threads: u64,
    virtual_bytes: u64,
    resident_pages: u64,
}

impl Stat {
    /// Reads them: proc_pid_stat(5). The name of the process is the second field, and can hold anything.
    fn parse(text: &str) -> Option<Stat> {
        let (_, rest) = text.rsplit_once(')')?;
        let fields: Vec<&str> = rest.split_whitespace().collect();
        // The third field is the first of these.
        let field = |number: usize| fields.get(number - 3)?.parse::<u64>().ok();
        Some(Stat {
            ticks: field(14)? + field(15)?,
            threads: field(20)?,
            virtual_bytes: field(23)?,
            resident_pages: field(24)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fields_are_found_whatever_the_program_is_called() {
        let text = "4711 (a) b (c) S 1 4711 4711 0 -1 4194560 1 2 3 4 50 7 0 0 20 0 9 0 12345 1000000 256 \
                    18446744073709551615 1 1 0\n";
        let expected = Stat {
            ticks: 57,
            threads: 9,
            virtual_bytes: 1_000_000,
            resident_pages: 256,
        };
        assert_eq!(Stat::parse(text), Some(expected));
        assert_eq!(Stat::parse("4711 (parlor) S 1 2"), None);
        assert_eq!(Stat::parse(""), None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn this_process_has_threads_memory_and_files() {
        let process = Process::now().expect("/proc is there");
        assert!(process.threads >= 1 && process.open_files >= 3);
        assert!(process.resident_bytes > 0 && process.virtual_bytes > process.resident_bytes);
        let _kept_open = fs::File::open("/proc/self/stat").expect("it is there");
        assert!(Process::now().is_some_and(|later| later.cpu_seconds >= process.cpu_seconds));
    }
}
