use std::path::Path;
use std::time::{Duration, Instant};

use futures_lite::future::block_on;
use proptest::prelude::*;
use smol::Executor;
use tempfile::TempDir;

use super::*;
use crate::chat::account::Login;
use crate::chat::people::Source;
use crate::chat::request::{LobbyReply, Reply};
use crate::chat::room::RoomLimits;
use crate::chat::settings::{Bell, Setting, Width};
use crate::hub::lobby::LobbyLimits;
use crate::limits::NAME_CHANGES_IN_A_ROW;
use crate::runtime::{Clock, Runtime};
use crate::store::{Durability, Retention, Store};
use crate::time::Timestamp;

pub(super) const PASSWORD: &str = "correct horse";

pub(super) fn name(text: &str) -> Name {
    Name::parse(text).expect("a name")
}

pub(super) fn password(text: &str) -> Password {
    Password::parse(text).expect("a password")
}

pub(super) fn lobby(executor: &Arc<Executor<'static>>, store: Store) -> Arc<Lobby> {
    lobby_with(executor, store, LobbyLimits::default())
}

fn lobby_with(
    executor: &Arc<Executor<'static>>,
    store: Store,
    lobby_limits: LobbyLimits,
) -> Arc<Lobby> {
    let limits = RoomLimits {
        members_max: 0,
        history_lines: 0,
        outbox_bytes: 0,
        notice_delay: Duration::ZERO,
    };
    let lobby = Lobby::open(
        Runtime::new(Arc::clone(executor)),
        store,
        limits,
        lobby_limits,
    );
    block_on(lobby).expect("the store is right")
}

/// Lets the lobby do all that it was asked to.
pub(super) fn run(executor: &Executor<'static>) {
    while executor.try_tick() {}
}

/// What a connection does with what comes to it from the register, and nothing else.
pub(super) struct User {
    pub(super) id: MemberId,
    inbox: Arc<ClientInbox>,
    pub(super) name: Name,
    pub(super) account: Option<Name>,
    /// A request of this person has no answer yet.
    awaits: bool,
    pub(super) key: Option<Fingerprint>,
}

impl User {
    pub(super) fn enter(lobby: &Lobby, id: u64) -> User {
        let inbox = Arc::<ClientInbox>::default();
        lobby.enter(MemberId(id), Source::default(), Arc::clone(&inbox));
        User {
            id: MemberId(id),
            inbox,
            name: Name::anon(),
            account: None,
            awaits: false,
            key: None,
        }
    }

    pub(super) fn requester(&self) -> Requester {
        Requester {
            id: self.id,
            address: None,
            key: self.key,
            inbox: Arc::clone(&self.inbox),
        }
    }

    /// Handles the notes that are there; gives the names that its room hears of, and the answers.
    pub(super) fn take_notes(&mut self, lobby: &Arc<Lobby>) -> (Vec<Name>, Vec<AccountReply>) {
        let (mut heard, mut answers) = (Vec::new(), Vec::new());
        for note in self.inbox.take() {
            let new = match note {
                ClientEvent::NameReclaimed(account) => {
                    lobby.yield_name(self.id, account);
                    None
                }
                ClientEvent::NameYielded { new, .. } => {
                    self.account = None;
                    Some(new)
                }
                ClientEvent::Reply(Reply::Lobby(LobbyReply::Renamed(renamed))) => {
                    self.awaits = false;
                    renamed.ok()
                }
                ClientEvent::Reply(Reply::Account(answer)) => {
                    self.awaits = false;
                    answers.push(answer.clone());
                    match answer {
                        AccountReply::LoggedIn(name, Ok(_)) => {
                            self.account = Some(name.clone());
                            Some(name)
                        }
                        AccountReply::Registered(name, Ok(())) => {
                            self.account = Some(name);
                            None
                        }
                        _ => None,
                    }
                }
                other => panic!("{other:?}"),
            };
            if let Some(new) = new {
                let old = std::mem::replace(&mut self.name, new.clone());
                let account = self.account.take();
                self.account = account.filter(|account| account.clashes(&new));
                heard.push(new.clone());
                lobby.free_name(self.id, &old, &new);
            }
        }
        (heard, answers)
    }
}

