//! People of several nodes and what they have to do with each other, without terminals: lobbies and participants on one
//! made-up engine. What is told here of one course of events, the simulation does in all orders.

use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use parlor::chat::account::{AccountError, AccountReply, AccountRequest};
use parlor::chat::admin::{
    AdminAnswer, AdminError, AdminReply, LimitRow, LogLevel, Operator, Reach, Reloaded, Tidings,
};
use parlor::chat::ignore::IgnoreRequest;
use parlor::chat::message::{Item, Kind, MemberId};
use parlor::chat::name::{Name, RoomName};
use parlor::chat::password::Password;
use parlor::chat::people::{DmError, Location, Recipient, Source, Words};
use parlor::chat::request::{
    Info, LobbyReply, LobbyRequest, RenameError, Reply, RoomReply, RoomRequest,
};
use parlor::chat::room::RoomLimits;
use parlor::chat::settings::Settings;
use parlor::hub::control::{Reloading, ServerControl};
use parlor::hub::lobby::{Lobby, LobbyLimits};
use parlor::hub::participant::{Candidates, Departure, Event, Participant};
use parlor::runtime::{Clock, ManualClock, Runtime};
use parlor::store::Store;
use parlor::store::cluster::ClusterOptions;
use parlor::store::cluster::engine::{NewNode, Nodes};
use parlor::time::Timestamp;
use parlor::time::rate::Pace;
use smol::Executor;

use crate::engine::random::Random;
use crate::engine::{Cut, Luck, MadeUp};

const LEASE: Duration = Duration::from_secs(10);
const LIMITS: RoomLimits = RoomLimits {
    members_max: 0,
    history_lines: 10,
    outbox_bytes: 0,
    notice_delay: Duration::ZERO,
};
const PASSWORD: &str = "correct horse";
/// What something may take that does not wait for anybody.
const SOON: Duration = Duration::from_secs(2);

fn name(text: &str) -> Name {
    Name::parse(text).expect("a name")
}

fn room(text: &str) -> RoomName {
    RoomName::parse(text).expect("a room name")
}

fn password() -> Password {
    Password::parse(PASSWORD).expect("a password")
}

/// A server of which Oz is the operator.
#[derive(Debug, Default)]
struct Control;

/// A lobby and its store, once they are there.
type Opened = Arc<Mutex<Option<(Arc<Lobby>, Store)>>>;

impl ServerControl for Control {
    fn is_operator(&self, account: &Name) -> bool {
        account.as_str() == "Oz"
    }

    fn limits(&self) -> Vec<LimitRow> {
        Vec::new()
    }

    fn set_log(&self, _: LogLevel) {}

    fn reload(&self) -> Reloading {
        Box::pin(async { Ok(Reloaded::default()) })
    }

    fn stop(&self) {}
}

/// One node.
struct Node {
    executor: Arc<Executor<'static>>,
    lobby: Arc<Lobby>,
    /// Nothing of it runs.
    is_stopped: bool,
    connections: u64,
    link: usize,
    store: Store,
}

/// Some nodes and their engine.
struct World {
    clock: Arc<ManualClock>,
    engine: MadeUp,
    engine_tasks: Arc<Executor<'static>>,
    nodes: Vec<Node>,
}

/// A participant and what its front end has seen.
struct User {
    user: Participant,
    node: usize,
    events: Vec<Event>,
    /// Lines and notices of the transcript.
    said: Vec<String>,
    /// What came of a request that has its answer.
    replies: Vec<Reply>,
}

impl World {
    /// So many nodes, called `a`, `b` and so on.
    fn new(count: usize) -> World {
        let clock = ManualClock::new(Timestamp(1_800_000_000_000));
        let engine_tasks = Arc::new(Executor::new());
        let engine = MadeUp::new(
            Clock::manual(Arc::clone(&clock)),
            Arc::clone(&engine_tasks),
            Random::new(16, 0),
            Timestamp(1_800_000_000_000),
            true,
        );
        let mut world = World {
            clock,
            engine,
            engine_tasks,
            nodes: Vec::new(),
        };
        for number in 0..count {
            world.start_node(["a", "b", "c"][number]);
        }
        world
    }

    fn start_node(&mut self, label: &str) {
        let executor = Arc::new(Executor::new());
        let runtime = Runtime::simulated(Arc::clone(&executor), Arc::clone(&self.clock));
        let link = self.engine.link();
        let number = link.number();
        let options = ClusterOptions {
            label: label.to_owned(),
            lease: LEASE,
            version: 1,
        };
        let limits = LobbyLimits {
            dm_pace: Pace::new(2, 5),
            linger: Duration::from_secs(300),
            ..LobbyLimits::default()
        };
        let opening = async move {
            let store = Store::join(Arc::new(link), options, &runtime).await;
            let store = store.expect("the engine is there");
            let lobby = Lobby::open(runtime, store.clone(), LIMITS, limits).await;
            (lobby.expect("the rooms can be read"), store)
        };
        let opened: Opened = Arc::default();
        let put = Arc::clone(&opened);
        let opening = async move {
            let done = opening.await;
            *put.lock().expect("nobody panics") = Some(done);
        };
        executor.spawn(opening).detach();
        let (lobby, store) = loop {
            if let Some(opened) = opened.lock().expect("nobody panics").take() {
                break opened;
            }
            let is_busy = executor.try_tick() | self.tick();
            if !is_busy {
                let wait = self.clock.next_timer().expect("something is waited for");
                self.clock.advance(wait);
            }
        };
        lobby.set_control(Arc::new(Control));
        self.nodes.push(Node {
            executor,
            lobby,
            is_stopped: false,
            connections: 0,
            link: number,
            store,
        });
    }

    /// Gives everybody a turn; false if there is nothing to do.
    fn tick(&self) -> bool {
        let mut is_busy = self.engine_tasks.try_tick();
        for node in self.nodes.iter().filter(|node| !node.is_stopped) {
            while node.executor.try_tick() {
                is_busy = true;
            }
        }
        is_busy
    }

