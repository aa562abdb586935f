//! One client: the task that owns its socket.
//!
//! The task sleeps until its socket is readable (or writable, while output waits), its [`Inbox`](crate::hub::inbox::Inbox) rings, or
//! a deadline passes. Then it takes a *turn*: it handles what has come, composes everything there is to
//! show in one buffer, and writes that once. It MUST NOT be held up by anything but its own client, and it
//! is the only one who reads or writes the socket.
//!
//! No buffer lives across a wait unless bytes are in it: an idle connection holds its session and little
//! else. All that matters at a wait is in plain fields, so nothing is lost whichever event comes first.
//!
//! - this file: the task, its waiting, its turns and its end;
//! - `input`: from bytes to lines, and when they may be handled;
//! - `ending`: last words;
//! - `terminal`: what negotiation and settings change about drawing and editing;
//! - `requests`: what the session asks;
//! - `price`: what those cost besides its own time;
//! - `events`: replies, direct messages, and whatever else comes from elsewhere;
//! - `paging`: where in the room's past the user is looking;
//! - `transcript`: what the room says, as this client is to see it;
//! - `density`: how many rows a busy room takes;
//! - `delivery`: what is counted, and how long what the room says takes to the client;
//! - `output`: from views to bytes, and on to the socket;
//! - `backlog`: what the client has yet to take;
//! - `timing`: how long turns take, and whose turn is next;
//! - `context`: what all connections share.

pub mod backlog;
pub mod context;
mod delivery;
mod density;
mod ending;
mod events;
mod input;
mod output;
mod paging;
mod price;
mod requests;
mod terminal;
mod timing;
mod transcript;

use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::num::NonZeroU32;
use std::ops::ControlFlow;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use backlog::Backlog;
use context::Shared;
use futures_lite::{FutureExt, future};
use paging::Page;

use crate::chat::key::Fingerprint;
use crate::chat::message::MemberId;
use crate::chat::settings::Settings;
use crate::counts::Kind;
use crate::dialog::session::Session;
use crate::dialog::view::{EndView, Part, View};
use crate::hub::lobby::Lobby;
use crate::hub::participant::Participant;
use crate::limits::{LOST_AFTER, SILENT_AFTER};
use crate::net::reason::Reason;
use crate::net::share::Sharer;
use crate::net::socket::{Peer, Socket};
use crate::runtime::Timer;
use crate::terminal::charset::Charset;
use crate::terminal::draw::{Display, Mention};
use crate::terminal::line::complete::Word;
use crate::terminal::line::{self, LineMode};
use crate::terminal::screen::Screen;
use crate::terminal::telnet::{Decoder, Negotiation};
use crate::thin_deque::ThinDeque;
use crate::time::Timestamp;
use crate::time::local::DayTracker;
use crate::time::rate::Rate;

/// One client.
#[derive(Debug)]
pub struct Connection {
    socket: Socket,
    /// The client is on this machine.
    is_local: bool,
    /// What it is counted as.
    kind: Kind,
    shared: Arc<Shared>,
    /// The user, as the rooms see it.
    user: Participant,
    /// The user, as the dialog sees it.
    session: Session,
    input: Input,
    output: Output,
    negotiation: Negotiation,
    charset: Option<Box<Charset>>,
    screen: Screen,
    /// The day of what was shown last.
    day: DayTracker,
    /// Mentions of the user's own name.
    mention: Option<Box<Mention>>,
    /// The client's terminal shows what is typed there on the transcript's screen, so that this stands for the line.
    echoes: bool,
    /// What was shown last of the room's past.
    page: Option<Box<Page>>,
    /// What the user has set by commands.
    chosen: Option<Box<Settings>>,
    /// The user's next line is not what was typed for it.
    is_composed: bool,
    /// The user was told how to keep messages from cutting into a line.
    cut_told: bool,
    /// The user was told that the terminal shows the secrets typed there.
    secret_told: bool,
    /// The word that Tab is to complete with candidates that were asked for.
    completing: Option<Box<Word>>,
    stopping: bool,
    /// Last words were said; the connection ends once they are written.
    ending: Option<Reason>,
    /// When the connection broke. What the client had sent before is still handled for a while, since a
    /// script may post a line and be gone; what would be shown to it is dropped.
    ///
    /// In whole seconds of the server's life, which take little space.
    lost: Option<NonZeroU32>,
    /// What the connection takes of the processors, if that is counted.
    sharer: Option<Sharer>,
    /// What its last turns took, in microseconds.
    turn_micros: u32,
    /// Boxed like other things that few connections have: an idle one should be small.
    timer: Option<Box<(Instant, Timer)>>,
}

