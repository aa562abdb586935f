//! *Pure.* Registered names: registering, logging in and giving a name up.

mod keys;

use keys::OwnKey;

use super::{Session, Turn};
use crate::chat::account::{AccountError, AccountReply, AccountRequest};
use crate::chat::name::Name;
use crate::chat::password::Password;
use crate::chat::request::{RenameError, Request};
use crate::dialog::view::{AccountView, AdminView, GeneralView, HelpView, Question, View};
use crate::limits::WRONG_PASSWORDS_MAX;

/// Whether names can be registered over a connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AccountPolicy {
    /// They can.
    #[default]
    Possible,
    /// The server has no file to keep them in.
    NoFile,
    /// Passwords would cross a network, where others could read them.
    Overheard,
}

/// What is possible over a connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// Whether names can be registered.
    pub accounts: AccountPolicy,
    /// What is typed crosses a network, where others could read it: no password is asked for, of rooms either.
    pub is_overheard: bool,
}

impl From<AccountPolicy> for Policy {
    fn from(accounts: AccountPolicy) -> Policy {
        Policy {
            accounts,
            is_overheard: accounts == AccountPolicy::Overheard,
        }
    }
}

/// What a session knows of registered names.
#[derive(Clone, Debug, Default)]
pub(super) struct AccountState {
    policy: Policy,
    /// The name that the user is logged in to, as it was registered.
    account: Option<Name>,
    /// A registered name that the user was refused or has lost: what `\login` means without a name.
    wanted: Option<Name>,
    wrong: u8,
    own_key: OwnKey,
    /// The user may act as an operator: is shown how. Whether that is still so is decided elsewhere.
    is_operator: bool,
}

impl Session {
    /// A session on a connection with this policy.
    pub fn new(policy: impl Into<Policy>) -> Session {
        Session {
            account_state: AccountState {
                policy: policy.into(),
                ..AccountState::default()
            },
            ..Session::default()
        }
    }

    /// The registered name that the user is logged in to.
    pub fn account(&self) -> Option<&Name> {
        self.account_state.account.as_ref()
    }

    /// Somebody has logged in to `account` elsewhere and takes the name back: this user is called `new` from now
    /// on.
    pub fn name_reclaimed(&mut self, account: Name, new: Name) -> Turn {
        self.name = new.clone();
        self.account_state.account = None;
        self.account_state.is_operator = false;
        self.account_state.wanted = Some(account.clone());
        Turn::show([AccountView::NameReclaimed(account, new)])
    }

    /// The server was cut off, and somebody else is called `old` by now: this user is called `new` from now on.
    pub fn name_lost(&mut self, old: Name, new: Name) -> Turn {
        self.name = new.clone();
        self.account_state.account = None;
        self.account_state.is_operator = false;
        Turn::show([GeneralView::NameLost(old, new)])
    }

    /// An operator has given the user another name. If the user was logged in to `left`, that is over.
    pub fn renamed_by_operator(&mut self, new: Name, left: Option<Name>) -> Turn {
        self.name = new.clone();
        if let Some(left) = &left {
            self.account_state.account = None;
            self.account_state.is_operator = false;
            self.account_state.wanted = Some(left.clone());
        }
        Turn::show([AdminView::Renamed(new, left)])
    }

    /// An operator has deleted `account`, which the user was logged in to.
    pub fn account_deleted(&mut self, account: Name) -> Turn {
        self.account_state.account = None;
        self.account_state.is_operator = false;
        Turn::show([AccountView::DeletedByOperator(account)])
    }

    /// The user is shown what operators can do.
    pub(super) fn is_operator(&self) -> bool {
        self.account_state.is_operator
    }

    /// No password is taken over this connection.
    pub(super) fn is_overheard(&self) -> bool {
        self.account_state.policy.is_overheard
    }

    pub(super) fn register(&mut self) -> Turn {
        let refused = match (
            &self.account_state.account,
            self.account_state.policy.accounts,
        ) {
            (_, AccountPolicy::NoFile) => AccountView::NoFile,
            (_, AccountPolicy::Overheard) => AccountView::Overheard,
            (Some(account), _) => AccountView::LoggedInAlready(account.clone()),
            _ if self.name.is_anon() => AccountView::Anon,
            _ => return self.ask_for(Question::NewPassword),
        };
        Turn::show([refused])
    }

    /// `name` is the argument of the command; it may be empty.
    pub(super) fn login(&mut self, name: &str) -> Turn {
        let name = match name {
            "" => self
                .account_state
                .wanted
                .clone()
                .or(Some(self.name.clone())),
            typed => Name::parse(typed).ok(),
        };
        let Some(name) = name.filter(|name| !name.is_anon()) else {
            return Turn::show([HelpView::Usage("login NAME")]);
        };
        let refused = match (
            &self.account_state.account,
            self.account_state.policy.accounts,
        ) {
            (_, AccountPolicy::NoFile) => AccountView::NoFile,
            (_, AccountPolicy::Overheard) => AccountView::Overheard,
            (Some(account), _) if account.folded() == name.folded() => {
                AccountView::LoggedInAlready(account.clone())
            }
            _ if self.account_state.wrong >= WRONG_PASSWORDS_MAX => AccountView::WrongTooOften,
            _ => return self.ask_for(Question::Password(name)),
        };
        Turn::show([refused])
    }

