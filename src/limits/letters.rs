//! Bounds of what servers that share rooms tell each other of their people.

use std::time::Duration;

/// How long a server waits for the answer to a letter. Nobody wants to look at an empty screen for longer, and a server
/// that is well answers within milliseconds.
pub const LETTER_ANSWERED_WITHIN: Duration = Duration::from_secs(5);

/// Letters of a server that wait for their answers; what would be one more is refused. A connection has at most one of
/// them, and most of a second's are answered within it.
pub const LETTERS_WAITING_MAX: usize = 4096;

/// Bytes of one letter: a report with all its lines, or a line that is all characters JSON has to escape.
pub const LETTER_BYTES_MAX: usize = 64 * 1024;

/// How often a server looks for letters, in case it was not woken for one.
pub const LETTERS_LOOKED_FOR_EVERY: Duration = Duration::from_secs(2);

/// Names and addresses of which a server remembers how much was sent to other servers just now. Who is forgotten is
/// counted at the other end all the same.
pub const FAR_SENDERS_MAX: usize = 4096;

/// How long a server waits for more before it notes what is new of its people: as long as somebody takes to look.
pub const PEOPLE_NOTED_AFTER: Duration = Duration::from_millis(200);

/// People who are noted at once; the rest are a moment later.
pub const PEOPLE_NOTED_MAX: usize = 500;

/// To how much the others know how long somebody is idle: more often would be a row a second for all who type.
pub const IDLE_NOTED_EVERY: Duration = Duration::from_secs(30);

/// How long a server waits before it tries again to note its people.
pub const PEOPLE_NOTED_AGAIN_AFTER: Duration = Duration::from_secs(1);

/// How often a server tries anew for a variant of a name that somebody else was given at the same moment.
pub const VARIANT_TRIES: usize = 4;