/// The way in, from the socket to lines.
#[derive(Debug)]
struct Input {
    decoder: Decoder,
    lines: LineMode,
    first_line: FirstLine,
    rate: Rate,
    /// Bytes that were read and could not be handled yet.
    bytes: Vec<u8>,
    /// Lines that could not be handled yet.
    held: ThinDeque<line::Event>,
    /// When the first held line may be handled, if the rate is why it is held.
    held_until: Option<Instant>,
    /// When the client sent something last.
    last: Instant,
    /// When it is looked next whether there is space for a client that has sent no line, in whole seconds of the
    /// server's life, which take little space; `None` once it has sent one. Of a connection that an operator has closed:
    /// when it ends.
    silent_until: Option<NonZeroU32>,
    /// The socket will ring when there is input.
    awaited: bool,
    /// It has: the next turn reads it.
    is_there: bool,
    /// Nothing more will come from the client.
    ended: bool,
    /// Lines have come faster than anybody types.
    is_script: bool,
}

/// The way out, to the socket.
#[derive(Debug)]
struct Output {
    bytes: Vec<u8>,
    /// How much of `bytes` is written.
    written: usize,
    /// What is to be shown once it is known what kind of client this is.
    #[expect(clippy::box_collection, reason = "most connections hold nothing back")]
    held: Option<Box<Vec<u8>>>,
    /// When things were shown, where that matters.
    pacing: Option<Box<Pacing>>,
    /// Views that are shown once what was drawn before is taken.
    waiting: Option<Box<Waiting>>,
    /// What the socket did not take at once.
    backlog: Option<Box<Backlog>>,
}

/// Views that wait until the client has taken what was drawn before: pages of a room's past, which are drawn as they
/// are taken, and what came in the same turn. Nothing else is shown meanwhile.
#[derive(Debug)]
struct Waiting {
    views: VecDeque<View>,
    /// How far the first of them is drawn.
    part: Part,
}

/// When things were shown, where that matters.
#[derive(Clone, Copy, Debug, Default)]
struct Pacing {
    /// Where rows are inserted: until when the rest of the output has to wait (see
    /// [`ATOMIC_WRITE_PAUSE`](crate::limits::ATOMIC_WRITE_PAUSE)).
    paused_until: Option<Instant>,
    /// Where rows are inserted: when the prompt was shown last.
    prompted: Option<Instant>,
    /// Where rows are only appended: when the room was shown last, below an open prompt.
    cut: Option<Instant>,
    /// What the room says waits until then, so that it shares one prompt.
    held_until: Option<Instant>,
}

/// What is known of the first line, which tells what kind of client this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FirstLine {
    /// It has not ended.
    Unfinished,
    /// It ended with CR; what follows, or that nothing follows until then, tells the rest.
    Cr(Instant),
    Seen,
}

/// What to do after a turn.
enum Next {
    Wait,
    /// There is more to do, but others come first.
    Yield,
}

/// Turns that a connection may take in a row before it lets others run.
const TURNS_IN_A_ROW: usize = 8;

impl Connection {
    /// A connection that has said nothing yet. In a box, since each future that it passes through would keep
    /// a place for it otherwise.
    pub fn new(id: MemberId, peer: Peer, socket: Socket, shared: Arc<Shared>) -> Box<Connection> {
        let now = shared.runtime.clock.now();
        Box::new(Connection {
            socket,
            is_local: peer.is_on_this_machine(),
            kind: delivery::kind_of(peer),
            user: Participant::enter(id, peer.source(), Arc::clone(&shared.lobby)),
            session: Session::new(context::policy(&shared.config.get(), peer)),
            input: Input {
                decoder: Decoder::new(),
                lines: LineMode::default(),
                first_line: FirstLine::Unfinished,
                rate: Rate::new(now),
                bytes: Vec::new(),
                held: ThinDeque::new(),
                held_until: None,
                last: now,
                silent_until: whole_seconds(shared.lobby.up(now + SILENT_AFTER)),
                awaited: false,
                is_there: false,
                ended: false,
                is_script: false,
            },
            output: Output {
                bytes: Vec::new(),
                written: 0,
                held: None,
                pacing: None,
                waiting: None,
                backlog: None,
            },
            negotiation: Negotiation::new(),
            charset: None,
            screen: Screen::new(Display::plain(shared.config.get().zone.clone())),
            day: DayTracker::default(),
            mention: None,
            echoes: false,
            page: None,
            chosen: None,
            is_composed: false,
            cut_told: false,
            secret_told: false,
            completing: None,
            stopping: false,
            ending: None,
            lost: None,
            sharer: peer
                .address()
                .filter(|_| shared.config.get().per_address_max > 0)
                .map(|address| shared.shares.join(address, now)),
            turn_micros: 0,
            timer: None,
            shared,
        })
    }

    /// The client has proved to have this key.
    pub fn come_with(&mut self, key: Option<Box<Fingerprint>>) {
        self.user.come_with(key);
    }

