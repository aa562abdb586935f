//! The file: whose it is, whether it is ours, its schema and how that came about.
//!
//! `application_id` says that a file is a parlor's, `user_version` the version of its schema. A file of an
//! earlier version is brought forward when it is opened for writing; one of a later version is refused.
//! Nothing is written to a file before both are known.
//!
//! The tables can be read with any SQLite; `transcript` is a view for people.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;

use rusqlite::backup::Backup;
use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};
use rustix::fs::{Access, access};
use rustix::io::Errno;

use super::{Durability, claim};
use crate::limits::{
    STORE_BUSY_MAX, STORE_CACHE_KIB, STORE_CHECK_MAX, STORE_COPIES_MAX, STORE_COPY_PAUSE,
    STORE_STATEMENTS, STORE_WAL_BYTES, STORE_WAL_PAGES,
};

/// `parl`, in the header of every file that a parlor made.
pub const APPLICATION_ID: i64 = 0x7061_726C;

/// What makes a file of version `n + 1` out of one of version `n`. Entries are never changed, only added.
const MIGRATIONS: &[&str] = &[
    include_str!("schema/1.sql"),
    include_str!("schema/2.sql"),
    include_str!("schema/3.sql"),
    include_str!("schema/4.sql"),
    include_str!("schema/5.sql"),
    include_str!("schema/6.sql"),
    include_str!("schema/7.sql"),
];

/// The version of the schema that this program reads and writes.
pub const SCHEMA_VERSION: i64 = MIGRATIONS.len() as i64;

/// Bytes of the shortest database there can be: one page of the smallest size.
const SQLITE_BYTES_MIN: u64 = 512;

/// Why a file was not opened. Each has the file's path; the text is for the operator.
#[derive(Debug)]
pub enum OpenError {
    /// Another server has it.
    InUse(PathBuf),
    /// It is not a parlor's.
    Foreign(PathBuf),
    /// A later version of this program made it: with this version of the schema.
    Newer(PathBuf, i64),
    /// An earlier version of this program made it, and it was opened to be read only.
    Older(PathBuf, i64),
    /// Its content makes no sense.
    Damaged(PathBuf, String),
    /// It, or what belongs to it, cannot be written: what, and why.
    ReadOnly(PathBuf, String),
    /// It could not be opened, read or written.
    Io(PathBuf, String),
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OpenError::InUse(path) => {
                write!(f, "{}: another server is using it", path.display())
            }
            OpenError::Foreign(path) => {
                write!(f, "{}: this is not a file of parlor's", path.display())
            }
            OpenError::Newer(path, version) => write!(
                f,
                "{}: it was made by a later version of parlor (schema {version}; this one knows up to \
                 {SCHEMA_VERSION})",
                path.display()
            ),
            OpenError::Older(path, version) => write!(
                f,
                "{}: it was made by an earlier version of parlor (schema {version}); start the server with it once",
                path.display()
            ),
            OpenError::Damaged(path, what) => {
                write!(
                    f,
                    "{}: the file is damaged: {what}; `parlor restore` puts a backup in its place",
                    path.display()
                )
            }
            OpenError::ReadOnly(path, what) => write!(f, "{}: {what}", path.display()),
            OpenError::Io(path, what) => write!(f, "{}: {what}", path.display()),
        }
    }
}

impl std::error::Error for OpenError {}

/// The path of a file that belongs to the one at `path`.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut beside = path.as_os_str().to_owned();
    beside.push(suffix);
    beside.into()
}

/// The path without links, so that all ways to a file lead to one claim. The file itself need not exist.
pub(super) fn canonical(path: &Path) -> Result<PathBuf, OpenError> {
    if let Ok(found) = fs::canonicalize(path) {
        return Ok(found);
    }
    let failed = |why: String| OpenError::Io(path.to_owned(), why);
    let name = path
        .file_name()
        .ok_or_else(|| failed("this is not a file".to_owned()))?;
    let folder = fs::canonicalize(folder_of(path))
        .map_err(|error| failed(format!("its directory cannot be opened: {error}")))?;
    Ok(folder.join(name))
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

/// Opens a file to write, makes it if there is none, and brings its schema forward.
pub(super) fn open_to_write(path: &Path, sync: Durability) -> Result<Connection, OpenError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
    if !path.exists() && access(folder_of(path), Access::WRITE_OK).is_err() {
        return Err(read_only(path));
    }
    // SQLite would make one that others can read. What cannot be made is explained below.
    let _ = claim::create(path);
    let mut db = open(path, flags)?;
    let explain = |error| explained(path, &error);
    if db.is_readonly("main").map_err(explain)? {
        return Err(read_only(path));
    }
    let version = identify(&db, path)?;
    check_quickly(&db, path)?;
    prepare_to_write(&db, sync).map_err(explain)?;
    if (1..SCHEMA_VERSION).contains(&version) {
        let copy = keep_version(&db, path, version)?;
        tracing::info!(file = %path.display(), copy = %copy.display(), "copied before the upgrade");
    }
    let migrated = migrate(&mut db, MIGRATIONS).map_err(explain)?;
    if migrated > 0 && version > 0 {
        tracing::info!(file = %path.display(), schema = SCHEMA_VERSION, "upgraded the schema");
    }
    try_tables(&db).map_err(|error| not_ours(path, &error))?;
    Ok(db)
}

