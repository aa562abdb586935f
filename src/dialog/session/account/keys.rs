//! *Pure.* Keys that come with a connection, and log in to an account.

use super::AccountPolicy;
use crate::chat::account::{AccountError, AccountRequest};
use crate::chat::key::{KeyReply, KeyRequest, WhichKey};
use crate::chat::name::Name;
use crate::chat::request::Request;
use crate::dialog::session::{Session, Turn};
use crate::dialog::view::{AccountView, HelpView, KeyView};

/// What a session knows of the key that has come with its connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum OwnKey {
    /// None has, or it has done what it could.
    #[default]
    Nothing,
    /// It is being asked whose it is.
    Asked,
    /// It is nobody's: it could be bound to the account that the user logs in to.
    Free,
}

impl Session {
    /// What is asked first on a connection that has come with a key.
    pub(in crate::dialog::session) fn log_in_by_key(&mut self) -> Option<Request> {
        if self.account_state.policy.accounts != AccountPolicy::Possible {
            return None;
        }
        self.account_state.own_key = OwnKey::Asked;
        Some(Request::Account(AccountRequest::LoginByKey))
    }

    /// `argument` is that of the command; it may be empty.
    pub(in crate::dialog::session) fn keys(&mut self, argument: &str) -> Turn {
        if self.account_state.policy.accounts == AccountPolicy::NoFile {
            return Turn::show([AccountView::NoFile]);
        }
        let request = match argument.split_whitespace().collect::<Vec<_>>()[..] {
            [] => KeyRequest::List,
            ["add"] => KeyRequest::Add,
            ["remove", which] => match parse_which(which) {
                Some(which) => KeyRequest::Remove(which),
                None => return usage(),
            },
            _ => return usage(),
        };
        Turn::ask(Request::Account(AccountRequest::Keys(request)))
    }

    /// The key of this connection logs in to nobody; or it is not known whether it does.
    pub(super) fn not_by_key(&mut self, why: Option<&AccountError>) -> Turn {
        match why {
            None => {
                self.account_state.own_key = OwnKey::Free;
                Turn::default()
            }
            Some(_) => {
                self.account_state.own_key = OwnKey::Nothing;
                Turn::show([KeyView::NotLookedUp])
            }
        }
    }

    /// The login by key to this account has failed.
    pub(super) fn key_login_failed(&mut self, name: Name, why: AccountError) -> Turn {
        self.account_state.own_key = OwnKey::Nothing;
        match why {
            // A password would not help.
            AccountError::Banned(..) => Turn::show([AccountView::Refused(name, why)]),
            _ => Turn::show([KeyView::LoginFailed(name)]),
        }
    }

    /// What is said to whoever has just logged in, or registered, and has a key that could do that.
    pub(super) fn key_tip(&mut self) -> Option<KeyView> {
        // Once: whoever does not want it has heard of it.
        match std::mem::take(&mut self.account_state.own_key) {
            OwnKey::Free => Some(KeyView::Tip),
            OwnKey::Nothing | OwnKey::Asked => None,
        }
    }

    /// Takes the reply to a request about keys.
    pub(super) fn key_reply(&mut self, reply: KeyReply) -> Turn {
        if let KeyReply::Added(..) = reply {
            self.account_state.own_key = OwnKey::Nothing;
        }
        Turn::show([KeyView::Reply(reply)])
    }
}

fn parse_which(text: &str) -> Option<WhichKey> {
    match text.parse() {
        Ok(number) => Some(WhichKey::Number(number)),
        Err(_) => text.parse().ok().map(WhichKey::Fingerprint),
    }
}