    /// Lets so much time pass, with nobody at a terminal.
    fn pass(&self, time: Duration) {
        self.with(&mut [], time, |_| false);
    }

    /// Lets things happen, and these users see them, until something is so. False if it is not after so long.
    fn with(
        &self,
        users: &mut [&mut User],
        time: Duration,
        mut is_so: impl FnMut(&mut [&mut User]) -> bool,
    ) -> bool {
        let mut left = time;
        loop {
            loop {
                let mut is_busy = self.tick();
                for user in users
                    .iter_mut()
                    .filter(|user| !self.nodes[user.node].is_stopped)
                {
                    is_busy |= user.look();
                }
                if !is_busy {
                    break;
                }
            }
            if is_so(users) {
                return true;
            }
            if left.is_zero() {
                return false;
            }
            let wait = self.clock.next_timer().map_or(left, |wait| wait.min(left));
            // One that was due already is over with the next turn.
            let wait = wait.max(Duration::from_millis(1)).min(left);
            self.clock.advance(wait);
            left -= wait;
        }
    }

    /// What comes of something that is asked of a node.
    fn answer<T>(&self, asking: impl Future<Output = T>) -> T {
        let mut asking: Pin<Box<dyn Future<Output = T> + '_>> = Box::pin(asking);
        let mut result = None;
        let is_there = self.with(&mut [], Duration::from_secs(30), |_| {
            let mut context = Context::from_waker(Waker::noop());
            if let Poll::Ready(done) = asking.as_mut().poll(&mut context) {
                result = Some(done);
            }
            result.is_some()
        });
        assert!(is_there, "no answer");
        result.expect("it is there")
    }

    /// Somebody at node `node`, from `10.0.0.HOST`.
    fn enter(&mut self, node: usize, host: u8) -> User {
        let at = &mut self.nodes[node];
        at.connections += 1;
        let id = MemberId::on(at.store.node(), at.connections);
        let ip = IpAddr::from([10, 0, 0, host]);
        let source = Source::new(Some(ip), None, true, true);
        let user = Participant::enter(id, source, Arc::clone(&at.lobby));
        user.register();
        User {
            user,
            node,
            events: Vec::new(),
            said: Vec::new(),
            replies: Vec::new(),
        }
    }

    fn named(&mut self, node: usize, host: u8, called: &str) -> User {
        let mut user = self.enter(node, host);
        let reply = self.ask(&mut user, LobbyRequest::Rename(name(called)));
        let Reply::Lobby(LobbyReply::Renamed(Ok(_))) = reply else {
            panic!("{called}: {reply:?}");
        };
        user
    }

    /// Somebody who has registered `called` just now.
    fn registered(&mut self, node: usize, host: u8, called: &str) -> User {
        let mut user = self.named(node, host, called);
        let register = AccountRequest::Register(name(called), password());
        let reply = self.ask_account(&mut user, register);
        assert_eq!(reply, AccountReply::Registered(name(called), Ok(())));
        user
    }

    fn replied(&self, user: &mut User) -> Reply {
        let is_there = self.with(&mut [user], Duration::from_secs(30), |users| {
            !users[0].replies.is_empty()
        });
        assert!(is_there, "no reply: {:?}", user.events);
        user.replies.remove(0)
    }

    fn ask(&self, user: &mut User, request: LobbyRequest) -> Reply {
        user.replies.clear();
        user.user.ask_lobby(request);
        self.replied(user)
    }

    fn ask_account(&self, user: &mut User, request: AccountRequest) -> AccountReply {
        user.replies.clear();
        user.user.ask_account(request, Settings::default());
        match self.replied(user) {
            Reply::Account(reply) => reply,
            other => panic!("{other:?}"),
        }
    }

    fn shown(&self, user: &mut User, request: LobbyRequest) -> Info {
        match self.ask(user, request) {
            Reply::Lobby(LobbyReply::Shown(info)) => info,
            other => panic!("{other:?}"),
        }
    }

    fn tell(&self, user: &mut User, to: &str, text: &str) -> Result<Option<String>, DmError> {
        let to = Recipient::Name(name(to));
        self.tell_to(user, to, text)
    }

    fn tell_to(
        &self,
        user: &mut User,
        to: Recipient,
        text: &str,
    ) -> Result<Option<String>, DmError> {
        match self.shown(user, LobbyRequest::Message(to, text.to_owned())) {
            Info::DmSent(_, away) => Ok(away.map(Into::into)),
            Info::DmFailed(_, why) => Err(why),
            other => panic!("{other:?}"),
        }
    }

    fn join(&self, user: &mut User, wanted: &str) {
        // One that is there already is joined.
        self.ask(user, LobbyRequest::Create(room(wanted)));
        let reply = self.ask(user, LobbyRequest::Join(room(wanted), None));
        let Reply::Lobby(LobbyReply::Joined(_, Ok(_))) = reply else {
            panic!("{reply:?}");
        };
    }

    fn administer(&self, node: usize, line: &str) -> AdminAnswer {
        let operator = Operator::Socket("root".into());
        self.answer(self.nodes[node].lobby.administer(&operator, line))
    }

    /// The connection of somebody ends, or is lost.
    fn end(&self, mut user: User, was_lost: bool) {
        let node = user.node;
        let leaving: Pin<Box<dyn Future<Output = ()> + Send>> =
            match was_lost && user.user.can_linger() {
                true => {
                    user.user.keep_seat();
                    self.pass(SOON);
                    return;
                }
                false => Box::pin(async move { user.user.leave(was_lost).await }),
            };
        self.nodes[node].executor.spawn(leaving).detach();
        self.pass(SOON);
    }
}

impl User {
    fn look(&mut self) -> bool {
        let mut is_busy = self.read();
        for event in self.user.events() {
            is_busy = true;
            if Participant::follows_transcript(&event) {
                self.read();
            }
            match self.user.handle(event) {
                Some(Event::Reply(reply)) => self.replies.push(reply),
                Some(event) => self.events.push(event),
                None => {}
            }
        }
        is_busy
    }

