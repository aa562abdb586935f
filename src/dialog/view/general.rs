//! *Pure.* The menu, and the user's own name.

use std::fmt::{self, Write as _};
use std::sync::Arc;

use super::Viewer;
use crate::chat::name::Name;
use crate::chat::request::RenameError;

/// What is said around the menu, and of the user's own name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GeneralView {
    /// The operator's message to everybody who connects: rows, each ended by `\n`.
    Motd(Arc<str>),
    /// Unknown menu choice.
    BadChoice,
    /// The user's name has changed.
    Renamed,
    /// The user's name has not changed.
    RenameFailed(RenameError),
    /// The user's name.
    YourName(Name),
    /// The server was cut off from those that it shares names with: somebody else has the first name by now, and the user the
    /// second.
    NameLost(Name, Name),
}

impl GeneralView {
    pub(super) fn write(&self, viewer: &Viewer<'_>, out: &mut String) -> fmt::Result {
        match self {
            GeneralView::Motd(rows) => out.write_str(rows),
            GeneralView::BadChoice => {
                writeln!(
                    out,
                    "You have entered illegal/incorrect input. Please try again!"
                )?;
                let words = "type a number from 1 to 5, a room's name, or '\\help'";
                viewer.hint(format_args!("{words}"), out)
            }
            GeneralView::Renamed => writeln!(out, "Update username successful"),
            GeneralView::RenameFailed(why) => writeln!(out, "Update username failed. {why}"),
            GeneralView::YourName(name) => {
                writeln!(out, "Your name is {name}. Type \\name NEW to change it.")
            }
            GeneralView::NameLost(old, new) => writeln!(
                out,
                "* This server was cut off for a while, and somebody else is called {old} now. You are {new}. \
                 Type \\name NEW to change it."
            ),
        }
    }
}

const MENU: &str = "\
Enter following number to:
    (1) Create Chat room
    (2) Join chat room
    (3) List available chat room
    (4) Set username
    (5) Exit program
Who needs password anyway?
===================================
";

pub(super) fn write_menu(server: Option<&str>, out: &mut String) -> fmt::Result {
    match server {
        None => writeln!(out, "=========== Welcome! ==============")?,
        Some(server) => writeln!(out, "======= Welcome to {server}! =======")?,
    }
    out.write_str(MENU)
}

/// The prompt of the user called `name`.
pub fn prompt(name: &Name) -> String {
    // Composed after every turn of a room: `format!` takes three times as long.
    [name.as_str(), "> "].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialog::view::tests::{VIEWER, name, shown};
    use crate::dialog::view::{View, Viewer};

    #[test]
    fn the_menu_welcomes_to_the_server_by_its_name() {
        assert!(shown(View::Menu).starts_with("=========== Welcome! ==============\n"));
        let server = Some("The Lounge");
        let mut named = String::new();
        View::Menu.write(&Viewer { server, ..VIEWER }, &mut named);
        let (first, rest) = named.split_once('\n').expect("rows");
        assert_eq!(first, "======= Welcome to The Lounge! =======");
        assert!(shown(View::Menu).ends_with(rest) && rest.starts_with("Enter following"));
    }

    #[test]
    fn a_name_that_is_refused_comes_with_one_that_is_free() {
        let bad_name = Name::parse("John Smith").expect_err("it has a space");
        let table = [
            (
                RenameError::BadName(bad_name),
                "Update username failed. A name cannot have spaces in it. John_Smith would do.\n",
            ),
            (
                RenameError::Taken(name("Dai"), name("Dai_2")),
                "Update username failed. Dai is in use, or looks like a name that is. Dai_2 is free.\n",
            ),
        ];
        for (why, words) in table {
            assert_eq!(shown(GeneralView::RenameFailed(why)), words);
        }
    }
}
