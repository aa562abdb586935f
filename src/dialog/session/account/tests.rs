use super::*;
use crate::chat::request::{LobbyReply, Reply};
use crate::dialog::view::{self, GeneralView, View};

const GOOD: &str = "hunter2 hunter2";

fn name(text: &str) -> Name {
    Name::parse(text).expect("a name")
}

fn password(text: &str) -> Password {
    Password::parse(text).expect("a password")
}

/// A session of a user with this name.
fn called(text: &str) -> Session {
    let mut session = Session::default();
    session.line(&format!("\\name {text}"));
    session.reply(Reply::Lobby(LobbyReply::Renamed(Ok(name(text)))));
    session
}

/// A session of a user who is logged in to this name.
fn logged_in(text: &str) -> Session {
    let mut session = Session::default();
    session.line(&format!("\\login {text}"));
    session.line(GOOD);
    let settings = Box::default();
    session.reply(Reply::Account(AccountReply::LoggedIn(
        name(text),
        Ok(settings),
    )));
    assert_eq!(session.account(), Some(&name(text)));
    session
}

fn shown(view: AccountView) -> Turn {
    Turn::show([view])
}

fn is_asked(session: &Session, words: &str) {
    assert_eq!(session.prompt(), words);
    assert!(session.question().is_some_and(Question::is_secret));
}

#[test]
fn a_name_is_registered_with_a_password_that_was_typed_twice() {
    let mut session = called("Dai");
    assert_eq!(session.line("\\register"), Turn::default());
    is_asked(&session, "Choose a password: ");
    assert_eq!(session.line(GOOD), Turn::default());
    is_asked(&session, "Once more: ");
    let turn = session.line(GOOD);
    let request = AccountRequest::Register(name("Dai"), password(GOOD));
    assert_eq!(turn, Turn::ask(Request::Account(request)));
    assert!(!format!("{turn:?}").contains("hunter2"));
    assert_eq!(session.account(), None);
    let answer = AccountReply::Registered(name("Dai"), Ok(()));
    let turn = session.reply(Reply::Account(answer));
    assert_eq!(turn, shown(AccountView::Registered(name("Dai"))));
    assert_eq!(session.account(), Some(&name("Dai")));
    let again = session.line("\\register");
    assert_eq!(again, shown(AccountView::LoggedInAlready(name("Dai"))));
}

#[test]
fn a_password_that_will_not_do_ends_the_question() {
    use crate::chat::password::PasswordError::{Long, Short};
    for (typed, why) in [("", Short), ("hunter2", Short), (&*"x".repeat(129), Long)] {
        let mut session = called("Dai");
        session.line("\\register");
        assert_eq!(session.line(typed), shown(AccountView::BadPassword(why)));
        assert_eq!(session.question(), None);
    }
    for second in ["hunter2 hunter3", "hunter2 hunter2 ", "", "x"] {
        let mut session = called("Dai");
        session.line("\\register");
        session.line(GOOD);
        assert_eq!(
            session.line(second),
            shown(AccountView::Differ),
            "{second:?}"
        );
        assert_eq!(session.question(), None);
    }
    let mut session = called("Dai");
    session.line("\\register");
    assert_eq!(session.line("\\exit"), Turn::show([View::Menu]));
    assert_eq!(session.question(), None);
}

#[test]
fn what_cannot_be_is_said_before_a_password_is_asked_for() {
    let cases = [
        (Session::default(), "\\register", AccountView::Anon),
        (Session::default(), "\\forget", AccountView::NotLoggedIn),
        (
            logged_in("Dai"),
            "\\login DAI",
            AccountView::LoggedInAlready(name("Dai")),
        ),
        (
            logged_in("Dai"),
            "\\login",
            AccountView::LoggedInAlready(name("Dai")),
        ),
        (
            Session::new(AccountPolicy::NoFile),
            "\\register",
            AccountView::NoFile,
        ),
        (
            Session::new(AccountPolicy::NoFile),
            "\\login Dai",
            AccountView::NoFile,
        ),
        (
            Session::new(AccountPolicy::Overheard),
            "\\register",
            AccountView::Overheard,
        ),
        (
            Session::new(AccountPolicy::Overheard),
            "\\login Dai",
            AccountView::Overheard,
        ),
    ];
    for (mut session, line, view) in cases {
        assert_eq!(session.line(line), shown(view), "{line}");
        assert_eq!(session.question(), None);
    }
    for line in ["\\login", "\\login two words", "\\login anon"] {
        let turn = Session::default().line(line);
        assert_eq!(turn, Turn::show([HelpView::Usage("login NAME")]), "{line}");
    }
}