/// Some do something while others have yet to see what came of it.
#[derive(Clone, Debug)]
enum Step {
    LogIn(usize, &'static str),
    Rename(usize, &'static str),
    TakeNotes(usize),
    Leave(usize),
    /// The lobby does what it was asked to do.
    Run,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let user = 0..5_usize;
    let account = prop_oneof![4 => Just("Dai"), 1 => Just("Bank")];
    let other = prop_oneof![
        Just("DAI"),
        Just("D\u{430}i"),
        Just("Day"),
        Just("Dai_2"),
        Just("anon")
    ];
    let step = prop_oneof![
        4 => (user.clone(), account).prop_map(|(user, name)| Step::LogIn(user, name)),
        2 => (user.clone(), other).prop_map(|(user, name)| Step::Rename(user, name)),
        5 => user.clone().prop_map(Step::TakeNotes),
        1 => user.prop_map(Step::Leave),
        6 => Just(Step::Run),
    ];
    prop::collection::vec(step, 1..60)
}

fn account_of(text: &str) -> Account {
    Account {
        reads: Default::default(),
        name: name(text),
        password: String::new(),
        created: Timestamp(0),
        seen: Timestamp(0),
        settings: Settings::default(),
    }
}

/// Takes the steps, lets everybody see what came of them, and looks at who has which name.
fn play(steps: &[Step]) -> Result<(), TestCaseError> {
    let executor = Arc::new(Executor::new());
    let lobby = lobby(&executor, Store::memory(0));
    for account in ["Dai", "Bank"] {
        lobby.store.register().enter(&name(account));
    }
    let mut people: Vec<User> = (1..=5).map(|id| User::enter(&lobby, id)).collect();
    let mut next_id = 6;
    for step in steps.iter().cloned() {
        match step {
            Step::LogIn(user, account) if !people[user].awaits => {
                people[user].awaits = true;
                let id = people[user].id;
                let login = NameChange::LogIn(id, Box::new(account_of(account)));
                lobby.change_name(login);
            }
            Step::Rename(user, new) if !people[user].awaits => {
                people[user].awaits = true;
                lobby.take_name(people[user].id, name(new), None);
            }
            Step::Run => run(&executor),
            Step::TakeNotes(user) => {
                people[user].take_notes(&lobby);
            }
            Step::Leave(user) if !people[user].awaits => {
                lobby.unregister(people[user].id, &people[user].name);
                people[user] = User::enter(&lobby, next_id);
                next_id += 1;
            }
            _ => {}
        }
    }
    // Two turns each for a login to displace another, and so on down the line.
    for _ in 0..40 {
        run(&executor);
        for user in &mut people {
            user.take_notes(&lobby);
        }
    }
    let register = lobby.store.register();
    let state = lobby.lock();
    for user in &people {
        let known = &state.people[&user.id];
        prop_assert!(!user.awaits);
        prop_assert_eq!(&known.name, &user.name);
        prop_assert_eq!(&known.extras().account, &user.account);
        prop_assert!(user.inbox.take().is_empty());
        if !user.name.is_anon() {
            prop_assert_eq!(register.others_with(&user.name, user.id), []);
            prop_assert_eq!(block_on(register.holder(&user.name)), Ok(Some(user.id)));
        }
        // Who has a registered name, or one like it, is logged in to it.
        for account in ["Dai", "Bank"].map(name) {
            let has_it = user.name.clashes(&account);
            prop_assert_eq!(has_it, user.account == Some(account));
        }
    }
    // Every name is somebody's: the keys of those who left or took another are free.
    drop(state);
    for user in &people {
        lobby.unregister(user.id, &user.name);
    }
    let mut last = User::enter(&lobby, next_id);
    for free in ["Day", "Dai_2"] {
        lobby.take_name(last.id, name(free), None);
        run(&executor);
        prop_assert_eq!(last.take_notes(&lobby).0, [name(free)]);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn however_logins_renames_and_leaving_meet_each_name_has_one_bearer_and_nobody_waits(
        steps in steps()
    ) {
        play(&steps)?;
    }
}

#[test]
fn who_takes_the_name_it_has_once_more_gives_way_after_the_answer() {
    use Step::{LogIn, Rename, Run, TakeNotes};
    let like = "D\u{430}i";
    let cases: [&[Step]; 3] = [
        &[
            LogIn(3, "Dai"),
            Run,
            TakeNotes(3),
            LogIn(0, "Dai"),
            Run,
            Rename(3, like),
            Run,
            TakeNotes(3),
            Rename(3, like),
            Run,
        ],
        &[
            LogIn(3, "Dai"),
            Run,
            TakeNotes(3),
            Rename(3, "DAI"),
            Run,
            TakeNotes(3),
            LogIn(0, "Dai"),
            Run,
            Rename(3, "DAI"),
            Run,
        ],
        &[
            LogIn(3, "Dai"),
            Run,
            TakeNotes(3),
            LogIn(0, "Dai"),
            Run,
            Rename(3, "Dai"),
            Run,
        ],
    ];
    for steps in cases {
        if let Err(why) = play(steps) {
            panic!("{steps:?}: {why}");
        }
    }
}

#[test]
fn who_begins_to_change_names_is_not_kept_with_those_of_everybody_else() {
    let executor = Arc::new(Executor::new());
    let lobby = lobby(&executor, Store::memory(0));
    let users: Vec<User> = (0..30).map(|id| User::enter(&lobby, id)).collect();
    let called = || {
        let state = lobby.lock();
        let users = state.people.values();
        users.filter(|user| !user.name.is_anon()).count()
    };
    // As if another thread were at it.
    lobby.lock_names().is_running = true;
    for user in &users[1..] {
        lobby.take_name(user.id, name(&format!("n{}", user.id.0)), None);
    }
    assert_eq!(called(), 0);
    lobby.lock_names().is_running = false;
    lobby.take_name(users[0].id, name("first"), None);
    assert_eq!(called(), NAME_CHANGES_IN_A_ROW);
    run(&executor);
    assert_eq!(called(), users.len());
}

/// Asks something and waits for what comes of it.
pub(super) fn ask(
    executor: &Executor<'static>,
    lobby: &Arc<Lobby>,
    user: &mut User,
    request: AccountRequest,
    settings: Settings,
) -> AccountReply {
    lobby.handle(user.requester(), request, settings);
    let answer = async {
        loop {
            if let Some(answer) = user.take_notes(lobby).1.pop() {
                return answer;
            }
            std::future::poll_fn(|cx| user.inbox.poll_rung(cx)).await;
        }
    };
    block_on(executor.run(answer))
}

pub(super) fn file_store(path: &Path) -> Store {
    Store::open(
        path,
        Durability::Normal,
        Retention::default(),
        &Clock::system(),
    )
    .expect("the file is right")
}

/// Connection 1, which has taken the name.
pub(super) fn dai_of(executor: &Executor<'static>, lobby: &Arc<Lobby>) -> User {
    let mut dai = User::enter(lobby, 1);
    lobby.take_name(dai.id, name("Dai"), None);
    run(executor);
    dai.take_notes(lobby);
    dai
}

#[test]
fn what_is_set_and_when_one_was_seen_is_stored_before_the_server_ends() {
    let folder = TempDir::new().expect("a directory");
    let path = folder.path().join("chat.db");
    let executor = Arc::new(Executor::new());
    let store = file_store(&path);
    let lobby = lobby(&executor, store.clone());
    let mut dai = dai_of(&executor, &lobby);
    let mut settings = Settings::default();
    settings.note(&Setting::Color(false));
    let request = AccountRequest::Register(name("Dai"), password(PASSWORD));
    let answer = ask(&executor, &lobby, &mut dai, request, settings.clone());
    assert_eq!(answer, AccountReply::Registered(name("Dai"), Ok(())));
    let stored = || {
        block_on(store.account(name("Dai")))
            .expect("it can be read")
            .expect("it is there")
    };
    let before = stored();
    assert_eq!((&before.settings, before.seen), (&settings, before.created));
    assert!(!before.password.contains("horse"));

    for width in 20..120 {
        settings.note(&Setting::Width(Width::Columns(width)));
        lobby.save_settings(&name("Dai"), settings.clone());
    }
    let mut seen = before.seen;
    while seen == before.seen {
        seen = lobby.timestamp();
    }
    lobby.unregister(dai.id, &dai.name);
    block_on(executor.run(lobby.save_rest()));
    let after = stored();
    assert_eq!(after.settings, settings);
    assert!(after.seen >= seen, "{after:?}");

    let mut late = User::enter(&lobby, 2);
    let wrong = AccountRequest::Login(name("DAI"), password("wrong password"));
    let answer = ask(&executor, &lobby, &mut late, wrong, Settings::default());
    assert_eq!(
        answer,
        AccountReply::LoggedIn(name("DAI"), Err(AccountError::Wrong))
    );
    let right = AccountRequest::Login(name("DAI"), password(PASSWORD));
    let answer = ask(&executor, &lobby, &mut late, right, Settings::default());
    assert_eq!(
        answer,
        AccountReply::LoggedIn(
            name("Dai"),
            Ok(Box::new(Login {
                settings,
                ignores: None,
                is_operator: false,
            }))
        )
    );
    assert_eq!(late.name, name("Dai"));
}

#[test]
fn what_cannot_be_stored_is_refused_or_kept_until_it_can() {
    let folder = TempDir::new().expect("a directory");
    let path = folder.path().join("chat.db");
    let executor = Arc::new(Executor::new());
    let store = file_store(&path);
    let lobby = lobby(&executor, store.clone());
    let mut dai = dai_of(&executor, &lobby);
    // Without its file nothing can be stored; the readers still have theirs.
    let away = folder.path().join("away.db");
    std::fs::rename(&path, &away).expect("renamed");
    let register = || AccountRequest::Register(name("Dai"), password(PASSWORD));
    let mut register_dai = || ask(&executor, &lobby, &mut dai, register(), Settings::default());
    let refused = AccountReply::Registered(name("Dai"), Err(AccountError::NotStored));
    assert_eq!(register_dai(), refused);
    std::fs::rename(&away, &path).expect("renamed");
    assert_eq!(
        register_dai(),
        AccountReply::Registered(name("Dai"), Ok(()))
    );

    std::fs::rename(&path, &away).expect("renamed");
    let mut settings = Settings::default();
    settings.note(&Setting::Bell(Bell::All));
    lobby.save_settings(&name("Dai"), settings.clone());
    block_on(executor.run(lobby.save_rest()));
    let forget = AccountRequest::Forget(name("Dai"), password(PASSWORD));
    let answer = ask(
        &executor,
        &lobby,
        &mut dai,
        forget.clone(),
        Settings::default(),
    );
    let refused = AccountReply::Forgotten(name("Dai"), Err(AccountError::NotStored));
    assert_eq!(answer, refused);
    std::fs::rename(&away, &path).expect("renamed");
    lobby.save_settings(&name("Dai"), settings.clone());
    block_on(executor.run(lobby.save_rest()));
    let stored = block_on(store.account(name("Dai"))).expect("it can be read");
    assert_eq!(stored.expect("it is there").settings, settings);
    let answer = ask(&executor, &lobby, &mut dai, forget, Settings::default());
    assert_eq!(answer, AccountReply::Forgotten(name("Dai"), Ok(())));
    assert_eq!(block_on(store.account(name("Dai"))), Ok(None));
    assert!(!lobby.store.register().is_registered(&name("Dai")));
}

#[test]
fn only_what_one_holds_can_be_registered_and_only_ones_own_be_deleted() {
    let folder = TempDir::new().expect("a directory");
    let executor = Arc::new(Executor::new());
    let lobby = lobby(&executor, file_store(&folder.path().join("chat.db")));
    let mut dai = User::enter(&lobby, 1);
    let mut eve = User::enter(&lobby, 2);
    lobby.take_name(dai.id, name("Dai"), None);
    run(&executor);
    dai.take_notes(&lobby);
    let register = || AccountRequest::Register(name("Dai"), password(PASSWORD));
    let ask = |user: &mut User, request| ask(&executor, &lobby, user, request, Settings::default());
    let refused = |why| AccountReply::Registered(name("Dai"), Err(why));
    assert_eq!(ask(&mut eve, register()), refused(AccountError::NotYours));
    assert_eq!(
        ask(&mut dai, register()),
        AccountReply::Registered(name("Dai"), Ok(()))
    );
    let again = refused(AccountError::Registered(name("Dai")));
    assert_eq!(ask(&mut dai, register()), again);
    // She knows the password, but it is he who is logged in.
    let forget = AccountRequest::Forget(name("Dai"), password(PASSWORD));
    let refused = AccountReply::Forgotten(name("Dai"), Err(AccountError::NotYours));
    assert_eq!(ask(&mut eve, forget), refused);
}

/// Lets accounts go that are due, until there are so many.
fn expire_until(
    left: &[Name],
    executor: &Arc<Executor<'static>>,
    lobby: &Arc<Lobby>,
    store: &Store,
) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while block_on(store.accounts()).expect("they can be read") != left {
        assert!(Instant::now() < deadline, "never {left:?}");
        block_on(executor.run(lobby.expire_accounts()));
        run(executor);
    }
    block_on(executor.run(lobby.save_rest()));
    run(executor);
}

#[test]
fn an_account_that_nobody_uses_goes_and_its_name_is_free() {
    let folder = TempDir::new().expect("a directory");
    let executor = Arc::new(Executor::new());
    let store = file_store(&folder.path().join("chat.db"));
    block_on(store.create_account(account_of("ben"))).expect("stored");
    let limits = LobbyLimits {
        account_idle: Some(Duration::from_millis(1)),
        ..LobbyLimits::default()
    };
    let lobby = lobby_with(&executor, store.clone(), limits);
    let mut dai = dai_of(&executor, &lobby);
    let request = AccountRequest::Register(name("Dai"), password(PASSWORD));
    ask(&executor, &lobby, &mut dai, request, Settings::default());
    let mut cat = User::enter(&lobby, 2);
    lobby.take_name(cat.id, name("ben"), None);
    run(&executor);
    assert_eq!(cat.take_notes(&lobby).0, []);
    // Once it is not the millisecond any more in which they were seen.
    let registered = lobby.timestamp();
    while lobby.timestamp().since(registered) < Duration::from_millis(3) {}
    // Whoever is there uses it.
    expire_until(&[name("Dai")], &executor, &lobby, &store);
    cat.awaits = true;
    lobby.take_name(cat.id, name("ben"), None);
    let mut heard = Vec::new();
    while cat.awaits {
        run(&executor);
        heard.append(&mut cat.take_notes(&lobby).0);
    }
    assert_eq!(heard, [name("ben")]);
    lobby.unregister(dai.id, &dai.name);
    let left = lobby.timestamp();
    while lobby.timestamp().since(left) < Duration::from_millis(3) {}
    block_on(executor.run(lobby.save_rest()));
    expire_until(&[], &executor, &lobby, &store);
}

#[test]
fn an_account_that_an_operator_deletes_goes_although_somebody_uses_it() {
    let folder = TempDir::new().expect("a directory");
    let path = folder.path().join("chat.db");
    let executor = Arc::new(Executor::new());
    let store = file_store(&path);
    let lobby = lobby(&executor, store.clone());
    let mut dai = dai_of(&executor, &lobby);
    let register = AccountRequest::Register(name("Dai"), password(PASSWORD));
    ask(
        &executor,
        &lobby,
        &mut dai,
        register.clone(),
        Settings::default(),
    );
    let deleted = crate::store::tools::delete_account(&path, &name("DAI"));
    // It is left to the server.
    assert!(deleted.expect("there is one"));
    expire_until(&[], &executor, &lobby, &store);
    let notes = dai.inbox.take();
    let told = notes
        .iter()
        .any(|note| matches!(note, ClientEvent::AccountDeleted(_)));
    assert!(told, "{notes:?}");
    // The name is still held, and can be registered by whoever holds it.
    let answer = ask(&executor, &lobby, &mut dai, register, Settings::default());
    assert_eq!(answer, AccountReply::Registered(name("Dai"), Ok(())));
}