/// Copies a file as it is before its schema is brought forward: an earlier version of this program can use the copy.
fn keep_version(db: &Connection, path: &Path, version: i64) -> Result<PathBuf, OpenError> {
    let failed = |why: String| {
        let why =
            format!("it cannot be copied, as is done before the upgrade of its schema: {why}");
        OpenError::Io(path.to_owned(), why)
    };
    let suffix = |number| match number {
        1 => format!(".v{version}.bak"),
        _ => format!(".v{version}-{number}.bak"),
    };
    let to = unused(path, suffix).map_err(|error| failed(error.to_string()))?;
    claim::create(&to).map_err(|error| failed(error.to_string()))?;
    let copied = copy_all(db, &to);
    copied.map_err(|error| {
        // The error that matters is the first.
        let _ = fs::remove_file(&to);
        failed(error.to_string())
    })?;
    Ok(to)
}

/// A name beside a file that no other file has: the first of those with a suffix for the numbers from 1.
pub(super) fn unused(path: &Path, suffix: impl Fn(u32) -> String) -> io::Result<PathBuf> {
    let mut names = (1..=STORE_COPIES_MAX).map(|number| beside(path, &suffix(number)));
    names
        .find(|name| !name.exists())
        .ok_or_else(|| io::Error::other(format!("there are {STORE_COPIES_MAX} copies already")))
}

/// Copies all of a database, as it is at one moment, into the empty file at `to`.
pub(super) fn copy_all(db: &Connection, to: &Path) -> rusqlite::Result<()> {
    let mut copy = Connection::open(to)?;
    // All pages in one step: in several it would start anew whenever the server writes. Neither the server's
    // writer nor its readers wait for a step.
    Backup::new(db, &mut copy)?.run_to_completion(i32::MAX, STORE_COPY_PAUSE, None)
}

/// Looks for damage for a while, so that a damaged file is not written to. What is found later is told then.
fn check_quickly(db: &Connection, path: &Path) -> Result<(), OpenError> {
    let (interrupt, (done, is_done)) = (db.get_interrupt_handle(), mpsc::channel::<()>());
    let watch = thread::spawn(move || {
        if let Err(RecvTimeoutError::Timeout) = is_done.recv_timeout(STORE_CHECK_MAX) {
            interrupt.interrupt();
        }
    });
    let found = db.query_row("PRAGMA quick_check(1)", (), |row| row.get::<_, String>(0));
    drop(done);
    // It may interrupt up to now, and nothing that comes later.
    let _ = watch.join();
    match found {
        Ok(fault) if fault != "ok" => Err(OpenError::Damaged(path.to_owned(), one_line(&fault))),
        Ok(_) => Ok(()),
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::OperationInterrupted) => Ok(()),
        Err(error) => Err(explained(path, &error)),
    }
}

