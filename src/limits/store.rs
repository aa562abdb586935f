//! Bounds of what is kept on disk, and of the work on it.

use std::time::Duration;

use super::{HISTORY_LINES_MAX, HISTORY_PAGE_LINES, LINE_BYTES_MAX, NAME_BYTES_MAX};

/// How long opening a file looks for damage; a check looks at all of it.
pub const STORE_CHECK_MAX: Duration = Duration::from_millis(500);

/// How long to wait when another process has just locked a file that is to be copied.
pub const STORE_COPY_PAUSE: Duration = Duration::from_millis(20);

/// How soon after the last line all are in the file itself, and no longer in the log beside it alone.
pub const STORE_CHECKPOINT_AFTER: Duration = Duration::from_secs(1);

/// Places behind a message that cannot be read which are tried one by one; then the steps grow. A damaged page of the
/// file, of 4 KiB, has fewer messages.
pub const STORE_GAP_STEPS: u32 = 256;

/// Requests that wait for the store's writer. Each room has few on their way, and keeps their lines anyway.
pub const STORE_JOBS_MAX: usize = 256;

/// Lines of one transaction: about 10 ms of writing, which is how long the first waits for the last.
pub const STORE_COMMIT_LINES_MAX: usize = 4096;

/// Queries that wait for the store's readers; further ones wait before they get in line.
pub const STORE_QUERIES_MAX: usize = 256;

/// Threads that search; one more reads pages. A search takes one of them for at most [`SEARCH_TIME_MAX`].
pub const STORE_SEARCHERS: usize = 2;

/// How long a writer waits for another process (an import) that is writing.
pub const STORE_BUSY_MAX: Duration = Duration::from_secs(5);

/// KiB of the file that one connection to the database keeps in memory. The kernel has the file's pages as
/// well, so that more made nothing faster with ten million lines, and a search takes all that it may.
pub const STORE_CACHE_KIB: i64 = 256;

/// Statements that one connection to the database keeps prepared: more than there are.
pub const STORE_STATEMENTS: usize = 32;

/// Pages of 4 KiB in the write-ahead log at which they are moved into the file.
pub const STORE_WAL_PAGES: u32 = 2000;

/// Bytes that the write-ahead log keeps of the disk once it is empty again. When it has more, readers are waited
/// for, so that it becomes empty.
pub const STORE_WAL_BYTES: u32 = 32 * 1024 * 1024;

/// How long the writer waits for readers to let go of a log that is longer than that: many times as long as
/// most searches take. An export may take longer; then it is tried again when the log has grown by as much again.
pub const STORE_WAL_WAIT: Duration = Duration::from_millis(500);

/// How often a store that fails is complained of in the log.
pub const STORE_COMPLAINT_EVERY: Duration = Duration::from_secs(60);

/// Lines of one answer of the store: what a page of any terminal holds, and what `--history` may ask for.
pub const STORE_PAGE_LINES_MAX: usize = HISTORY_LINES_MAX;

/// Bytes of text on a page of a room's past: a thousand usual lines. What came before is asked for in the same way.
pub const STORE_PAGE_BYTES_MAX: usize = 96 * 1024;

/// Who does not ask for more gets all lines that they expect, however long those are.
const _: () =
    assert!(HISTORY_PAGE_LINES * (LINE_BYTES_MAX + NAME_BYTES_MAX) <= STORE_PAGE_BYTES_MAX);

/// The highest number that a message may be imported with: more than a room gives in a year at 100 a second. Numbers go
/// up to 2^40, so enough are left.
pub const MESSAGE_ID_IMPORT_MAX: u64 = 1 << 32;

/// Lines that are entered into the search index in one step, some 10 ms: each step makes a part of the index,
/// and small parts have to be merged more often.
pub const INDEX_LINES: usize = 2048;

/// Bytes of text of such a step, which are in memory meanwhile.
pub const INDEX_BYTES: usize = 256 * 1024;

/// How often as long as a step took the index waits for its next one, when lines are being stored: it takes
/// a twentieth of a processor from those who talk, and still enters thousands of lines a second.
pub const INDEX_REST: u32 = 20;

/// The longest such wait: a step that waited for somebody's lock has not worked all that time.
pub const INDEX_REST_MAX: Duration = Duration::from_secs(2);

/// How long lines gather before they are entered: a few lines cost as much as hundreds.
pub const INDEX_GATHER: Duration = Duration::from_millis(500);

/// How often it is looked whether another process (an import) has stored lines.
pub const INDEX_EVERY: Duration = Duration::from_secs(60);

/// How long the index waits after it failed.
pub const INDEX_RETRY: Duration = Duration::from_secs(60);

/// Lines that are forgotten in one step: up to 10 ms, for which a new line may wait.
pub const FORGET_LINES: usize = 128;

/// How long the writer waits for lines between two such steps.
pub const FORGET_PAUSE: Duration = Duration::from_millis(5);

/// How long it waits after forgetting failed.
pub const FORGET_RETRY: Duration = Duration::from_secs(10);

/// How often it is looked whether there are lines to forget.
pub const FORGET_EVERY: Duration = Duration::from_secs(600);

/// Words of one search; the others are not looked at.
pub const SEARCH_WORDS_MAX: usize = 16;

/// Three-letter parts of the words that are looked up in the index. They find the candidates; whether
/// all words are in a line is checked on the line itself.
pub const SEARCH_PARTS_MAX: usize = 32;

/// Lines that one search reads: some 50 ms. Words of one or two letters, which the index does not know,
/// are found among so many of the last lines.
pub const SEARCH_LINES_MAX: usize = 50_000;

/// How long one search goes on.
pub const SEARCH_TIME_MAX: Duration = Duration::from_secs(1);

/// Lines of one transaction of an import.
pub const IMPORT_LINES: usize = 1000;

/// How long an import pauses after a transaction, so that a running server gets its turn.
pub const IMPORT_PAUSE: Duration = Duration::from_millis(2);

/// Bytes of one line of an import: a whole message with every byte escaped, and its names.
pub const IMPORT_LINE_BYTES_MAX: usize = 128 * 1024;

/// Faults of a file that a check tells; a broken file may have millions.
pub const CHECK_FAULTS_MAX: usize = 20;

/// Copies of one kind that are kept beside a file.
pub const STORE_COPIES_MAX: u32 = 99;