    /// Serves the client until it goes or has to, and returns why. A panic is one of the reasons.
    ///
    /// A block and no `async fn`, since that would keep two places for `self`.
    #[expect(
        clippy::manual_async_fn,
        reason = "there are as many of these as clients"
    )]
    pub fn run(mut self: Box<Self>) -> impl Future<Output = Reason> + Send {
        async move {
            self.user.register();
            self.counts().present.enter(self.kind);
            self.greet();
            let served = AssertUnwindSafe(self.serve()).catch_unwind().await.ok();
            let reason = match served {
                Some(reason) => reason,
                None => {
                    let failing = Box::pin(AssertUnwindSafe(self.fail()).catch_unwind());
                    failing.await.unwrap_or(Reason::Fault)
                }
            };
            // Before anything that a fault may keep from coming to its end.
            self.counts().present.leave(self.kind);
            // In boxes, since they would take their place in every task all along.
            if reason.may_be_back() && self.user.can_linger() && !self.lobby().linger().is_zero() {
                // There is nobody to say goodbye to.
                self.user.keep_seat();
                return reason;
            }
            Box::pin(self.user.leave(!reason.is_farewell())).await;
            Box::pin(self.goodbye(reason)).await;
            reason
        }
    }

    fn greet(&mut self) {
        let motd = self.shared.config.get().motd.clone();
        let greeting = self.session.greeting(motd, self.user.has_key());
        self.perform(greeting);
    }

    async fn serve(&mut self) -> Reason {
        loop {
            // In a box, since it would take its place in every task all along.
            if let Some(begin) = self.reserve_turns().map(Box::pin) {
                begin.await;
            }
            match self.timed_turns() {
                ControlFlow::Break(reason) => return reason,
                ControlFlow::Continue(Next::Yield) => future::yield_now().await,
                ControlFlow::Continue(Next::Wait) => {
                    let mut slept = false;
                    poll_fn(|cx| {
                        let woken = self.poll_wake(cx);
                        slept |= woken.is_pending();
                        woken
                    })
                    .await;
                    // A client that always has something for us must not have the thread for itself.
                    if !slept {
                        future::yield_now().await;
                    }
                }
            }
        }
    }

    fn lobby(&self) -> &Arc<Lobby> {
        &self.shared.lobby
    }

    fn now(&self) -> Instant {
        self.shared.runtime.clock.now()
    }

    fn timestamp(&self) -> Timestamp {
        self.shared.runtime.clock.timestamp()
    }

    // ---- waiting ----

    /// Ready when there is something to do.
    fn poll_wake(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let mut woken = self.user.inbox().poll_rung(cx).is_ready();
        if self.has_output() && !self.is_paused() && self.socket.poll_writable(cx).is_ready() {
            woken = true;
        }
        if self.wants_input() && self.poll_readable().is_ready() {
            self.input.is_there = true;
            woken = true;
        }
        if self.poll_deadline(cx).is_ready() {
            woken = true;
        }
        if woken {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }

    /// Ready when there may be something to read. The socket wakes through the inbox, and is asked only when
    /// it has.
    fn poll_readable(&mut self) -> Poll<()> {
        if self.input.awaited && !self.user.inbox().take_input_rung() {
            return Poll::Pending;
        }
        let waker = Waker::from(Arc::clone(self.user.inbox()));
        let readable = self.socket.poll_readable(&mut Context::from_waker(&waker));
        self.input.awaited = readable.is_pending();
        readable.map(|_| ())
    }

    /// Ready when the next deadline has passed.
    fn poll_deadline(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(deadline) = self.next_deadline() else {
            self.timer = None;
            return Poll::Pending;
        };
        // A timer that fires too early only means another look; setting one for each line would cost more.
        let timer = match &mut self.timer {
            Some(timer) if timer.0 <= deadline => timer,
            slot => slot.insert(Box::new((deadline, self.shared.runtime.clock.at(deadline)))),
        };
        if Pin::new(&mut timer.1).poll(cx).is_ready() {
            self.timer = None;
            return Poll::Ready(());
        }
        Poll::Pending
    }

    fn next_deadline(&self) -> Option<Instant> {
        let backlog = self.output.backlog.as_deref();
        let stuck = backlog.map(Backlog::next_check);
        let lost = self.given_up_at();
        let pacing = self.output.pacing.as_deref();
        let (paused, held) = match pacing {
            Some(pacing) => (pacing.paused_until, pacing.held_until),
            None => (None, None),
        };
        // Once the last words are said, only their being taken matters.
        if self.ending.is_some() {
            return [stuck, paused, self.closed_at()]
                .into_iter()
                .flatten()
                .min();
        }
        let first_line = match self.input.first_line {
            FirstLine::Cr(until) => Some(until),
            FirstLine::Unfinished | FirstLine::Seen => None,
        };
        let negotiation = self.negotiation.next_timeout();
        [
            stuck,
            paused,
            lost,
            self.idle_at(),
            self.silent_at(),
            first_line,
            negotiation,
            self.input.held_until,
            self.escape_at(),
            held,
            self.prompt_due(),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// When the client has typed nothing for too long. What it typed and waits for counts as typing.
    fn idle_at(&self) -> Option<Instant> {
        let waits =
            !self.input.held.is_empty() || !self.input.bytes.is_empty() || self.is_showing();
        let idle = self.shared.config.idle().filter(|_| !waits)?;
        Some(self.input.last + idle)
    }

    /// The connection has broken, if it had not before.
    fn note_broken(&mut self) {
        let now = self.shared.lobby.up(self.now());
        let second = whole_seconds(now).unwrap_or(NonZeroU32::MIN);
        self.lost = self.lost.or(Some(second));
    }

    /// When nothing more is said of what the client had sent before the connection broke.
    fn given_up_at(&self) -> Option<Instant> {
        let up = Duration::from_secs(self.lost?.get().into());
        Some(self.shared.lobby.started() + up + LOST_AFTER)
    }

    /// When it is looked next whether a client that has sent no line has to go.
    fn silent_at(&self) -> Option<Instant> {
        let seconds = self.input.silent_until?.get();
        let up = Duration::from_secs(seconds.into());
        Some(self.shared.lobby.started() + up)
    }

    // ---- turns ----

    /// Takes turns until there is nothing more to do without waiting, or it is late.
    fn turns(&mut self) -> ControlFlow<Reason, Next> {
        self.borrow_scratch();
        self.begin_turns();
        if std::mem::take(&mut self.input.is_there) {
            self.read();
        }
        let mut next = Next::Yield;
        for _ in 0..TURNS_IN_A_ROW {
            // What waited for output to be taken has its chance once it is.
            let was_blocked = self.has_output();
            let busy = self.turn() || was_blocked;
            self.flush();
            self.measured();
            if let Some(reason) = self.ending
                && !self.has_output()
            {
                return ControlFlow::Break(reason);
            }
            // Something may be left to do that was not begun.
            if self.is_late() {
                break;
            }
            if !busy || self.has_output() {
                next = Next::Wait;
                break;
            }
        }
        self.check_deadlines()?;
        self.return_scratch();
        ControlFlow::Continue(next)
    }

    /// Handles what there is; false if nothing is left that need not be waited for.
    fn turn(&mut self) -> bool {
        if self.is_showing() && !self.is_ejected() {
            return self.show_waiting();
        }
        // The transcript comes first: the answer to a request tells of a later time.
        let mut busy = !self.is_held() && self.take_batches();
        busy |= self.take_events();
        busy |= self.take_held();
        busy |= self.take_input();
        self.maybe_end();
        busy
    }

    fn check_deadlines(&mut self) -> ControlFlow<Reason> {
        // Without a deadline there is nothing to check, and no need to ask the time.
        let Some(deadline) = self.next_deadline() else {
            return ControlFlow::Continue(());
        };
        let now = self.now();
        if now < deadline {
            return ControlFlow::Continue(());
        }
        if let Some(reason) = self.ending
            && self.closed_at().is_some_and(|at| now >= at)
        {
            return ControlFlow::Break(reason);
        }
        if self.is_stuck(now) {
            return ControlFlow::Break(Reason::Stuck);
        }
        if self.given_up_at().is_some_and(|at| now >= at) {
            return ControlFlow::Break(Reason::Lost);
        }
        if self.ending.is_none() && self.idle_at().is_some_and(|at| now >= at) {
            self.show(&View::End(EndView::Idle));
            self.end(Reason::Idle);
        }
        if self.ending.is_none() && self.silent_at().is_some_and(|at| now >= at) {
            self.check_silent(now);
        }
        self.check_negotiation(now);
        if self.escape_at().is_some_and(|at| now >= at) {
            self.take_escape();
        }
        if self.prompt_due().is_some() {
            self.show_prompt();
        }
        // What was shown is written in the next turn.
        self.user.inbox().ring();
        ControlFlow::Continue(())
    }
}

/// The first whole second that is not before `time`.
fn whole_seconds(time: Duration) -> Option<NonZeroU32> {
    let seconds = time.as_secs() + u64::from(time.subsec_nanos() > 0);
    NonZeroU32::new(u32::try_from(seconds).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_fits_into_what_the_allocator_gives_for_it() {
        // The next larger size is 896 bytes, for each of ten thousand.
        assert!(
            size_of::<Connection>() <= 768,
            "{}",
            size_of::<Connection>()
        );
    }
}