    fn read(&mut self) -> bool {
        let mut batches = Vec::new();
        self.user.take(usize::MAX, &mut batches);
        for batch in &batches {
            self.user.own_lines(batch);
            self.said
                .extend(batch.items().iter().map(|item| match item {
                    Item::Message(message) => format!("{}: {}", message.name, message.text),
                    Item::Notice(notice) => format!("{notice:?}"),
                }));
        }
        let departure = self.user.departure();
        let is_busy = !batches.is_empty() || departure.is_some();
        match departure {
            Some(Departure::Left(reply)) => self.replies.push(reply),
            Some(Departure::PutOut(..)) => self.said.push("put out".to_owned()),
            None => {}
        }
        is_busy
    }

    /// What others have told this user in private, each once.
    fn told(&mut self) -> Vec<(String, String)> {
        let mut told = Vec::new();
        self.events.retain(|event| match event {
            Event::Message(message) => {
                let words = match &message.words {
                    Words::Text(text) => text.to_string(),
                    Words::Invitation(room) => format!("come to {room}"),
                };
                told.push((message.name.to_string(), words));
                false
            }
            _ => true,
        });
        told
    }

    fn is_ejected(&self) -> bool {
        let mut events = self.events.iter();
        events.any(|event| matches!(event, Event::Ejected(_)))
    }

    fn announced(&self) -> Vec<String> {
        let announced = self.events.iter().filter_map(|event| match event {
            Event::Told(tidings) => match &**tidings {
                Tidings::Announced(text) => Some(text.to_string()),
                Tidings::Reported(report) => Some(format!("{} reported", report.about.name)),
            },
            _ => None,
        });
        announced.collect()
    }
}

fn pair(from: &str, words: &str) -> (String, String) {
    (from.to_owned(), words.to_owned())
}

#[test]
fn private_words_go_from_node_to_node_and_back_as_they_do_on_one() {
    let mut world = World::new(2);
    let mut ann = world.named(0, 1, "Ann");
    let mut ben = world.named(1, 2, "Ben");
    assert_eq!(world.tell(&mut ann, "ben", "hello"), Ok(None));
    world.with(&mut [&mut ben], SOON, |_| false);
    assert_eq!(ben.told(), [pair("Ann", "hello")]);
    // An answer goes to the connection, whatever it is called by then.
    let back = Recipient::Id(ann.user.id(), name("Ann"));
    world.ask(&mut ann, LobbyRequest::Rename(name("Anne")));
    assert_eq!(world.tell_to(&mut ben, back, "hi"), Ok(None));
    world.with(&mut [&mut ann], SOON, |_| false);
    assert_eq!(ann.told(), [pair("Ben", "hi")]);

    let Reply::Lobby(LobbyReply::Away) = world.ask(&mut ben, LobbyRequest::Away("lunch".into()))
    else {
        panic!("not away");
    };
    let away = Ok(Some("lunch".to_owned()));
    assert_eq!(world.tell(&mut ann, "Ben", "there?"), away);
    // Whoever is ignored is not told.
    world.ask(
        &mut ben,
        LobbyRequest::Ignore(IgnoreRequest::Add(name("anne"))),
    );
    ben.told();
    assert_eq!(world.tell(&mut ann, "Ben", "hey"), away);
    world.with(&mut [&mut ben], SOON, |_| false);
    assert_eq!(ben.told(), []);
    assert_eq!(world.tell(&mut ann, "Cat", "hello"), Err(DmError::Gone));

    world.join(&mut ann, "1150");
    let invited = world.shown(&mut ann, LobbyRequest::Invite(name("Ben")));
    assert!(matches!(invited, Info::DmSent(..)), "{invited:?}");
}

#[test]
fn strangers_from_other_nodes_are_strangers_until_they_are_in_the_same_room_or_written_to() {
    let mut world = World::new(2);
    let mut ann = world.named(0, 1, "Ann");
    let mut ben = world.named(1, 2, "Ben");
    ben.user.take_strangers(false);
    assert_eq!(world.tell(&mut ann, "Ben", "1"), Err(DmError::Stranger));
    world.join(&mut ann, "1150");
    assert_eq!(world.tell(&mut ann, "Ben", "2"), Err(DmError::Stranger));
    world.join(&mut ben, "1150");
    assert_eq!(world.tell(&mut ann, "Ben", "3"), Ok(None));
    // Who is written to is no stranger.
    let mut cat = world.named(0, 3, "Cat");
    assert_eq!(world.tell(&mut cat, "Ben", "4"), Err(DmError::Stranger));
    assert_eq!(world.tell(&mut ben, "Cat", "5"), Ok(None));
    assert_eq!(world.tell(&mut cat, "Ben", "6"), Ok(None));
}

#[test]
fn nobody_gets_more_private_words_from_other_nodes_than_from_their_own() {
    let mut world = World::new(3);
    let mut ben = world.named(1, 2, "Ben");
    // One address, two connections on each of two nodes.
    let mut senders: Vec<User> = (0..4)
        .map(|number| world.named(2 * (number % 2), 1, &format!("x{number}")))
        .collect();
    let mut arrived = 0;
    for _ in 0..10 {
        for sender in &mut senders {
            match world.tell(sender, "Ben", "spam") {
                Ok(_) => arrived += 1,
                Err(why) => assert_eq!(why, DmError::TooFast),
            }
        }
    }
    world.with(&mut [&mut ben], SOON, |_| false);
    assert_eq!(ben.told().len(), arrived);
    assert!((5..10).contains(&arrived), "{arrived} of 40");
    let mut other = world.named(0, 9, "Ann");
    assert_eq!(world.tell(&mut other, "Ben", "hello"), Ok(None));
}

