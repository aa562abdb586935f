//! Bounds of terminals, of what is typed there, and of how it is drawn.

use std::ops::RangeInclusive;
use std::time::Duration;

use super::LINE_BYTES_MAX;

/// Window widths believed, in columns. Narrower, not even a prompt fits; wider than any screen is a
/// client that does not know.
pub const WINDOW_COLUMNS: RangeInclusive<u16> = 8..=1_000;

/// Window heights believed, in rows.
pub const WINDOW_ROWS: RangeInclusive<u16> = 2..=1_000;

/// Bytes of one escape sequence from a terminal. Real ones have under 40; the bound exists because
/// a sequence that never ends would swallow everything typed after it.
pub const ESCAPE_BYTES_MAX: u16 = 256;

/// Lines in the history of one editor: more than anybody steps through with the Up key.
pub const RECALL_LINES_MAX: usize = 128;

/// Bytes in the history of one editor, which bounds what a member who stays for days costs.
pub const RECALL_BYTES_MAX: usize = 16 * 1024;

/// Bytes of the text looked for in the history.
pub const SEARCH_BYTES_MAX: usize = 256;

/// What a word is completed to at most: more than anybody reads.
pub const CANDIDATES_MAX: usize = 64;

/// Names that are looked at for that, whether they are shown or not.
pub const CANDIDATES_LOOKED_AT_MAX: usize = 1000;

/// Edits that can be undone on one line.
pub const UNDO_EDITS_MAX: usize = 64;

/// Bytes of removed text kept so that it can be undone: two whole lines.
pub const UNDO_BYTES_MAX: usize = 2 * LINE_BYTES_MAX;

/// Lines taken from one paste: a screen or two of log, which is what a chat can bear.
pub const PASTE_LINES_MAX: usize = 100;

/// Bytes taken from one paste.
pub const PASTE_BYTES_MAX: usize = 8 * 1024;

/// A paste that is not sent goes into the history whole, with an unfinished last line.
const _: () = assert!(PASTE_LINES_MAX < RECALL_LINES_MAX && PASTE_BYTES_MAX <= RECALL_BYTES_MAX);
const _: () = assert!(LINE_BYTES_MAX <= PASTE_BYTES_MAX);

/// How long the byte after a first line's CR may take before the line counts as ended by CR alone.
pub const CR_WAIT_MAX: Duration = Duration::from_millis(50);

/// How long an ESC waits for the rest of a sequence before it is taken for the Esc key, where that means something.
/// Terminals send a sequence at once; a network may cut it.
pub const ESCAPE_WAIT_MAX: Duration = Duration::from_millis(50);

/// Columns at which rows are wrapped for a terminal in line mode, whose width nobody knows.
pub const LINE_MODE_COLUMNS: u16 = 79;

/// Columns of a terminal that has not told its width.
pub const COLUMNS: u16 = 80;

/// Columns by which the rows of a line are indented after its first, unless they stand below its text.
pub const INDENT_COLUMNS: usize = 2;
const _: () = assert!(INDENT_COLUMNS < *WINDOW_COLUMNS.start() as usize);

/// Columns that must be left to the rows of a line that stand below its text. With fewer, a long name or a narrow
/// screen would make a thin strip of it.
pub const HANGING_COLUMNS_MIN: usize = 40;

/// Lines of one turn of a room of which a member's own are drawn with the name in bold, for that member alone. In a
/// flood nobody looks for it, and drawing would take as long for each as it takes for all.
pub const OWN_DRAWN_MAX: usize = 32;

/// Columns that a question leaves for the answer, if it can.
pub const ANSWER_COLUMNS: usize = 16;

/// How long after messages were shown the next ones wait, on a terminal that is only appended to, so that those of a
/// moment share one prompt.
pub const PROMPT_SHARED: Duration = Duration::from_secs(1);

/// The same after `\dense`.
pub const DENSE_WAIT: Duration = Duration::from_secs(5);

/// Nobody ends two lines by hand within this time: whoever does is a script, or pastes, and is shown all at once.
pub const LINES_BY_HAND_APART: Duration = Duration::from_millis(100);

/// How long a hand takes for one character at least: what was shown in the time that a line took has cut into it.
pub const CHARACTER_BY_HAND: Duration = Duration::from_millis(60);

/// Widths that `\width` takes, in columns.
pub const WIDTH_COLUMNS: RangeInclusive<u16> = 20..=500;

/// How long a client in ANSI drawing must have sent nothing before it is shown the prompt: the lines of a paste come
/// faster, and nobody waits for a prompt.
pub const PROMPT_QUIET: Duration = Duration::from_millis(100);

/// How long after a prompt was sent a line may still have been typed without it in sight: a slow round trip. The
/// prompt then stands below that line, and is not sent again.
pub const PROMPT_SEEN_AFTER: Duration = Duration::from_millis(500);

/// Lines that a connection in character mode holds until they may be handled: a paste, and what is typed
/// while it is being sent.
pub const HELD_LINES_MAX: usize = 2 * PASTE_LINES_MAX;

/// Bytes of one write to a terminal that is being typed on in line mode: what fits into one packet, so that
/// no echo comes to stand inside an escape sequence.
pub const ATOMIC_WRITE_BYTES: usize = 1400;

/// The pause between two such writes, so that the client passes each on before the next one comes.
pub const ATOMIC_WRITE_PAUSE: Duration = Duration::from_millis(10);
