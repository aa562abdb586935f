//! One client: the task that owns its socket.
//!
//! The task sleeps until its socket is readable (or writable, while output waits), its [`Inbox`] rings, or
//! a deadline passes. Then it takes a *turn*: it handles what has come, composes everything there is to
//! show in one buffer, and writes that once. It MUST NOT be held up by anything but its own client, and it
//! is the only one who reads or writes the socket.
//!
//! No buffer lives across a wait unless bytes are in it: an idle connection holds its session and little
//! else. All that matters at a wait is in plain fields, so nothing is lost whichever event comes first.

use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::ops::ControlFlow;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use futures_lite::future;
use smol::Timer;

use crate::foreign;
use crate::inbox::{Inbox, Note};
use crate::limits::{LINE_BYTES_MAX, OUTPUT_BYTES_MAX, READ_BYTES, STUCK_AFTER, WRITE_BYTES};
use crate::line::{self, LineMode};
use crate::message::{Batch, MemberId};
use crate::name::Name;
use crate::rate::Rate;
use crate::reason::Reason;
use crate::request::{Answer, Request};
use crate::room::{RoomHandle, Seat, ToRoom};
use crate::screen::Screen;
use crate::server::Shared;
use crate::session::{Session, Turn};
use crate::socket::{Peer, Socket};
use crate::telnet::{self, Command, Decoder, Options};
use crate::view::{self, Display, Newline, View};

/// One client.
#[derive(Debug)]
pub struct Connection {
    id: MemberId,
    peer: Peer,
    socket: Socket,
    shared: Arc<Shared>,
    inbox: Arc<Inbox>,

    // The way in.
    decoder: Decoder,
    options: Options,
    lines: LineMode,
    rate: Rate,
    /// Bytes that were read and could not be handled yet.
    input: Vec<u8>,
    /// A line that could not be handled yet.
    held: Option<line::Event>,
    /// When the held line may be handled, if the rate is why it is held.
    held_until: Option<Instant>,
    last_input: Instant,
    /// Nothing more will come from the client.
    end_of_input: bool,
    first_line_seen: bool,

    // What is going on.
    session: Session,
    /// A request was made and its answer has not come.
    awaiting: bool,
    place: Place,
    /// Lines said that have not come back in the transcript.
    in_flight: usize,
    /// A line that the room had no space for.
    unsent: Option<ToRoom>,
    stopping: bool,
    /// Last words were said; the connection ends once they are written.
    ending: Option<Reason>,

    // The way out.
    /// The connection broke. What the client had sent before is still handled, since a script may post a
    /// line and be gone; what would be shown to it is dropped.
    lost: bool,
    screen: Screen,
    output: Vec<u8>,
    /// How much of `output` is written.
    written: usize,
    /// Since when the client has taken nothing, while there is output.
    stuck_since: Option<Instant>,
    timer: Option<(Instant, Timer)>,
}

/// Where the connection stands with regard to rooms.
#[derive(Debug)]
enum Place {
    Outside,
    Inside(Seat),
}

/// What to do after a turn.
enum Next {
    Wait,
    /// There is more to do, but others come first.
    Yield,
}

/// Turns that a connection may take in a row before it lets others run.
const TURNS_IN_A_ROW: usize = 8;

thread_local! {
    /// Where a connection composes its output while it takes a turn. It keeps a buffer of its own only for
    /// what its socket did not take.
    static SCRATCH: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    /// Where a socket is read into.
    static READ: RefCell<Box<[u8]>> = RefCell::new(vec![0; READ_BYTES].into());
}

impl Connection {
    /// A connection that has said nothing yet. In a box, since each future that it passes through would keep
    /// a place for it otherwise.
    pub fn new(id: MemberId, peer: Peer, socket: Socket, shared: Arc<Shared>) -> Box<Connection> {
        let now = Instant::now();
        let display = Display {
            newline: Newline::default(),
            zone: shared.config.zone.clone(),
        };
        Box::new(Connection {
            id,
            peer,
            socket,
            inbox: Arc::default(),
            decoder: Decoder::new(),
            options: Options::new(),
            lines: LineMode::default(),
            rate: Rate::new(shared.config.rate, shared.config.burst, now),
            input: Vec::new(),
            held: None,
            held_until: None,
            last_input: now,
            end_of_input: false,
            first_line_seen: false,
            session: Session::default(),
            awaiting: false,
            place: Place::Outside,
            in_flight: 0,
            unsent: None,
            stopping: false,
            ending: None,
            lost: false,
            screen: Screen::new(display),
            output: Vec::new(),
            written: 0,
            stuck_since: None,
            timer: None,
            shared,
        })
    }