    pub(super) fn forget(&mut self) -> Turn {
        match &self.account_state.account {
            None => Turn::show([AccountView::NotLoggedIn]),
            Some(_) if self.account_state.wrong >= WRONG_PASSWORDS_MAX => {
                Turn::show([AccountView::WrongTooOften])
            }
            Some(account) => {
                let question = Question::PasswordToForget(account.clone());
                self.ask_for(question)
            }
        }
    }

    fn ask_for(&mut self, question: Question) -> Turn {
        self.asked = Some(question);
        Turn::default()
    }

    /// Takes the password to register a name with.
    pub(super) fn chose_password(&mut self, line: &str) -> Turn {
        match Password::parse(line) {
            Ok(password) => self.ask_for(Question::PasswordAgain(password)),
            Err(why) => self.ask_no_more(AccountView::BadPassword(why)),
        }
    }

    /// Takes the same password for the second time.
    pub(super) fn repeated_password(&mut self, first: Password, line: &str) -> Turn {
        match Password::parse(line) {
            Ok(second) if second == first => {
                let name = self.name.clone();
                self.request(AccountRequest::Register(name, first))
            }
            _ => self.ask_no_more(AccountView::Differ),
        }
    }

    /// Takes the password to log in to `name`.
    pub(super) fn gave_password(&mut self, name: Name, line: &str) -> Turn {
        match Password::parse(line) {
            Ok(password) => self.request(AccountRequest::Login(name, password)),
            // Nobody's password has that length.
            Err(_) => self.ask_no_more(AccountView::Refused(name, AccountError::Wrong)),
        }
    }

    /// Takes the password to delete the account `name`.
    pub(super) fn gave_password_to_forget(&mut self, name: Name, line: &str) -> Turn {
        match Password::parse(line) {
            Ok(password) => self.request(AccountRequest::Forget(name, password)),
            Err(_) => self.ask_no_more(AccountView::NotForgotten(name)),
        }
    }

    /// Closes the question and makes a request.
    fn request(&mut self, request: AccountRequest) -> Turn {
        self.asked = None;
        Turn::ask(Request::Account(request))
    }

    fn ask_no_more(&mut self, view: AccountView) -> Turn {
        self.asked = None;
        Turn::show([view])
    }

    /// Takes the reply to a request.
    pub(super) fn account_reply(&mut self, answer: AccountReply) -> Turn {
        let is_in = matches!(
            answer,
            AccountReply::Registered(_, Ok(())) | AccountReply::LoggedIn(_, Ok(_))
        );
        let view = match answer {
            AccountReply::NotByKey(why) => return self.not_by_key(why.as_ref()),
            AccountReply::Keys(reply) => return self.key_reply(reply),
            AccountReply::LoggedIn(name, Err(why))
                if self.account_state.own_key == OwnKey::Asked =>
            {
                return self.key_login_failed(name, why);
            }
            AccountReply::Registered(name, Ok(())) => {
                // Somebody else may have logged in to it meanwhile, and have the name.
                self.account_state.account = (self.name == name).then(|| name.clone());
                AccountView::Registered(name)
            }
            AccountReply::LoggedIn(name, Ok(login)) => {
                self.name = name.clone();
                self.account_state.is_operator = login.is_operator;
                self.account_state.account = Some(name.clone());
                self.account_state.wanted = None;
                AccountView::LoggedIn(name)
            }
            AccountReply::Forgotten(name, Ok(())) => {
                self.account_state.account = None;
                self.account_state.is_operator = false;
                AccountView::Forgotten(name)
            }
            AccountReply::LoggedIn(name, Err(AccountError::Wrong)) => {
                match self.count_wrong_password() {
                    true => AccountView::WrongTooOften,
                    false => AccountView::Refused(name, AccountError::Wrong),
                }
            }
            AccountReply::Forgotten(name, Err(AccountError::Wrong)) => {
                match self.count_wrong_password() {
                    true => AccountView::WrongTooOften,
                    false => AccountView::NotForgotten(name),
                }
            }
            AccountReply::Registered(name, Err(why))
            | AccountReply::LoggedIn(name, Err(why))
            | AccountReply::Forgotten(name, Err(why)) => AccountView::Refused(name, why),
        };
        let tip = if is_in { self.key_tip() } else { None };
        Turn::show([view.into()].into_iter().chain(tip.map(View::from)))
    }

    /// Counts a wrong password; true if no more are accepted.
    fn count_wrong_password(&mut self) -> bool {
        self.account_state.wrong += 1;
        self.account_state.wrong >= WRONG_PASSWORDS_MAX
    }

    /// Handles a rename; returns a view if it logged the user out.
    pub(super) fn log_out_if_renamed(&mut self, name: &Name) -> Option<AccountView> {
        let account = self
            .account_state
            .account
            .take_if(|account| !account.clashes(name))?;
        self.account_state.is_operator = false;
        self.account_state.wanted = Some(account.clone());
        Some(AccountView::LoggedOut(account))
    }

    /// Remembers a registered name that the user was refused, for `\login` without a name.
    pub(super) fn note_refused_name(&mut self, why: &RenameError) {
        if let RenameError::Registered(_, registered, _) = why {
            self.account_state.wanted = Some(registered.clone());
        }
    }
}

#[cfg(test)]
mod tests;
