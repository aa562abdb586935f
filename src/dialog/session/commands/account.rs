//! *Pure.* Registered names.

use crate::dialog::session::{Session, Turn};

pub(super) fn register(session: &mut Session, _: &str) -> Turn {
    session.register()
}

pub(super) fn login(session: &mut Session, argument: &str) -> Turn {
    session.login(argument)
}

pub(super) fn key(session: &mut Session, argument: &str) -> Turn {
    session.keys(argument)
}

pub(super) fn forget(session: &mut Session, _: &str) -> Turn {
    session.forget()
}