/// Opens a file that exists to read.
pub(super) fn open_to_read(path: &Path) -> Result<Connection, OpenError> {
    let db = open(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    match identify(&db, path)? {
        SCHEMA_VERSION => (),
        0 => return Err(OpenError::Foreign(path.to_owned())),
        version => return Err(OpenError::Older(path.to_owned(), version)),
    }
    try_tables(&db).map_err(|error| not_ours(path, &error))?;
    Ok(db)
}

/// Opens a file of any version that this program knows, to be copied, once all of it was looked at.
pub(super) fn open_whole(path: &Path) -> Result<Connection, OpenError> {
    let db = open(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    if identify(&db, path)? == 0 {
        return Err(OpenError::Foreign(path.to_owned()));
    }
    let faults = structure_faults(&db, 1).map_err(|error| explained(path, &error))?;
    match faults.into_iter().next() {
        Some(fault) => Err(OpenError::Damaged(path.to_owned(), fault)),
        None => Ok(db),
    }
}

fn open(path: &Path, flags: OpenFlags) -> Result<Connection, OpenError> {
    // SQLite takes so short a file for an empty one, and would write over it.
    let length = fs::metadata(path).map_or(0, |found| found.len());
    if (1..SQLITE_BYTES_MIN).contains(&length) {
        return Err(OpenError::Foreign(path.to_owned()));
    }
    connect(path, flags).map_err(|error| explained(path, &error))
}

/// A connection, with the settings that all have in common.
pub(super) fn connect(path: &Path, flags: OpenFlags) -> rusqlite::Result<Connection> {
    let db = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    db.busy_timeout(STORE_BUSY_MAX)?;
    db.set_prepared_statement_cache_capacity(STORE_STATEMENTS);
    // A negative number is one of kibibytes.
    db.pragma_update(None, "cache_size", -STORE_CACHE_KIB)?;
    Ok(db)
}

/// Settings that hold for one connection, except for the journal mode, which stays with the file.
pub(super) fn prepare_to_write(db: &Connection, sync: Durability) -> rusqlite::Result<()> {
    db.pragma_update(None, "journal_mode", "wal")?;
    db.pragma_update(
        None,
        "synchronous",
        match sync {
            Durability::Normal => "normal",
            Durability::Full => "full",
        },
    )?;
    db.pragma_update(None, "wal_autocheckpoint", STORE_WAL_PAGES)?;
    db.pragma_update(None, "journal_size_limit", STORE_WAL_BYTES)
}

/// The version of a file's schema; 0 for a file without any content.
fn identify(db: &Connection, path: &Path) -> Result<i64, OpenError> {
    let number = |sql: &str| {
        let row = db.query_row(sql, (), |row| row.get::<_, i64>(0));
        row.map_err(|error| explained(path, &error))
    };
    // The first query reads the header, and finds a file that has fewer pages than it should.
    let things = number("SELECT count(*) FROM sqlite_schema")?;
    let application = number("PRAGMA application_id")?;
    let version = number("PRAGMA user_version")?;
    match (application, version) {
        (0, 0) if things == 0 => Ok(0),
        (APPLICATION_ID, version) if version > SCHEMA_VERSION => {
            Err(OpenError::Newer(path.to_owned(), version))
        }
        (APPLICATION_ID, version) if version > 0 => Ok(version),
        _ => Err(OpenError::Foreign(path.to_owned())),
    }
}

/// Takes the steps that the file has not seen, each in a transaction of its own. Returns how many they were.
fn migrate(db: &mut Connection, steps: &[&str]) -> rusqlite::Result<usize> {
    let mut taken = 0;
    for (step, next) in steps.iter().zip(1..) {
        let change = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        // Asked anew each time: another process may have done it meanwhile.
        let version: i64 = change.query_row("PRAGMA user_version", (), |row| row.get(0))?;
        if version < next {
            change.execute_batch(step)?;
            change.pragma_update(None, "application_id", APPLICATION_ID)?;
            change.pragma_update(None, "user_version", next)?;
            change.commit()?;
            taken += 1;
        }
    }
    Ok(taken)
}

/// Writes the header as it is. That is a page like any other: what can be written can be stored, and the file is no
/// longer for it.
pub(super) fn rewrite_header(db: &Connection) -> rusqlite::Result<()> {
    db.pragma_update(None, "application_id", APPLICATION_ID)
}

/// Reads a little of every table, so that a file which only pretends is found out at the start.
fn try_tables(db: &Connection) -> rusqlite::Result<()> {
    for sql in [
        "SELECT id, name, key, topic, created, last_id, care, closed, purge, heir, closed_by FROM rooms LIMIT 1",
        "SELECT place, time, name, kind, text FROM messages LIMIT 1",
        "SELECT place, time, name, kind, text FROM messages ORDER BY place DESC LIMIT 1",
        "SELECT name, folded, folded_skeleton, skeleton_folded, password, created, seen, settings,
                reads FROM accounts LIMIT 1",
        "SELECT number, account, fingerprint, added FROM account_keys LIMIT 1",
        "SELECT number, place FROM late LIMIT 1",
        "SELECT time, boot, uptime FROM clock",
    ] {
        db.prepare(sql)?.query(())?.next()?;
    }
    Ok(())
}

/// What SQLite finds wrong with the pages and tables of a file, up to `most` sentences.
pub(super) fn structure_faults(db: &Connection, most: usize) -> rusqlite::Result<Vec<String>> {
    let mut select = db.prepare(&format!("PRAGMA integrity_check({most})"))?;
    let rows = select.query_map((), |row| row.get::<_, String>(0))?;
    rows.filter(|fault| fault.as_ref().map_or(true, |fault| fault != "ok"))
        .map(|fault| Ok(one_line(&fault?)))
        .collect()
}

/// SQLite puts a heading above the first.
fn one_line(fault: &str) -> String {
    let lines = fault.lines().filter(|line| !line.starts_with("***"));
    lines.collect::<Vec<_>>().join("; ")
}

fn not_ours(path: &Path, error: &rusqlite::Error) -> OpenError {
    match error.sqlite_error_code() {
        Some(ErrorCode::Unknown) => OpenError::Damaged(path.to_owned(), error.to_string()),
        _ => explained(path, error),
    }
}

/// What an error means for the file.
pub(super) fn explained(path: &Path, error: &rusqlite::Error) -> OpenError {
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => OpenError::Foreign(path.to_owned()),
        Some(ErrorCode::DatabaseCorrupt) => OpenError::Damaged(path.to_owned(), error.to_string()),
        Some(ErrorCode::ReadOnly) => read_only(path),
        Some(ErrorCode::CannotOpen) => match access(path, Access::READ_OK) {
            Ok(()) if path.is_file() => read_only(path),
            Ok(()) => OpenError::Io(path.to_owned(), "this is not a file".to_owned()),
            Err(why) => OpenError::Io(path.to_owned(), format!("it cannot be opened: {why}")),
        },
        _ => OpenError::Io(path.to_owned(), error.to_string()),
    }
}

/// Says which of the files that make a database cannot be written, or made. SQLite names none.
pub(super) fn read_only(path: &Path) -> OpenError {
    let read_only = |path: PathBuf, what: String| OpenError::ReadOnly(path, what);
    if let Err(why) = access(folder_of(path), Access::WRITE_OK | Access::EXEC_OK) {
        let what = "no files can be created in its directory, as is needed while it is in use";
        return read_only(path.to_owned(), format!("{what}: {why}"));
    }
    for end in ["", "-lock", "-wal", "-shm"] {
        let part = beside(path, end);
        match access(&part, Access::WRITE_OK) {
            Ok(()) | Err(Errno::NOENT) => {}
            Err(why) => return read_only(part, format!("it cannot be written to: {why}")),
        }
    }
    read_only(path.to_owned(), "it cannot be written to".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column_count(db: &Connection) -> usize {
        db.prepare("SELECT * FROM t")
            .expect("a table")
            .column_count()
    }

    #[test]
    fn no_connection_caches_more_than_a_little() {
        let folder = tempfile::TempDir::new().expect("a directory");
        let path = folder.path().join("chat.db");
        let to_write = open_to_write(&path, Durability::Normal).expect("a new file");
        let to_read = open_to_read(&path).expect("a file");
        for db in [to_write, to_read] {
            let kib: i64 = db
                .query_row("PRAGMA cache_size", (), |row| row.get(0))
                .expect("a number");
            assert_eq!(kib, -STORE_CACHE_KIB);
        }
    }

    #[test]
    fn a_file_takes_only_the_steps_it_has_not_seen() {
        let steps = [
            "CREATE TABLE t(a)",
            "ALTER TABLE t ADD COLUMN b",
            "ALTER TABLE t ADD COLUMN c",
        ];
        let mut db = Connection::open_in_memory().expect("a database");
        for (known, taken) in [(1, 1), (1, 0), (3, 2), (3, 0)] {
            let result = migrate(&mut db, &steps[..known]).expect("the steps work");
            assert_eq!((result, column_count(&db)), (taken, known));
        }
        // A file that is ahead of the program is none of this function's business, and stays as it is.
        assert_eq!(migrate(&mut db, &steps[..1]).expect("nothing to do"), 0);
        assert_eq!(column_count(&db), 3);
    }

    #[test]
    fn a_step_that_fails_leaves_the_version_before_it() {
        let steps = ["CREATE TABLE t(a)", "ALTER TABLE t ADD COLUMN b; nonsense"];
        let mut db = Connection::open_in_memory().expect("a database");
        migrate(&mut db, &steps).expect_err("the second step is nonsense");
        assert_eq!(column_count(&db), 1);
        let version: i64 = db
            .query_row("PRAGMA user_version", (), |row| row.get(0))
            .expect("a number");
        assert_eq!(version, 1);
    }
}
