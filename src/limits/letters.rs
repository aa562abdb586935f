//! Bounds of what servers that share rooms tell each other of their people.

use std::time::Duration;

/// How long a server waits for the answer to a letter. Nobody wants to look at an empty screen for longer, and a server
/// that is well answers within milliseconds.
pub const LETTER_ANSWERED_WITHIN: Duration = Duration::from_secs(5);

/// How long somebody waits for what only the database knows of people of other servers.
pub const ENGINE_ASKED_WITHIN: Duration = Duration::from_secs(5);

/// How long Tab waits for names of people of other servers: nobody types on meanwhile.
pub const CANDIDATES_ASKED_WITHIN: Duration = Duration::from_secs(1);

/// How long a server that writes to all others waits to hear who they are; otherwise it writes to those that it knows.
pub const NODES_ASKED_WITHIN: Duration = Duration::from_secs(1);

/// Names that a server has yet to free in the database, or may have to, and requests for names that may still be on their
/// way; when they are this many nobody takes another one. No more than are connected have names, and half of them go while the
/// database is away.
pub const NAMES_UNFREED_MAX: usize = 10_000;

/// How long a request for a name that was lost may still be on its way: about as long as a connection is taken to live that
/// nothing is heard of.
pub const LATE_REQUEST_MAX: Duration = Duration::from_secs(30);

/// How often a name is freed meanwhile of which nobody knows whether it was taken.
pub const DOUBTED_NAME_FREED_EVERY: Duration = Duration::from_secs(2);

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

/// Bans of which a server remembers how many connections it has closed for them: until the operator who made one is told,
/// which is a moment later.
pub const CLOSINGS_MAX: usize = 64;

/// How long a server waits for more before it notes what is new of its people: as long as somebody takes to look.
pub const PEOPLE_NOTED_AFTER: Duration = Duration::from_millis(200);

/// So often a server looks once more for somebody on another one who may not be noted yet,
pub const PERSON_LOOKED_FOR: usize = 8;

/// waiting so long each time: twice what noting takes.
pub const PERSON_LOOKED_FOR_EVERY: Duration = Duration::from_millis(50);

/// People who are noted at once; the rest are a moment later.
pub const PEOPLE_NOTED_MAX: usize = 500;

/// People of other servers whom an operator is shown: ten servers that are full, some 30 MB for a moment.
pub const PEOPLE_LISTED_MAX: usize = 100_000;

/// To how much the others know how long somebody is idle: more often would be a row a second for all who type.
pub const IDLE_NOTED_EVERY: Duration = Duration::from_secs(30);

/// How long a server waits before it tries again to note its people.
pub const PEOPLE_NOTED_AGAIN_AFTER: Duration = Duration::from_secs(1);

/// How often a server tries anew for a variant of a name that somebody else was given at the same moment.
pub const VARIANT_TRIES: usize = 4;

/// How long a server that was taken for dead waits before it tries once more to take the names of its people again.
pub const NAMES_TAKEN_AGAIN_AFTER: Duration = Duration::from_secs(1);

/// Those who went last of a server, whom a standby that takes over may not have heard of: more than go in the time that a
/// standby is behind.
pub const PEOPLE_GONE_MAX: usize = 4096;