#[test]
fn whoever_waits_for_a_node_that_does_not_answer_is_told_so_after_a_few_seconds() {
    let mut world = World::new(2);
    let mut ann = world.named(0, 1, "Ann");
    let mut ben = world.named(1, 2, "Ben");
    world.nodes[1].is_stopped = true;
    let before = Clock::manual(Arc::clone(&world.clock)).now();
    assert_eq!(world.tell(&mut ann, "Ben", "hello"), Err(DmError::Silent));
    let waited = Clock::manual(Arc::clone(&world.clock)).now() - before;
    assert!(waited <= Duration::from_secs(6), "{waited:?}");
    // It was sent, and comes when the node wakes up.
    world.nodes[1].is_stopped = false;
    world.with(&mut [&mut ben], SOON, |_| false);
    assert_eq!(ben.told(), [pair("Ann", "hello")]);
    assert_eq!(world.tell(&mut ann, "Ben", "again"), Ok(None));
}

#[test]
fn everybody_is_found_wherever_they_are() {
    let mut world = World::new(3);
    let mut ann = world.named(0, 1, "Ann");
    let mut ben = world.named(1, 2, "Benedict");
    let mut bea = world.named(2, 3, "Bea");
    world.join(&mut ann, "1150");
    world.join(&mut bea, "1150");
    world.ask(&mut ben, LobbyRequest::Away("lunch".into()));
    world.pass(SOON);

    let Info::Users(people) = world.shown(&mut ann, LobbyRequest::Users) else {
        panic!("no list");
    };
    let listed: Vec<_> = people
        .people
        .iter()
        .map(|(who, place)| (who.name.as_str(), who.away, place.clone()))
        .collect();
    let here = || Location::Room(room("1150"));
    assert_eq!(
        listed,
        [
            ("Ann", false, here()),
            ("Benedict", true, Location::Menu),
            ("Bea", false, here())
        ]
    );
    assert_eq!((people.more, people.is_partial), (0, false));

    let Info::Whois(_, Some(profile)) =
        world.shown(&mut ann, LobbyRequest::Whois(name("benedict")))
    else {
        panic!("nobody");
    };
    assert_eq!(profile.present.name, name("Benedict"));
    assert_eq!(profile.away.as_deref(), Some("lunch"));
    let nobody = world.shown(&mut ann, LobbyRequest::Whois(name("Dai")));
    assert_eq!(nobody, Info::Whois(name("Dai"), None));

    let Info::Stats(stats) = world.shown(&mut ann, LobbyRequest::Stats) else {
        panic!("no figures");
    };
    assert_eq!(
        (stats.people, stats.is_partial, stats.is_shared),
        (3, false, true)
    );

    assert!(ann.user.ask_candidates(Candidates::Users, "be"));
    world.with(&mut [&mut ann], SOON, |_| false);
    let Some(Event::Candidates(names)) = ann.events.pop() else {
        panic!("nothing to complete with");
    };
    assert_eq!(names, ["Bea", "Benedict"]);

    // Members that are elsewhere are told of with what they are.
    world.ask(&mut bea, LobbyRequest::Away("".into()));
    world.pass(SOON);
    ann.user.ask_room(RoomRequest::Members);
    let Reply::Room(RoomReply::Shown(Info::Members(_, members, 0))) = world.replied(&mut ann)
    else {
        panic!("no members");
    };
    let named: Vec<_> = members
        .iter()
        .map(|it| (it.name.as_str(), it.away))
        .collect();
    assert_eq!(named, [("Ann", false), ("Bea", true)]);
}

#[test]
fn who_is_in_a_private_room_is_hidden_on_other_nodes_too() {
    let mut world = World::new(2);
    let mut ann = world.named(0, 1, "Ann");
    let mut ben = world.named(1, 2, "Ben");
    world.join(&mut ann, "secret");
    let command = parlor::chat::request::ModCommand::Private(true);
    ann.user.ask_room(RoomRequest::Moderate(command));
    world.replied(&mut ann);
    world.pass(SOON);
    let Info::Whois(_, Some(profile)) = world.shown(&mut ben, LobbyRequest::Whois(name("Ann")))
    else {
        panic!("nobody");
    };
    assert_eq!(profile.place, Location::Hidden);
}

#[test]
fn while_the_database_is_away_what_is_known_here_is_told_and_that_it_is_not_all() {
    let mut world = World::new(2);
    let mut ann = world.named(0, 1, "Ann");
    let ben = world.named(1, 2, "Ben");
    world.pass(SOON);
    world.engine.die(Duration::from_secs(60), false);
    let Info::Users(people) = world.shown(&mut ann, LobbyRequest::Users) else {
        panic!("no list");
    };
    assert_eq!((people.people.len(), people.is_partial), (1, true));
    let own = world.shown(&mut ann, LobbyRequest::Whois(name("Ann")));
    assert!(matches!(own, Info::Whois(_, Some(_))), "{own:?}");
    let other = world.shown(&mut ann, LobbyRequest::Whois(name("Ben")));
    assert_eq!(other, Info::Unavailable);
    let Info::Stats(stats) = world.shown(&mut ann, LobbyRequest::Stats) else {
        panic!("no figures");
    };
    assert_eq!((stats.people, stats.is_partial), (1, true));
    assert_eq!(
        world.tell(&mut ann, "Ben", "hello"),
        Err(DmError::Unavailable)
    );
    let listed = world.administer(0, "list");
    let Ok(AdminReply::Connections(rows, Reach::Here)) = listed else {
        panic!("{listed:?}");
    };
    assert_eq!(rows.len(), 1);
    let renamed = world.ask(&mut ann, LobbyRequest::Rename(name("Anne")));
    let Reply::Lobby(LobbyReply::Renamed(Err(RenameError::Unavailable))) = renamed else {
        panic!("{renamed:?}");
    };
    // Later all is as it was.
    world.pass(Duration::from_secs(90));
    assert_eq!(world.tell(&mut ann, "Ben", "hello"), Ok(None));
    drop(ben);
}