#[test]
fn who_logs_in_has_the_name() {
    let mut session = called("Day");
    assert_eq!(session.line("\\login dai"), Turn::default());
    is_asked(&session, "Password of dai: ");
    // A password may look like a command that is not for questions.
    let turn = session.line("\\who am I");
    let request = AccountRequest::Login(name("dai"), password("\\who am I"));
    assert_eq!(turn, Turn::ask(Request::Account(request)));
    assert_eq!(session.question(), None);
    let settings = Box::default();
    let answer = AccountReply::LoggedIn(name("Dai"), Ok(settings));
    let turn = session.reply(Reply::Account(answer));
    assert_eq!(turn, shown(AccountView::LoggedIn(name("Dai"))));
    assert_eq!(session.prompt(), "Dai> ");
    assert_eq!(session.account(), Some(&name("Dai")));
}

#[test]
fn a_wrong_password_can_be_given_three_times() {
    let mut session = Session::default();
    for last in [false, false, true] {
        session.line("\\login Dai");
        session.line(GOOD);
        let wrong = AccountReply::LoggedIn(name("Dai"), Err(AccountError::Wrong));
        let turn = session.reply(Reply::Account(wrong));
        assert_eq!(
            turn,
            shown(match last {
                false => AccountView::Refused(name("Dai"), AccountError::Wrong),
                true => AccountView::WrongTooOften,
            })
        );
        assert_eq!(session.prompt(), "anon> ");
    }
    for line in ["\\login Dai", "\\login Day"] {
        assert_eq!(session.line(line), shown(AccountView::WrongTooOften));
        assert_eq!(session.question(), None);
    }
    // What cannot be a password, and what is not the user's fault, does not count.
    let mut session = Session::default();
    for _ in 0..5 {
        session.line("\\login Dai");
        let refused = AccountView::Refused(name("Dai"), AccountError::Wrong);
        assert_eq!(session.line("short"), shown(refused));
        session.line("\\login Dai");
        session.line(GOOD);
        let busy = AccountReply::LoggedIn(name("Dai"), Err(AccountError::Busy));
        session.reply(Reply::Account(busy));
    }
    assert_eq!(session.line("\\login Dai"), Turn::default());
}

#[test]
fn giving_a_name_up_asks_for_its_password_too() {
    let mut session = logged_in("Dai");
    session.line("\\forget");
    is_asked(&session, "Password of Dai: ");
    let turn = session.line(GOOD);
    let request = AccountRequest::Forget(name("Dai"), password(GOOD));
    assert_eq!(turn, Turn::ask(Request::Account(request)));
    let wrong = AccountReply::Forgotten(name("Dai"), Err(AccountError::Wrong));
    let turn = session.reply(Reply::Account(wrong));
    assert_eq!(turn, shown(AccountView::NotForgotten(name("Dai"))));
    assert_eq!(session.account(), Some(&name("Dai")));
    session.line("\\forget");
    session.line(GOOD);
    let answer = AccountReply::Forgotten(name("Dai"), Ok(()));
    let turn = session.reply(Reply::Account(answer));
    assert_eq!(turn, shown(AccountView::Forgotten(name("Dai"))));
    assert_eq!((session.account(), session.name()), (None, &name("Dai")));
}

