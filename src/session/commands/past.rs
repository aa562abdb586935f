//! *Pure.* What was said before.

use crate::limits::HISTORY_PAGE_LINES;
use crate::request::{Look, Request};
use crate::session::{Session, Turn};
use crate::view::View;

pub(super) fn history(_: &mut Session, argument: &str) -> Turn {
    match argument.parse::<usize>() {
        _ if argument.is_empty() => Turn::ask(Request::LookBack(HISTORY_PAGE_LINES)),
        Ok(lines) if lines > 0 => Turn::ask(Request::LookBack(lines)),
        _ => Turn::ask(Request::LookUpTo(argument.to_owned())),
    }
}

pub(super) fn search(_: &mut Session, argument: &str) -> Turn {
    if argument.is_empty() {
        return Turn::show([View::Usage("search WORDS")]);
    }
    Turn::ask(Request::Look(Look::For(argument.to_owned())))
}

pub(super) fn context(_: &mut Session, argument: &str) -> Turn {
    match argument.trim_start_matches('#').parse() {
        Ok(id) => Turn::ask(Request::Look(Look::Around(id))),
        Err(_) => Turn::show([View::Usage("context N, with the number of a line")]),
    }
}
