//! *Pure.* Rooms and people.

use crate::request::Request;
use crate::session::{Session, Turn};

pub(super) fn who(_: &mut Session, _: &str) -> Turn {
    Turn::ask(Request::Who)
}