#[test]
fn another_name_ends_the_login_and_another_way_of_writing_it_does_not() {
    let mut session = logged_in("Dai");
    session.line("\\name DAI");
    let turn = session.reply(Reply::Lobby(LobbyReply::Renamed(Ok(name("DAI")))));
    assert_eq!(turn, Turn::show([GeneralView::Renamed]));
    assert_eq!(session.account(), Some(&name("Dai")));
    session.line("\\name Day");
    let turn = session.reply(Reply::Lobby(LobbyReply::Renamed(Ok(name("Day")))));
    let logged_out = AccountView::LoggedOut(name("Dai"));
    assert_eq!(
        turn,
        Turn::show([GeneralView::Renamed.into(), View::Account(logged_out)])
    );
    assert_eq!(session.account(), None);
    // The short way back.
    session.line("\\login");
    is_asked(&session, "Password of Dai: ");
}

#[test]
fn a_name_that_is_refused_since_it_is_registered_is_the_one_to_log_in_to() {
    let mut session = called("Day");
    session.line("\\name dai");
    let why = RenameError::Registered(name("dai"), name("Dai"), name("dai_2"));
    session.reply(Reply::Lobby(LobbyReply::Renamed(Err(why))));
    session.line("\\login");
    is_asked(&session, "Password of Dai: ");
}

#[test]
fn who_is_displaced_has_another_name_and_what_was_asked_stays_open() {
    let mut session = logged_in("Dai");
    session.line("4");
    let turn = session.name_reclaimed(name("Dai"), name("Dai_2"));
    assert_eq!(
        turn,
        shown(AccountView::NameReclaimed(name("Dai"), name("Dai_2")))
    );
    assert_eq!(session.prompt(), "Please enter your new username: ");
    session.line("\\exit");
    assert_eq!(session.prompt(), "Dai_2> ");
    assert_eq!(session.account(), None);
    session.line("\\login");
    is_asked(&session, "Password of Dai: ");
    // The reply to a registration, after somebody else has logged in to the name.
    let mut session = called("Dai");
    session.name_reclaimed(name("Dai"), name("Dai_2"));
    let answer = AccountReply::Registered(name("Dai"), Ok(()));
    session.reply(Reply::Account(answer));
    assert_eq!(session.account(), None);
}

#[test]
fn lines_that_ask_for_a_secret_are_known_before_they_are_handled() {
    let session = Session::default();
    for line in ["\\login Dai", " /LOGIN", "\\register", "\\forget"] {
        assert!(session.asks_for_secret(line), "{line}");
    }
    for line in ["login", "\\\\login", "\\name login", "\\help login", ""] {
        assert!(!session.asks_for_secret(line), "{line}");
    }
}

#[test]
fn whatever_is_said_of_names_is_a_row_that_says_what_to_do_next() {
    let dai = || name("Dai");
    let errors = [
        AccountError::Wrong,
        AccountError::TooManyTries,
        AccountError::Guessed,
        AccountError::Busy,
        AccountError::Registered(dai()),
        AccountError::Registered(name("D\u{430}i")),
        AccountError::NotYours,
        AccountError::TooMany(7),
        AccountError::NotStored,
    ];
    let refused = errors.map(|why| AccountView::Refused(dai(), why));
    let views = [
        AccountView::NoFile,
        AccountView::Overheard,
        AccountView::Anon,
        AccountView::NotLoggedIn,
        AccountView::BadPassword(crate::chat::password::PasswordError::Short),
        AccountView::BadPassword(crate::chat::password::PasswordError::Long),
        AccountView::Differ,
        AccountView::Registered(dai()),
        AccountView::NotForgotten(dai()),
        AccountView::WrongTooOften,
        AccountView::LoggedOut(dai()),
        AccountView::NameReclaimed(dai(), name("Dai_2")),
        AccountView::DeletedByOperator(dai()),
    ];
    for view in views.into_iter().chain(refused) {
        let out = view::tests::shown(view);
        assert!(out.ends_with(".\n"), "{out:?}");
        assert_eq!(out.matches('\n').count(), 1, "{out:?}");
        let next = [
            "Type \\",
            "lease",
            "\\login",
            "--data",
            "--plain-passwords",
            "until you leave",
        ];
        assert!(next.iter().any(|next| out.contains(next)), "{out:?}");
    }
}