fn usage() -> Turn {
    Turn::show([HelpView::Usage("key, \\key add or \\key remove N")])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::account::AccountReply;
    use crate::chat::key::{Fingerprint, KeyError};
    use crate::chat::request::Reply;
    use crate::dialog::view::View;

    fn name(text: &str) -> Name {
        Name::parse(text).expect("a name")
    }

    /// A session on a connection that has come with a key.
    fn with_key() -> Session {
        let mut session = Session::new(AccountPolicy::Possible);
        let turn = session.greeting(None, true);
        assert_eq!(turn.views, [View::Menu]);
        let asked = Request::Account(AccountRequest::LoginByKey);
        assert_eq!(turn.request, Some(asked));
        session
    }

    fn reply(session: &mut Session, reply: AccountReply) -> Turn {
        session.reply(Reply::Account(reply))
    }

    #[test]
    fn a_key_logs_in_before_the_first_line_where_names_can_be_registered() {
        let mut session = with_key();
        let login = AccountReply::LoggedIn(name("Dai"), Ok(Box::default()));
        let turn = reply(&mut session, login);
        assert_eq!(turn, Turn::show([AccountView::LoggedIn(name("Dai"))]));
        assert_eq!(session.account(), Some(&name("Dai")));
        assert_eq!(session.prompt(), "Dai> ");
        for policy in [AccountPolicy::NoFile, AccountPolicy::Overheard] {
            let mut session = Session::new(policy);
            assert_eq!(session.greeting(None, true).request, None);
        }
        let mut session = Session::new(AccountPolicy::Possible);
        assert_eq!(session.greeting(None, false).request, None);
    }

    #[test]
    fn whoever_could_use_a_key_is_told_so_once() {
        let mut session = with_key();
        assert_eq!(
            reply(&mut session, AccountReply::NotByKey(None)),
            Turn::default()
        );
        let login = || AccountReply::LoggedIn(name("Dai"), Ok(Box::default()));
        let turn = reply(&mut session, login());
        let tip = View::from(KeyView::Tip);
        assert_eq!(turn.views, [AccountView::LoggedIn(name("Dai")).into(), tip]);
        assert_eq!(reply(&mut session, login()).views.len(), 1);
        // No key, no tip.
        let mut session = Session::default();
        assert_eq!(reply(&mut session, login()).views.len(), 1);
    }

    #[test]
    fn a_login_by_key_that_fails_is_no_wrong_password() {
        for why in [AccountError::Wrong, AccountError::NotStored] {
            let mut session = with_key();
            let failed = AccountReply::LoggedIn(name("Dai"), Err(why.clone()));
            let turn = reply(&mut session, failed.clone());
            assert_eq!(turn, Turn::show([KeyView::LoginFailed(name("Dai"))]));
            // The next one was typed.
            let turn = reply(&mut session, failed);
            assert_eq!(turn, Turn::show([AccountView::Refused(name("Dai"), why)]));
        }
        // No password helps whoever is banned.
        let banned = AccountError::Banned(None, "spam".into());
        let failed = AccountReply::LoggedIn(name("Dai"), Err(banned.clone()));
        let turn = reply(&mut with_key(), failed);
        assert_eq!(
            turn,
            Turn::show([AccountView::Refused(name("Dai"), banned)])
        );
        let mut session = with_key();
        let turn = reply(
            &mut session,
            AccountReply::NotByKey(Some(AccountError::NotStored)),
        );
        assert_eq!(turn, Turn::show([KeyView::NotLookedUp]));
    }

    #[test]
    fn keys_are_listed_added_and_removed_by_number_or_fingerprint() {
        let fingerprint = Fingerprint([3; 32]);
        let remove = |which| Some(KeyRequest::Remove(which));
        let table = [
            ("\\key".to_owned(), Some(KeyRequest::List)),
            ("\\key add".to_owned(), Some(KeyRequest::Add)),
            ("/KEY add ".to_owned(), Some(KeyRequest::Add)),
            ("\\key remove 2".to_owned(), remove(WhichKey::Number(2))),
            (
                format!("\\key remove {fingerprint}"),
                remove(WhichKey::Fingerprint(fingerprint)),
            ),
            ("\\key remove".to_owned(), None),
            ("\\key remove -1".to_owned(), None),
            ("\\key remove 1 2".to_owned(), None),
            ("\\key add ssh-ed25519".to_owned(), None),
            ("\\key Dai".to_owned(), None),
        ];
        for (line, expected) in table {
            let expected = match expected {
                Some(request) => Turn::ask(Request::Account(AccountRequest::Keys(request))),
                None => usage(),
            };
            assert_eq!(Session::default().line(&line), expected, "{line}");
            assert!(!Session::default().asks_for_secret(&line));
        }
        let turn = Session::new(AccountPolicy::NoFile).line("\\key");
        assert_eq!(turn, Turn::show([AccountView::NoFile]));
        let refused = KeyReply::Refused(KeyError::NoKey);
        let turn = reply(&mut Session::default(), AccountReply::Keys(refused.clone()));
        assert_eq!(turn, Turn::show([KeyView::Reply(refused)]));
    }
}
