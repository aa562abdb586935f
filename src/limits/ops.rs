//! Bounds of what operators watch the server by.

use std::time::Duration;

/// Parts of a count, so that as many threads count at the same time without waiting for each other. 128 bytes each.
pub const COUNTER_SHARDS: usize = 16;

/// How often it is measured how long a line takes from the store to the sockets. In a room of 1,000 that is 20,000
/// looks at the clock a second at most, half a millisecond's worth.
pub const SAMPLE_EVERY: Duration = Duration::from_millis(50);

/// How often it is measured how late the executor is.
pub const LAG_LOOK_EVERY: Duration = Duration::from_secs(1);

/// Connections to `--metrics` at once: several who watch, with both of their requests. One more ends the oldest.
pub const HTTP_CONNECTIONS_MAX: usize = 32;

/// Requests over `--metrics` that are served at once, and then a second: two orders of magnitude more than who looks
/// every second, and one percent of a processor.
pub const HTTP_REQUESTS_BURST: u32 = 50;
/// See [`HTTP_REQUESTS_BURST`].
pub const HTTP_REQUESTS_PER_SECOND: u32 = 50;

/// Bytes of a request without its body, which is not read. What browsers send has a fourth of it.
pub const HTTP_HEAD_BYTES_MAX: usize = 8 * 1024;

/// Headers of a request. A browser behind a proxy sends some 25.
pub const HTTP_HEADERS_MAX: usize = 64;

/// How long a request may take, from its first byte to the last one of the answer.
pub const HTTP_TIME_MAX: Duration = Duration::from_secs(5);

/// How long a client has to end its side once it has the answer, which a close that came first could cut off.
pub const HTTP_CLOSE_MAX: Duration = Duration::from_secs(1);

/// How soon a line has to be back for the server to be well.
pub const HEALTH_WITHIN: Duration = Duration::from_secs(1);

/// How long it counts that one was. Who asks more often learns nothing new, and costs nothing.
pub const HEALTH_KEPT: Duration = Duration::from_secs(2);

/// How long `parlor health` waits for an answer: a server that is well needs [`HEALTH_WITHIN`].
pub const HEALTH_ANSWER_MAX: Duration = Duration::from_secs(4);

/// Bytes of an answer that `parlor health` reads.
pub const HEALTH_ANSWER_BYTES_MAX: usize = 8 * 1024;
