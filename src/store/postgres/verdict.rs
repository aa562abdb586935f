//! *Pure.* What an error of the database means for what was asked: whether it has certainly not been done.
//!
//! | what is known | of what was not sent, or only reads | of what changes something |
//! |---|---|---|
//! | no answer: the connection has ended | away | **doubt** |
//! | the last words of a connection (FATAL, PANIC: `57P01`, `57P02`, …) | away | **doubt**: they may come behind the commit |
//! | an error of the statement, which PostgreSQL has undone whole (ERROR) | by its code | by its code, and never doubt |
//! | it is done, with the warning that nobody waited for a standby any more | – | **doubt**: `Log::settle` makes it safe |
//!
//! The codes of statements that were undone:
//!
//! | code | what | so |
//! |---|---|---|
//! | `PN001` | the node is taken for dead | fenced |
//! | `23503` | what refers to a node that was buried | fenced |
//! | `PN002` | this write was made, or is settled | doubt: to be settled once more |
//! | `PN003` | a request that makes no sense | refused |
//! | `PN004` | the lease is over, or the node is being taken out | away |
//! | `40001`, `40P01` | two got into each other's way | tried again, then away |
//! | `25006` | the server only reads: it is a standby now | away, and connected anew |
//! | `53…` | disk full, out of memory, too many connections | away |
//! | `55…` | a lock that is not given | away |
//! | `57…` | cancelled by somebody, or starting and stopping | away |
//! | `58…` | the system under it fails | away |
//! | `08…` | the connection | away |
//! | `XX…`, and everything else | damage, no privilege, what the schema does not have | refused |

use std::error::Error as _;

use tokio_postgres::error::Severity;

use crate::store::StoreError;
use crate::store::cluster::engine::EngineError;

/// How far a request had come when something happened to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// It was not sent.
    Unsent,
    /// It was sent, and changes nothing.
    Reading,
    /// It was sent, and changes something.
    Changing,
}

/// What follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Away,
    Doubt,
    Fenced,
    Refused,
}

/// What somebody is told who has asked for what has failed so.
pub(super) fn judge(stage: Stage, error: &tokio_postgres::Error) -> EngineError {
    let (code, is_last_word) = match error.as_db_error() {
        None => (None, true),
        Some(error) => (Some(error.code().code()), is_last_word(error)),
    };
    let why = describe(error);
    match verdict(stage, code, is_last_word) {
        Verdict::Away => EngineError::Away(why),
        Verdict::Doubt => EngineError::Doubt(why),
        Verdict::Fenced => EngineError::Fenced,
        Verdict::Refused => EngineError::Refused(StoreError::Failed(why)),
    }
}

fn is_last_word(error: &tokio_postgres::error::DbError) -> bool {
    match error.parsed_severity() {
        Some(severity) => matches!(severity, Severity::Fatal | Severity::Panic),
        // Of a server from before 9.6, which is not let in.
        None => error.severity() != "ERROR",
    }
}

/// Whether the same may be tried again at once: it was undone since others were in its way.
pub(super) fn is_collision(error: &tokio_postgres::Error) -> bool {
    let code = error.as_db_error().map(|error| error.code().code());
    matches!(code, Some("40001" | "40P01"))
}

/// Whether the server cannot be written to any more.
pub(super) fn is_read_only(error: &tokio_postgres::Error) -> bool {
    let code = error.as_db_error().map(|error| error.code().code());
    code == Some("25006")
}

/// The table above.
fn verdict(stage: Stage, code: Option<&str>, is_last_word: bool) -> Verdict {
    if is_last_word && stage == Stage::Changing {
        return Verdict::Doubt;
    }
    let Some(code) = code else {
        return Verdict::Away;
    };
    match code {
        "PN001" | "23503" => Verdict::Fenced,
        "PN002" => Verdict::Doubt,
        "PN004" | "40001" | "40P01" | "25006" => Verdict::Away,
        _ => match code.get(..2).unwrap_or_default() {
            "08" | "53" | "55" | "57" | "58" => Verdict::Away,
            _ => Verdict::Refused,
        },
    }
}

/// What an error says, with what is behind it.
pub(super) fn describe(error: &tokio_postgres::Error) -> String {
    if let Some(error) = error.as_db_error() {
        return format!("{} ({})", error.message(), error.code().code());
    }
    match error.source() {
        Some(source) => source.to_string(),
        None if error.is_closed() => "the connection was closed".to_owned(),
        None => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_called_undone_that_may_have_been_done() {
        use Stage::{Changing, Reading, Unsent};
        // The code, whether it ends the connection; what follows for each stage.
        let table = [
            (None, true, [Verdict::Away, Verdict::Away, Verdict::Doubt]),
            (
                Some("57P01"),
                true,
                [Verdict::Away, Verdict::Away, Verdict::Doubt],
            ),
            (
                Some("57P02"),
                true,
                [Verdict::Away, Verdict::Away, Verdict::Doubt],
            ),
            (
                Some("53300"),
                true,
                [Verdict::Away, Verdict::Away, Verdict::Doubt],
            ),
            (Some("57014"), false, [Verdict::Away; 3]),
            (Some("53100"), false, [Verdict::Away; 3]),
            (Some("25006"), false, [Verdict::Away; 3]),
            (Some("40P01"), false, [Verdict::Away; 3]),
            (Some("40001"), false, [Verdict::Away; 3]),
            (Some("55P03"), false, [Verdict::Away; 3]),
            (Some("58030"), false, [Verdict::Away; 3]),
            (Some("PN001"), false, [Verdict::Fenced; 3]),
            (Some("23503"), false, [Verdict::Fenced; 3]),
            (Some("PN002"), false, [Verdict::Doubt; 3]),
            (Some("PN003"), false, [Verdict::Refused; 3]),
            (Some("PN004"), false, [Verdict::Away; 3]),
            (Some("42501"), false, [Verdict::Refused; 3]),
            (Some("XX001"), false, [Verdict::Refused; 3]),
            (Some("X"), false, [Verdict::Refused; 3]),
        ];
        for (code, is_last_word, expected) in table {
            for (stage, expected) in [Unsent, Reading, Changing].into_iter().zip(expected) {
                let verdict = verdict(stage, code, is_last_word);
                assert_eq!(verdict, expected, "{code:?} {stage:?}");
            }
        }
    }
}