#[test]
fn of_those_who_want_one_name_on_several_nodes_at_once_one_gets_it() {
    let mut world = World::new(3);
    for names in [["Dai", "dai", "D\u{430}i"], ["Bo", "Bo", "B\u{3BF}"]] {
        let mut users = [world.enter(0, 1), world.enter(1, 2), world.enter(2, 3)];
        for (user, wanted) in users.iter_mut().zip(names) {
            user.user.ask_lobby(LobbyRequest::Rename(name(wanted)));
        }
        let [one, two, three] = &mut users;
        world.with(&mut [one, two, three], SOON, |users| {
            users.iter().all(|user| !user.replies.is_empty())
        });
        let (mut winners, mut offered) = (0, Vec::new());
        for user in &mut users {
            match user.replies.remove(0) {
                Reply::Lobby(LobbyReply::Renamed(Ok(_))) => winners += 1,
                Reply::Lobby(LobbyReply::Renamed(Err(RenameError::Taken(_, free)))) => {
                    // Several may be offered the same.
                    offered.push((user.node, free));
                }
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(winners, 1, "{names:?}");
        let (node, free) = offered.remove(0);
        let taken = world.ask(&mut users[node], LobbyRequest::Rename(free));
        let Reply::Lobby(LobbyReply::Renamed(Ok(_))) = taken else {
            panic!("{taken:?}");
        };
    }
}

#[test]
fn an_owner_who_logs_in_on_another_node_takes_the_name_back() {
    let mut world = World::new(2);
    let mut dai = world.registered(0, 1, "Dai");
    world.join(&mut dai, "1150");
    let mut again = world.named(1, 2, "Guest");
    again.user.ask_account(
        AccountRequest::Login(name("dai"), password()),
        Settings::default(),
    );
    world.with(&mut [&mut dai, &mut again], SOON, |users| {
        !users[1].replies.is_empty()
    });
    let Some(Reply::Account(AccountReply::LoggedIn(got, Ok(_)))) = again.replies.pop() else {
        panic!("{:?}", again.events);
    };
    assert_eq!(got, name("Dai"));
    let Some(Event::NameReclaimed { account, new }) = dai.events.pop() else {
        panic!("{:?}", dai.events);
    };
    assert_eq!((account, new), (name("Dai"), name("Dai_2")));
    world.pass(SOON);
    assert_eq!(world.tell(&mut dai, "Dai", "is it you?"), Ok(None));
    world.with(&mut [&mut again], SOON, |_| false);
    assert_eq!(again.told(), [pair("Dai_2", "is it you?")]);
    // And back again.
    let login = AccountRequest::Login(name("Dai"), password());
    dai.user.ask_account(login, Settings::default());
    world.with(&mut [&mut dai, &mut again], SOON, |users| {
        !users[0].replies.is_empty()
    });
    assert!(matches!(
        dai.replies.pop(),
        Some(Reply::Account(AccountReply::LoggedIn(_, Ok(_))))
    ));
}

#[test]
fn of_many_logins_to_one_account_at_once_on_all_nodes_one_has_the_name_in_the_end() {
    let mut world = World::new(3);
    let dai = world.registered(0, 1, "Dai");
    let mut users = vec![dai];
    for number in 0..6 {
        users.push(world.named(number % 3, 1 + number as u8, &format!("x{number}")));
    }
    for user in &mut users[1..] {
        let login = AccountRequest::Login(name("Dai"), password());
        user.user.ask_account(login, Settings::default());
    }
    let mut all: Vec<&mut User> = users.iter_mut().collect();
    world.with(&mut all, Duration::from_secs(60), |_| false);
    for user in &users[1..] {
        let replies = &user.replies[..];
        assert!(
            matches!(replies, [Reply::Account(AccountReply::LoggedIn(_, Ok(_)))]),
            "{replies:?}"
        );
    }
    let mut reclaimed = users.iter().filter(|user| {
        let mut events = user.events.iter();
        !events.any(|event| matches!(event, Event::NameReclaimed { .. }))
    });
    // All but the last have lost it again.
    let last = reclaimed.next().expect("one has it").user.id();
    assert!(reclaimed.next().is_none());
    let mut asker = world.named(0, 99, "Asker");
    assert_eq!(world.tell(&mut asker, "Dai", "hello"), Ok(None));
    let mut all: Vec<&mut User> = users.iter_mut().collect();
    world.with(&mut all, SOON, |_| false);
    let told = users.iter_mut().filter_map(|user| {
        let told = user.told();
        (!told.is_empty()).then(|| user.user.id())
    });
    assert_eq!(told.collect::<Vec<_>>(), [last]);
}

#[test]
fn an_owner_whose_connection_was_lost_has_the_seat_again_from_another_node() {
    let mut world = World::new(2);
    let mut dai = world.registered(0, 1, "Dai");
    let mut ann = world.named(1, 3, "Ann");
    world.join(&mut dai, "1150");
    world.join(&mut ann, "1150");
    world.with(&mut [&mut dai, &mut ann], SOON, |_| false);
    ann.said.clear();
    world.end(dai, true);
    ann.user
        .ask_room(RoomRequest::Say(Kind::Message, "still there?".to_owned()));
    world.with(&mut [&mut ann], SOON, |_| false);

    let mut again = world.enter(1, 2);
    let login = AccountRequest::Login(name("Dai"), password());
    again.user.ask_account(login, Settings::default());
    let is_back = world.with(&mut [&mut ann, &mut again], SOON, |users| {
        users[1].replies.len() == 2
    });
    assert!(is_back, "{:?} {:?}", again.replies, again.events);
    let Reply::Lobby(LobbyReply::Joined(where_, Ok(snapshot))) = again.replies.remove(1) else {
        panic!("{:?}", again.replies);
    };
    assert_eq!(where_, room("1150"));
    let missed: Vec<_> = snapshot.history.iter().map(|line| &*line.text).collect();
    assert_eq!(missed, ["still there?"]);
    // Nobody has heard that anybody went or came.
    world.with(&mut [&mut ann, &mut again], Duration::from_secs(30), |_| {
        false
    });
    assert_eq!(ann.said, ["Ann: still there?"]);
    again
        .user
        .ask_room(RoomRequest::Say(Kind::Message, "yes".to_owned()));
    world.with(&mut [&mut ann, &mut again], SOON, |_| false);
    assert_eq!(ann.said, ["Ann: still there?", "Dai: yes"]);
}

#[test]
fn an_owner_takes_the_name_by_force_from_a_node_that_does_not_answer() {
    let mut world = World::new(2);
    let mut dai = world.registered(0, 1, "Dai");
    world.nodes[0].is_stopped = true;
    let mut again = world.enter(1, 2);
    let login = AccountRequest::Login(name("Dai"), password());
    let before = Clock::manual(Arc::clone(&world.clock)).now();
    let reply = world.ask_account(&mut again, login);
    let waited = Clock::manual(Arc::clone(&world.clock)).now() - before;
    assert!(
        matches!(reply, AccountReply::LoggedIn(_, Ok(_))),
        "{reply:?}"
    );
    let some = Duration::from_secs(4)..Duration::from_secs(7);
    assert!(some.contains(&waited), "{waited:?}");
    // The node wakes up, and whoever had the name hears that it is another's.
    world.nodes[0].is_stopped = false;
    world.with(&mut [&mut dai, &mut again], SOON, |users| {
        !users[0].events.is_empty()
    });
    let Some(Event::NameReclaimed { new, .. }) = dai.events.pop() else {
        panic!("{:?}", dai.events);
    };
    assert_eq!(new, name("Dai_2"));
    let holder = world.tell(&mut dai, "Dai", "hello");
    assert_eq!(holder, Ok(None));
    world.with(&mut [&mut again], SOON, |_| false);
    assert_eq!(again.told(), [pair("Dai_2", "hello")]);
}

#[test]
fn a_node_that_was_taken_for_dead_takes_the_names_of_its_people_again_or_others_like_them() {
    let mut world = World::new(2);
    let mut ann = world.named(0, 1, "Ann");
    let mut ben = world.named(0, 2, "Ben");
    let mut dai = world.registered(0, 3, "Dai");
    world.pass(SOON);
    world.nodes[0].is_stopped = true;
    world.pass(4 * LEASE);
    // The names are free.
    let mut other = world.named(1, 4, "Ben");
    let mut owner = world.enter(1, 5);
    let login = AccountRequest::Login(name("Dai"), password());
    let reply = world.ask_account(&mut owner, login);
    assert!(
        matches!(reply, AccountReply::LoggedIn(_, Ok(_))),
        "{reply:?}"
    );
    let Info::Users(people) = world.shown(&mut other, LobbyRequest::Users) else {
        panic!("no list");
    };
    assert_eq!(people.people.len(), 2, "no ghosts: {people:?}");

    world.nodes[0].is_stopped = false;
    world.with(
        &mut [&mut ann, &mut ben, &mut dai, &mut other, &mut owner],
        2 * LEASE,
        |_| false,
    );
    assert!(ann.events.is_empty(), "{:?}", ann.events);
    let Some(Event::NameLost { old, new }) = ben.events.pop() else {
        panic!("{:?}", ben.events);
    };
    assert_eq!((old, new), (name("Ben"), name("Ben_2")));
    let Some(Event::NameReclaimed { account, new }) = dai.events.pop() else {
        panic!("{:?}", dai.events);
    };
    assert_eq!((account, new), (name("Dai"), name("Dai_2")));
    assert!(other.events.is_empty() && owner.events.is_empty());
    let Info::Users(people) = world.shown(&mut other, LobbyRequest::Users) else {
        panic!("no list");
    };
    let mut names: Vec<_> = people
        .people
        .iter()
        .map(|it| it.0.name.to_string())
        .collect();
    names.sort();
    assert_eq!(names, ["Ann", "Ben", "Ben_2", "Dai", "Dai_2"]);
    assert_eq!(world.tell(&mut other, "Ann", "hello"), Ok(None));
}

#[test]
fn a_node_that_cannot_find_out_what_has_become_of_a_write_asks_until_it_can() {
    let mut world = World::new(1);
    let mut ann = world.named(0, 1, "Ann");
    let mut ben = world.named(0, 2, "Ben");
    world.join(&mut ann, "1150");
    let join = || LobbyRequest::Join(room("1150"), None);
    let lost = Luck {
        lost_before: 1000,
        ..Luck::default()
    };
    let refused = Luck {
        refused: 1000,
        ..Luck::default()
    };
    world.engine.set_luck(lost);
    ben.user.ask_lobby(join());
    world.with(&mut [&mut ben], Duration::from_millis(500), |_| false);
    // Its disk is full, or the like.
    world.engine.set_luck(refused);
    world.pass(SOON);
    world.engine.set_luck(Luck::default());
    let reply = world.replied(&mut ben);
    assert!(
        matches!(&reply, Reply::Lobby(LobbyReply::Joined(_, Err(_)))),
        "{reply:?}"
    );
    let reply = world.ask(&mut ben, join());
    assert!(
        matches!(&reply, Reply::Lobby(LobbyReply::Joined(_, Ok(_)))),
        "{reply:?}"
    );
}

#[test]
fn a_node_that_was_taken_for_dead_by_one_that_has_died_since_takes_part_again() {
    let mut world = World::new(1);
    let mut ann = world.named(0, 1, "Ann");
    world.nodes[0].is_stopped = true;
    world.pass(2 * LEASE);
    let link = world.engine.link();
    let new = NewNode {
        number: None,
        last_write: 0,
        label: "b".to_owned(),
        version: 1,
        lease: LEASE,
    };
    let undertaker = world.answer(link.join(new)).expect("it may");
    let me = world.nodes[0].store.node();
    assert_eq!(world.answer(link.condemn(undertaker, me)), Ok(true));
    // It says nothing any more, and nobody else is there to see to either.
    world.nodes[0].is_stopped = false;
    world.with(&mut [&mut ann], 8 * LEASE, |_| false);
    assert!(ann.events.is_empty(), "{:?}", ann.events);
    let cluster = world.nodes[0].store.cluster().expect("there may be others");
    let nodes = world.answer(cluster.nodes_now());
    let nodes: Vec<_> = nodes.iter().map(|row| (row.node, row.undertaker)).collect();
    assert_eq!(nodes, [(me, None)]);
    let mut ben = world.enter(0, 2);
    let reply = world.ask(&mut ben, LobbyRequest::Rename(name("Ann")));
    let taken = matches!(reply, Reply::Lobby(LobbyReply::Renamed(Err(_))));
    assert!(taken, "Ann has her name: {reply:?}");
}

#[test]
fn the_name_of_an_owner_who_was_lost_can_be_had_from_the_same_address_on_another_node() {
    let mut world = World::new(2);
    let mut ann = world.named(0, 1, "Ann");
    world.join(&mut ann, "1150");
    let mut guard = world.named(0, 9, "Guard");
    world.join(&mut guard, "1150");
    world.with(&mut [&mut ann, &mut guard], SOON, |_| false);
    world.end(ann, true);
    let mut stranger = world.enter(1, 2);
    let refused = world.ask(&mut stranger, LobbyRequest::Rename(name("Ann")));
    let Reply::Lobby(LobbyReply::Renamed(Err(RenameError::Taken(..)))) = refused else {
        panic!("{refused:?}");
    };
    let again = world.named(1, 1, "Ann");
    world.end(again, false);
    // The one that came back has freed it.
    let stranger = world.named(1, 2, "Ann");
    drop(stranger);
}

#[test]
fn a_name_that_could_not_be_freed_is_free_once_the_database_is_back() {
    let mut world = World::new(2);
    let ann = world.named(0, 1, "Ann");
    world.engine.die(Duration::from_secs(5), false);
    world.end(ann, false);
    world.pass(Duration::from_secs(30));
    let other = world.named(1, 2, "Ann");
    drop(other);
}

#[test]
fn a_name_of_which_nobody_knows_whether_it_was_taken_is_free_in_the_end() {
    let mut world = World::new(2);
    let mut user = world.enter(0, 1);
    world.engine.set_luck(Luck {
        lost_after: 1000,
        ..Luck::default()
    });
    let reply = world.ask(&mut user, LobbyRequest::Rename(name("Ann")));
    let Reply::Lobby(LobbyReply::Renamed(Err(RenameError::Unavailable))) = reply else {
        panic!("{reply:?}");
    };
    world.engine.set_luck(Luck::default());
    world.pass(Duration::from_secs(10));
    let other = world.named(1, 2, "Ann");
    world.end(other, false);
    // And can be had by whoever was told that it could not.
    let reply = world.ask(&mut user, LobbyRequest::Rename(name("Ann")));
    let Reply::Lobby(LobbyReply::Renamed(Ok(_))) = reply else {
        panic!("{reply:?}");
    };
}

#[test]
fn an_operator_acts_on_everybody_wherever_they_are() {
    let mut world = World::new(3);
    let mut ann = world.named(0, 1, "Ann");
    let mut ben = world.named(1, 2, "Ben");
    let mut cat = world.named(2, 3, "Cat");
    world.pass(SOON);
    let listed = world.administer(0, "list");
    let Ok(AdminReply::Connections(rows, Reach::All)) = listed else {
        panic!("{listed:?}");
    };
    let shown: Vec<_> = rows
        .iter()
        .map(|row| (row.name.as_str(), row.node.as_deref()))
        .collect();
    assert_eq!(
        shown,
        [("Ann", Some("a")), ("Ben", Some("b")), ("Cat", Some("c"))]
    );

    let told = world.administer(0, "announce lunch");
    assert_eq!(told, Ok(AdminReply::Announced(3, 0)));
    world.with(&mut [&mut ann, &mut ben, &mut cat], SOON, |_| false);
    for user in [&ann, &ben, &cat] {
        assert_eq!(user.announced(), ["lunch"]);
    }

    let renamed = world.administer(0, "rename Ben Bo");
    assert_eq!(renamed, Ok(AdminReply::Renamed(name("Ben"), name("Bo"))));
    let taken = world.administer(0, "rename Bo Cat");
    assert_eq!(taken, Err(AdminError::NameTaken(name("Cat"))));
    world.with(&mut [&mut ben], SOON, |_| false);

    let by_number = format!("kick {} too loud", cat.user.id().0);
    let kicked = world.administer(0, &by_number);
    assert_eq!(kicked, Ok(AdminReply::Kicked(cat.user.id(), name("Cat"))));
    world.with(&mut [&mut cat], SOON, |_| false);
    assert!(cat.is_ejected());
    let nobody = MemberId(ben.user.id().0 + 5).0;
    let nobody = world.administer(0, &format!("kick {nobody}"));
    assert!(matches!(nobody, Err(AdminError::Nobody(_))), "{nobody:?}");

    world.nodes[1].is_stopped = true;
    let silent = world.administer(0, "kick Bo");
    assert_eq!(silent, Err(AdminError::Silent));
    world.nodes[1].is_stopped = false;
}

#[test]
fn a_ban_closes_connections_on_all_nodes_and_is_lifted_on_all() {
    let mut world = World::new(2);
    let oz = world.named(0, 1, "Ann");
    let mut ben = world.named(1, 2, "Ben");
    let mut bea = world.named(1, 2, "Bea");
    let mut cat = world.named(1, 3, "Cat");
    let banned = world.administer(0, "ban 10.0.0.2 for 2h flood");
    let Ok(AdminReply::Banned {
        closed,
        silent,
        is_stored,
        ..
    }) = banned
    else {
        panic!("{banned:?}");
    };
    assert_eq!((closed, silent, is_stored), (2, 0, true));
    world.with(&mut [&mut ben, &mut bea, &mut cat], SOON, |_| false);
    assert!(ben.is_ejected() && bea.is_ejected() && !cat.is_ejected());
    let refused = world.nodes[1]
        .lobby
        .ban_of_address(IpAddr::from([10, 0, 0, 2]));
    assert!(refused.is_some());

    // What it has kept out on both is counted together.
    world.nodes[0]
        .lobby
        .ban_of_address(IpAddr::from([10, 0, 0, 2]));
    world.pass(Duration::from_secs(200));
    for node in [0, 1] {
        let listed = world.administer(node, "bans");
        let Ok(AdminReply::Bans(rows)) = listed else {
            panic!("{listed:?}");
        };
        // Two were closed, and two refused.
        assert_eq!((rows.len(), rows[0].hits), (1, 4), "on {node}");
    }

    let lifted = world.administer(1, "unban 10.0.0.2");
    assert!(matches!(lifted, Ok(AdminReply::Unbanned(_))), "{lifted:?}");
    world.pass(SOON);
    for node in &world.nodes {
        let ban = node.lobby.ban_of_address(IpAddr::from([10, 0, 0, 2]));
        assert_eq!(ban, None);
    }
    drop(oz);
}

#[test]
fn the_name_of_somebody_on_another_node_is_banned_with_all_that_look_like_it() {
    let mut world = World::new(2);
    let mut dai = world.named(1, 2, "D\u{430}i");
    let banned = world.administer(0, "ban name:Dai");
    let Ok(AdminReply::Banned { closed: 1, .. }) = banned else {
        panic!("{banned:?}");
    };
    world.with(&mut [&mut dai], SOON, |_| false);
    assert!(dai.is_ejected());
    let mut other = world.enter(1, 3);
    let refused = world.ask(&mut other, LobbyRequest::Rename(name("Dai")));
    let Reply::Lobby(LobbyReply::Renamed(Err(RenameError::Banned(_)))) = refused else {
        panic!("{refused:?}");
    };
}

#[test]
fn operators_hear_of_reports_on_every_node_and_all_see_the_same_list() {
    let mut world = World::new(2);
    let mut ann = world.named(0, 1, "Ann");
    let ben = world.named(1, 2, "Ben");
    let mut oz = world.registered(1, 3, "Oz");
    let reported = LobbyRequest::Report(name("ben"), "spam".to_owned());
    let reply = world.shown(&mut ann, reported);
    assert_eq!(reply, Info::Reported(name("ben"), Ok(0)));
    world.with(&mut [&mut oz], SOON, |_| false);
    assert_eq!(oz.announced(), ["Ben reported"]);
    let mut seen = Vec::new();
    for node in [0, 1] {
        let Ok(AdminReply::Reports(reports, 0)) = world.administer(node, "reports") else {
            panic!("no reports");
        };
        assert_eq!(reports.len(), 1);
        assert_eq!(reports[0].about.address, Some(IpAddr::from([10, 0, 0, 2])));
        seen.push(reports);
    }
    assert_eq!(seen[0], seen[1]);
    drop(ben);
}

#[test]
fn an_account_that_is_deleted_on_one_node_is_gone_on_all() {
    let mut world = World::new(2);
    let mut dai = world.registered(1, 2, "Dai");
    world.pass(SOON);
    let forgotten = world.administer(0, "forget dai");
    assert_eq!(forgotten, Ok(AdminReply::Forgotten(name("Dai"))));
    world.with(&mut [&mut dai], SOON, |users| !users[0].events.is_empty());
    assert!(matches!(
        dai.events.pop(),
        Some(Event::AccountDeleted(account)) if account == name("Dai")
    ));
    let mut other = world.enter(0, 3);
    let login = AccountRequest::Login(name("Dai"), password());
    let refused = world.ask_account(&mut other, login);
    assert_eq!(
        refused,
        AccountReply::LoggedIn(name("Dai"), Err(AccountError::Wrong))
    );
}

#[test]
fn an_account_is_one_on_all_nodes_and_nobody_registers_what_looks_like_it() {
    let mut world = World::new(2);
    let dai = world.registered(0, 1, "Dai");
    world.end(dai, false);
    let mut other = world.enter(1, 2);
    let refused = world.ask(&mut other, LobbyRequest::Rename(name("D\u{430}i")));
    let Reply::Lobby(LobbyReply::Renamed(Err(RenameError::Registered(_, registered, free)))) =
        refused
    else {
        panic!("{refused:?}");
    };
    assert_eq!((registered, free.as_str()), (name("Dai"), "D\u{430}i_2"));
    let reply = world.ask_account(&mut other, AccountRequest::Login(name("Dai"), password()));
    assert!(
        matches!(reply, AccountReply::LoggedIn(_, Ok(_))),
        "{reply:?}"
    );
}

#[test]
fn operators_see_how_each_node_is() {
    let mut world = World::new(3);
    let ann = world.named(1, 1, "Ann");
    world.nodes[2].is_stopped = true;
    let Ok(AdminReply::Nodes(nodes)) = world.administer(0, "nodes") else {
        panic!("no nodes");
    };
    let seen: Vec<_> = nodes
        .iter()
        .map(|node| {
            let people = node.figures.map(|figures| (figures.people, figures.lag));
            (&*node.label, node.is_this, people)
        })
        .collect();
    assert_eq!(
        seen,
        [
            ("a", true, Some((0, 0))),
            ("b", false, Some((1, 0))),
            ("c", false, None)
        ]
    );
    let limits = world.administer(0, "log debug");
    let Ok(AdminReply::OfNode(label, _)) = limits else {
        panic!("{limits:?}");
    };
    assert_eq!(&*label, "a");
    drop(ann);
}

#[test]
fn what_is_lost_of_news_and_letters_is_made_up_for() {
    let mut world = World::new(2);
    world.engine.set_luck(Luck {
        news_lost: 1000,
        ..Luck::default()
    });
    let mut ann = world.named(0, 1, "Ann");
    let mut ben = world.named(1, 2, "Ben");
    let sent = world.tell(&mut ann, "Ben", "hello");
    assert_eq!(sent, Ok(None), "letters are looked for without being woken");
    world.with(&mut [&mut ben], SOON, |_| false);
    assert_eq!(ben.told(), [pair("Ann", "hello")]);
    // A node that is cut off for a moment has its letters later.
    world.engine.set_luck(Luck::default());
    world
        .engine
        .cut(world.nodes[1].link, Duration::from_secs(3), Cut::Reset);
    let sent = world.tell(&mut ann, "Ben", "again");
    assert_eq!(sent, Ok(None));
}