    /// Serves the client until it goes or has to, and returns why.
    pub async fn run(mut self: Box<Self>) -> Reason {
        self.shared.lobby.enter(self.id, Arc::clone(&self.inbox));
        let greeting = self.session.greeting();
        self.perform(greeting);
        let reason = loop {
            match self.turns() {
                ControlFlow::Break(reason) => break reason,
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
        };
        self.leave().await;
        self.goodbye(reason).await;
        reason
    }

    /// Tells a client that is refused why, and closes.
    pub async fn refuse(mut self: Box<Self>, view: View, reason: Reason) {
        self.show(&view);
        // What does not fit into a new socket's buffer is not worth waiting for.
        self.flush();
        self.goodbye(reason).await;
    }

    // ---- waiting ----

    /// Ready when there is something to do; reads the socket if that is what woke it.
    fn poll_wake(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let mut woken = self.inbox.poll_rung(cx).is_ready();
        if self.has_output() && self.socket.poll_writable(cx).is_ready() {
            woken = true;
        }
        if self.wants_input() && self.socket.poll_readable(cx).is_ready() {
            self.read();
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

    /// Ready when the next deadline has passed.
    fn poll_deadline(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(deadline) = self.next_deadline() else {
            self.timer = None;
            return Poll::Pending;
        };
        // A timer that fires too early only means another look; setting one for each line would cost more.
        let timer = match &mut self.timer {
            Some((at, timer)) if *at <= deadline => timer,
            slot => &mut slot.insert((deadline, Timer::at(deadline))).1,
        };
        if Pin::new(timer).poll(cx).is_ready() {
            self.timer = None;
            return Poll::Ready(());
        }
        Poll::Pending
    }

    fn next_deadline(&self) -> Option<Instant> {
        let stuck = self.stuck_since.map(|since| since + STUCK_AFTER);
        // Once the last words are said, only their being taken matters.
        if self.ending.is_some() {
            return stuck;
        }
        [stuck, self.idle_at(), self.held_until]
            .into_iter()
            .flatten()
            .min()
    }

    /// When the client has typed nothing for too long. What it typed and waits for counts as typing.
    fn idle_at(&self) -> Option<Instant> {
        let waits = self.held.is_some() || !self.input.is_empty();
        let idle = self.shared.config.idle.filter(|_| !waits)?;
        Some(self.last_input + idle)
    }

    /// True if the socket should be read: all that came before is handled. A client whose line has to wait
    /// is not read from, which in the end slows its sender and loses nothing.
    fn wants_input(&self) -> bool {
        !self.end_of_input && self.input.is_empty() && self.may_take_line()
    }

    fn may_take_line(&self) -> bool {
        self.held.is_none()
            && self.unsent.is_none()
            && !self.awaiting
            && !self.stopping
            && self.ending.is_none()
            && self.output.len() - self.written < OUTPUT_BYTES_MAX
    }

    // ---- turns ----

    /// Takes turns until there is nothing more to do without waiting.
    fn turns(&mut self) -> ControlFlow<Reason, Next> {
        self.borrow_scratch();
        let mut next = Next::Yield;
        for _ in 0..TURNS_IN_A_ROW {
            // What waited for output to be taken has its chance once it is.
            let was_blocked = self.has_output();
            let busy = self.turn() || was_blocked;
            self.flush();
            if let Some(reason) = self.ending
                && !self.has_output()
            {
                return ControlFlow::Break(reason);
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

    /// Handles what there is; false if there was nothing.
    fn turn(&mut self) -> bool {
        // The transcript comes first: the answer to a request tells of a later time.
        let mut busy = self.take_batches();
        busy |= self.take_notes();
        busy |= self.take_held();
        busy |= self.take_input();
        self.maybe_end();
        busy
    }

    /// Ends the connection once nothing is left to be done for it.
    fn maybe_end(&mut self) {
        let answered = !self.awaiting && self.in_flight == 0 && self.unsent.is_none();
        if self.ending.is_some() || !answered {
            return;
        }
        if self.stopping {
            self.show(&View::GoingDown);
            self.ending = Some(Reason::Stop);
        } else if self.end_of_input && self.input.is_empty() && self.held.is_none() {
            let reason = if self.lost {
                Reason::Lost
            } else {
                Reason::EndOfInput
            };
            self.ending = Some(reason);
        }
    }

    fn check_deadlines(&mut self) -> ControlFlow<Reason> {
        // Without a limit or output there is nothing to check, and no need to ask the time.
        if self.stuck_since.is_none() && self.shared.config.idle.is_none() {
            return ControlFlow::Continue(());
        }
        let now = Instant::now();
        if self
            .stuck_since
            .is_some_and(|since| now >= since + STUCK_AFTER)
        {
            return ControlFlow::Break(Reason::Stuck);
        }
        if self.ending.is_none() && self.idle_at().is_some_and(|at| now >= at) {
            self.show(&View::Idle);
            self.ending = Some(Reason::Idle);
            self.inbox.ring();
        }
        ControlFlow::Continue(())
    }

    // ---- the way in ----

    /// Reads once and handles what may be handled.
    fn read(&mut self) {
        READ.with_borrow_mut(|buffer| match self.socket.read(buffer) {
            Ok(None) => {}
            Ok(Some(0)) => {
                self.end_of_input = true;
                self.held = self.lines.rest();
            }
            Ok(Some(count)) => {
                self.last_input = Instant::now();
                self.borrow_scratch();
                let taken = self.take_bytes(&buffer[..count]);
                self.input = buffer[taken..count].to_vec();
            }
            // What was left of a line is not said: who knows how it would have gone on.
            Err(_) => {
                self.end_of_input = true;
                self.lost = true;
            }
        })
    }

    fn take_input(&mut self) -> bool {
        if self.input.is_empty() || !self.may_take_line() {
            return false;
        }
        let mut input = std::mem::take(&mut self.input);
        let taken = self.take_bytes(&input);
        input.drain(..taken);
        self.input = input;
        true
    }

    /// Handles bytes as far as that is possible now, and returns how many it took.
    fn take_bytes(&mut self, bytes: &[u8]) -> usize {
        let mut rest = bytes;
        while self.may_take_line() {
            match self.decoder.next(&mut rest) {
                None => break,
                Some(telnet::Event::Data(mut data)) => {
                    self.take_data(&mut data);
                    // What is left of a run of data holds no IAC, so it can be decoded again.
                    if !data.is_empty() {
                        return bytes.len() - rest.len() - data.len();
                    }
                }
                Some(telnet::Event::Command(command)) => self.take_command(command),
                Some(telnet::Event::Negotiate { verb, option }) => {
                    let answer = self
                        .options
                        .receive(verb, option, telnet::refuse_every_option);
                    self.output.extend(answer.into_iter().flatten());
                }
                // No option is in use, so none has anything to say.
                Some(telnet::Event::Subnegotiation { .. }) => {}
            }
        }
        bytes.len() - rest.len()
    }

    fn take_data(&mut self, data: &mut &[u8]) {
        while self.may_take_line() {
            let Some(event) = self.lines.next(data) else {
                break;
            };
            self.take_line(event);
        }
        if !self.first_line_seen {
            self.check_first_bytes();
        }
    }

    /// Looks at the beginning of the first line before it has ended: a TLS hello has no line ends.
    fn check_first_bytes(&mut self) {
        if let Some(protocol) = foreign::protocol(self.lines.unfinished()) {
            self.end_foreign(protocol);
        }
    }

    fn end_foreign(&mut self, protocol: &'static str) {
        self.screen.line_entered();
        self.show(&View::Foreign(protocol));
        self.ending = Some(Reason::Foreign);
    }

    fn take_command(&mut self, command: Command) {
        match command {
            Command::InterruptProcess | Command::EraseLine => self.lines.cancel(),
            Command::AreYouThere => self.output.extend_from_slice(b"[yes]\r\n"),
            _ => {}
        }
    }

    fn take_held(&mut self) -> bool {
        let blocked = self.awaiting || self.unsent.is_some() || self.ending.is_some();
        match self.held.take() {
            Some(event) if !blocked => {
                self.take_line(event);
                self.held.is_none()
            }
            held => {
                self.held = held;
                false
            }
        }
    }

    /// Handles a line, or holds it if that has to wait.
    fn take_line(&mut self, event: line::Event) {
        if self.must_wait(&event) {
            self.held = Some(event);
            return;
        }
        if !std::mem::replace(&mut self.first_line_seen, true) {
            self.screen.display.newline = match self.lines.last_end() {
                Some(line::End::Lf) => Newline::Lf,
                _ => Newline::CrLf,
            };
            if let line::Event::Line(line) = &event
                && let Some(protocol) = foreign::protocol(line.as_bytes())
            {
                return self.end_foreign(protocol);
            }
        }
        if self.shared.config.idle.is_some() {
            self.last_input = Instant::now();
        }
        self.screen.line_entered();
        let turn = match event {
            line::Event::Line(line) => self.session.line(&line),
            line::Event::TooLong => self.session.line_too_long(),
        };
        self.perform(turn);
    }

    /// True if a line cannot be handled now: a command waits for the lines said before it to be seen, so
    /// that a dialogue reads the same however it is cut into packets; and nobody is faster than the rate.
    fn must_wait(&mut self, event: &line::Event) -> bool {
        let is_said = matches!(event, line::Event::Line(line) if self.session.would_say(line));
        if self.in_flight > 0 && !is_said {
            return true;
        }
        self.held_until = match self.shared.config.rate {
            0 => None,
            _ => self.rate.take(Instant::now()).err(),
        };
        self.held_until.is_some()
    }

    // ---- what is going on ----

    /// Shows the views of `turn`, makes its request, and asks for the next line if it is time to.
    fn perform(&mut self, turn: Turn) {
        for view in &turn.views {
            self.show(view);
        }
        if let Some(request) = turn.request {
            self.request(request);
        }
        self.show_prompt();
    }

    fn request(&mut self, request: Request) {
        let lobby = &self.shared.lobby;
        self.awaiting = true;
        match request {
            Request::Create(room) => lobby.create(room, &self.inbox),
            Request::List => lobby.list(&self.inbox),
            Request::Join(room) => lobby.find(room, &self.inbox),
            Request::Rename(name) => lobby.take_name(self.id, name, &self.inbox),
            Request::Who => self.tell_room(ToRoom::Who(self.id)),
            Request::Leave => self.tell_room(ToRoom::Leave(self.id, None)),
            Request::Say(text) => {
                self.awaiting = false;
                self.in_flight += 1;
                self.say(ToRoom::Say {
                    member: self.id,
                    text: text.into_boxed_str(),
                });
            }
            Request::Quit => {
                self.awaiting = false;
                self.ending = Some(Reason::Quit);
            }
        }
    }

    fn tell_room(&self, word: ToRoom) {
        if let Place::Inside(seat) = &self.place {
            seat.room.mailbox.put(word);
        }
    }

    fn say(&mut self, line: ToRoom) {
        if let Place::Inside(seat) = &self.place {
            self.unsent = seat.room.mailbox.put_line(line, &self.inbox).err();
        }
    }

    fn take_notes(&mut self) -> bool {
        let mut busy = false;
        if let Some(line) = self.unsent.take() {
            self.say(line);
            busy = self.unsent.is_none();
        }
        for note in self.inbox.take() {
            busy = true;
            match note {
                Note::Answer(answer) => self.answer(answer),
                Note::Found(room) => self.knock(&room),
                Note::Seated(mut seat) => {
                    let history = std::mem::take(&mut seat.history);
                    let name = seat.room.name.clone();
                    self.place = Place::Inside(seat);
                    self.answer(Answer::Joined(name, Ok(history)));
                }
                Note::NotSeated(room, why) => self.answer(Answer::Joined(room, Err(why))),
                // The reader knows; what it still has to give comes first.
                Note::Unseated => {
                    self.take_batches();
                }
                Note::Stop => self.stopping = true,
            }
        }
        busy
    }

    fn answer(&mut self, answer: Answer) {
        self.awaiting = false;
        if let Answer::Renamed(Ok(new)) = &answer {
            self.renamed(new.clone());
        }
        let turn = self.session.answer(answer);
        self.perform(turn);
    }

    /// The room hears of the new name before anybody else can take the old one.
    fn renamed(&mut self, new: Name) {
        let old = self.session.name();
        self.tell_room(ToRoom::Rename {
            member: self.id,
            name: new.clone(),
        });
        self.shared.lobby.free_name(self.id, old, &new);
    }

    fn knock(&self, room: &RoomHandle) {
        room.mailbox.put(ToRoom::Join {
            member: self.id,
            name: self.session.name().clone(),
            inbox: Arc::clone(&self.inbox),
        });
    }

    // ---- the way out ----

    /// Draws what the room has said since.
    fn take_batches(&mut self) -> bool {
        let Place::Inside(seat) = &mut self.place else {
            return false;
        };
        if self.output.len() > self.written {
            return false;
        }
        let mut batches = Vec::new();
        let skipped = seat.reader.take(WRITE_BYTES, &mut batches);
        if batches.is_empty() && skipped == 0 {
            return self.leave_if_done();
        }
        if skipped > 0 {
            // Lines of one's own may be among those skipped: none is waited for any more.
            self.in_flight = 0;
            self.show(&View::Skipped(skipped));
        }
        for batch in &batches {
            self.draw(batch);
        }
        self.leave_if_done();
        self.show_prompt();
        true
    }

    fn draw(&mut self, batch: &Batch) {
        if self.in_flight > 0 {
            let own = batch.messages_of(self.id);
            self.in_flight = self.in_flight.saturating_sub(own);
        }
        let display = &self.screen.display;
        let class = display.class();
        let (zone, newline) = (&display.zone, display.newline);
        let frame = batch.frame(class, |items| view::draw_items(items, zone, newline));
        self.screen.frame(frame, &mut self.output);
    }

    /// Once it has seen all that was said before it left, the session is at the menu.
    fn leave_if_done(&mut self) -> bool {
        let is_done = matches!(&self.place, Place::Inside(seat) if seat.reader.is_done());
        if is_done {
            self.place = Place::Outside;
            self.answer(Answer::Left);
        }
        is_done
    }

    fn show(&mut self, view: &View) {
        let mut text = String::new();
        view.write(&self.screen.display.zone, &mut text);
        self.screen.text(&text, &mut self.output);
    }

    /// Asks for the next line, once all lines before it are answered.
    fn show_prompt(&mut self) {
        let answered = !self.awaiting && self.in_flight == 0 && self.ending.is_none();
        if answered && !self.screen.prompt_is_open() {
            self.screen.prompt(&self.session.prompt(), &mut self.output);
        }
    }

    fn has_output(&self) -> bool {
        self.output.len() > self.written
    }

    /// Writes what the socket takes.
    fn flush(&mut self) {
        while self.has_output() && !self.lost {
            match self.socket.write(&self.output[self.written..]) {
                Ok(Some(count)) => {
                    self.written += count;
                    self.stuck_since = None;
                }
                Ok(None) => {
                    self.stuck_since.get_or_insert_with(Instant::now);
                    return;
                }
                Err(_) => self.lost = true,
            }
        }
        self.drop_output();
    }

    fn drop_output(&mut self) {
        self.output.clear();
        self.written = 0;
        self.stuck_since = None;
    }

    fn borrow_scratch(&mut self) {
        if self.output.capacity() == 0 {
            self.output = SCRATCH.take();
        }
    }

    fn return_scratch(&mut self) {
        let kept = self.output[self.written..].to_vec();
        let mut scratch = std::mem::replace(&mut self.output, kept);
        self.written = 0;
        scratch.clear();
        if scratch.capacity() <= 2 * WRITE_BYTES {
            SCRATCH.set(scratch);
        }
    }

    // ---- the end ----

    /// Leaves the room, frees the name.
    async fn leave(&mut self) {
        // The room's answer to a request on its way may bring or end a seat; it comes at once.
        while self.awaiting {
            self.drop_output();
            let busy = self.take_batches() | self.take_notes();
            if self.awaiting && !busy {
                poll_fn(|cx| self.inbox.poll_rung(cx)).await;
            }
        }
        if let Place::Inside(seat) = std::mem::replace(&mut self.place, Place::Outside) {
            if let Some(line) = self.unsent.take() {
                seat.room.mailbox.put(line);
            }
            seat.room
                .mailbox
                .put(ToRoom::Leave(self.id, Some(seat.reader)));
        }
        self.shared.lobby.strike_out(self.id, self.session.name());
    }

    /// Lets the last words arrive and closes the socket.
    async fn goodbye(&self, reason: Reason) {
        let told = !self.lost && !matches!(reason, Reason::Stuck | Reason::EndOfInput);
        // A Telnet client leaves by itself when the connection ends. So does one whose input is at its end.
        let is_raw = self.lines.last_end() != Some(line::End::Cr);
        if !told || !is_raw {
            return;
        }
        // A reset overtakes what is still on its way, so the last words get time to arrive.
        let arrived = async { poll_fn(|cx| self.poll_gone(cx)).await };
        let waited = async {
            Timer::after(self.peer.goodbye_time()).await;
        };
        future::or(arrived, waited).await;
        self.socket.reset_on_close();
    }

    /// Ready when the client has closed; what it still sends is dropped, up to a line's length.
    fn poll_gone(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut buffer = [0; LINE_BYTES_MAX];
        match self.socket.read(&mut buffer) {
            Ok(Some(0)) | Err(_) => Poll::Ready(()),
            Ok(_) => self.socket.poll_readable(cx).map(|_| ()),
        }
    }
}
