//! What one connection is shown, held against what was sent and what is stored.

use std::collections::BTreeMap;

use parlor::chat::history::RoomId;

use crate::ledger::{Ledger, Purpose};
use crate::screen::{Piece, Prompt, Row, Screen, parse, strip_prompts, token};

/// Characters of somebody's words in a row that may have to be wrapped. Names and times take the rest of it, and wide
/// characters two columns.
const WRAPPED_CHARS_MIN: usize = 20;

/// What one connection has been shown.
#[derive(Debug)]
pub(crate) struct View {
    number: usize,
    screen: Screen,
    /// It must get neither IAC nor ESC.
    pub(crate) is_plain: bool,
    /// It may be told that messages were skipped, since rooms keep little for those who are slow.
    pub(crate) may_skip: bool,
    /// Its own lines may be missing, since their echo stands for them.
    pub(crate) echoes: bool,
    /// Lines of others may be missing, since it does not want to see them.
    pub(crate) ignores: bool,
    pub(crate) session: Option<Session>,
    pub(crate) prompt: Option<Prompt>,
    pub(crate) name: Option<String>,
    /// Telnet commands that it has to answer.
    pub(crate) telnet: Vec<Telnet>,
    pub(crate) tally: Tally,
    /// Numbers of the last private words, by the connection they came from.
    told: BTreeMap<usize, usize>,
    /// The last answer to `\name`, and to `\who`.
    pub(crate) called: Option<String>,
    pub(crate) people: Option<String>,
}

/// How often something was shown.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// Lines that were not said, by what the server says of it.
    pub(crate) not_sent: usize,
    /// Answers that did not fit the question.
    pub(crate) refused: usize,
    pub(crate) skipped: u64,
    /// Last words, of whatever kind.
    pub(crate) last_words: usize,
    pub(crate) going_down: usize,
    pub(crate) renamed: usize,
}

/// A stay in a room.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) room: String,
    /// Known from the first line that carries a number.
    pub(crate) id: Option<RoomId>,
    /// The number of the last line that was shown.
    pub(crate) last: Option<u64>,
    /// Messages that are announced to be missing before the next one.
    pub(crate) skipped: u64,
}

/// A Telnet command of the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Telnet {
    Verb(u8, u8),
    Asked(u8),
}

impl View {
    pub(crate) fn new(number: usize) -> View {
        View {
            number,
            screen: Screen::default(),
            is_plain: false,
            may_skip: false,
            echoes: false,
            ignores: false,
            session: None,
            prompt: None,
            name: None,
            telnet: Vec::new(),
            tally: Tally::default(),
            told: BTreeMap::new(),
            called: None,
            people: None,
        }
    }

    /// Takes what the server has written.
    pub(crate) fn feed(&mut self, bytes: &[u8], ledger: &mut Ledger) {
        let mut screen = std::mem::take(&mut self.screen);
        screen.feed(bytes, |piece| match piece {
            Piece::Row(row) => {
                let rest = self.take_prompts(row);
                if !rest.is_empty() {
                    self.row(rest, ledger);
                }
            }
            Piece::Cleared(row) => drop(self.take_prompts(row)),
            Piece::Verb(verb, option) => self.telnet.push(Telnet::Verb(verb, option)),
            Piece::Asked(option) => self.telnet.push(Telnet::Asked(option)),
        });
        self.take_prompts(&screen.unfinished());
        if self.is_plain && screen.has_controls {
            self.fail(ledger, "a plain client was sent an IAC or an ESC");
        }
        self.screen = screen;
    }

    fn take_prompts<'a>(&mut self, row: &'a str) -> &'a str {
        let (prompt, rest) = strip_prompts(row);
        if let Some(Prompt::Line(name)) = &prompt
            && self.name.as_ref() != Some(name)
        {
            self.name = Some(name.clone());
        }
        self.prompt = prompt.or(self.prompt.take());
        rest
    }

    fn fail(&self, ledger: &mut Ledger, what: &str) {
        ledger.fail(format!("c{:02}: {what}", self.number));
    }

    fn row(&mut self, row: &str, ledger: &mut Ledger) {
        if self.tally.last_words > 0 {
            self.fail(ledger, &format!("after the last words came {row:?}"));
        }
        match parse(row) {
            Row::Menu => self.session = None,
            Row::Room(room) => {
                self.session = Some(Session {
                    room: room.to_owned(),
                    id: None,
                    last: None,
                    skipped: 0,
                });
            }
            Row::Said(words) => self.said(words, ledger),
            Row::ToMe(_, words) => self.received(words, ledger),
            Row::FromMe(_, words) => self.sent(words, ledger),
            Row::Past(id, words) => self.past(id, words, ledger),
            Row::Skipped(count) => {
                self.tally.skipped += count;
                match &mut self.session {
                    Some(session) if self.may_skip => session.skipped += count,
                    _ => self.fail(
                        ledger,
                        &format!("{count} messages were skipped for no reason"),
                    ),
                }
            }
            Row::Notice(notice) => self.notice(notice, ledger),
            Row::Other(row) => self.other(row, ledger),
        }
    }

    /// A line of a room: stored, of this room, whole, and next in order.
    fn said(&mut self, words: &str, ledger: &mut Ledger) {
        let Some(session) = &self.session else {
            return self.fail(ledger, &format!("outside of any room came {words:?}"));
        };
        let place = match token(words) {
            Some(token) => {
                let Some(place) = ledger.place_of(token) else {
                    return self.fail(ledger, &format!("{words:?} is shown and not stored"));
                };
                if let Some(line) = ledger.lines.get_mut(token) {
                    line.came_back |= line.from == self.number;
                }
                place
            }
            None => match self.find(session, words, ledger) {
                Some(place) => place,
                None if ledger.source.is_from_afar(words) => return,
                None => return self.fail(ledger, &format!("nobody has said {words:?}")),
            },
        };
        self.next_line(place, words, ledger);
    }

    /// Where a line without a number is stored, as far as that can be told.
    fn find(&self, session: &Session, words: &str, ledger: &mut Ledger) -> Option<(RoomId, u64)> {
        ledger.collect();
        let is_it = |id: &RoomId, name: &str| match session.id {
            Some(known) => known == *id,
            None => name == session.room,
        };
        let after = session.last.map_or(0, |last| last + session.skipped) as usize;
        let rooms = ledger.rooms.iter().rev();
        let mut rooms = rooms.filter(|(id, room)| is_it(id, &room.name));
        rooms.find_map(|(id, room)| {
            let lines = room.lines.iter().enumerate().skip(after);
            let mut same = lines.filter(|(_, line)| self.shows(words, &line.words));
            same.next().map(|(at, _)| (*id, at as u64 + 1))
        })
    }

    /// Whether a row shows these words; a long line is wrapped, and further rows of it are not looked at.
    fn shows(&self, row: &str, words: &str) -> bool {
        let may_go_on = self.echoes || row.chars().count() >= WRAPPED_CHARS_MIN;
        row == words || may_go_on && words.starts_with(row)
    }

    /// Lines may be missing for good reasons.
    fn is_partial(&self) -> bool {
        self.echoes || self.ignores
    }

    fn next_line(&mut self, place: (RoomId, u64), words: &str, ledger: &mut Ledger) {
        let (room, id) = place;
        let has_token = token(words).is_some();
        let stored = ledger.stored(place).map(|line| line.words.as_str());
        if !stored.is_some_and(|stored| self.shows(words, stored)) {
            let fault = format!("{words:?} is shown, and {stored:?} is stored");
            return self.fail(ledger, &fault);
        }
        let Some(session) = &self.session else {
            return;
        };
        let name = ledger.rooms.get(&room).map(|room| room.name.as_str());
        if session.id.is_some_and(|known| known != room) || name != Some(&session.room) {
            let fault = format!("in room {:?} came {words:?} of {name:?}", session.room);
            return self.fail(ledger, &fault);
        }
        // Without a number it may be another line of the same words, where not all lines are to be seen.
        if !has_token && (session.last.is_none() || self.is_partial()) {
            return;
        }
        let (last, skipped) = (session.last, session.skipped);
        if let Some(last) = last {
            if id <= last {
                return self.fail(ledger, &format!("{words:?} (#{id}) came after #{last}"));
            }
            if let Some(fault) = self.gap(room, last, id, skipped, ledger) {
                return self.fail(ledger, &fault);
            }
        }
        if let Some(session) = &mut self.session {
            session.id = Some(room);
            session.last = Some(id);
            session.skipped = 0;
        }
    }

    /// What is wrong with the lines missing between two that were shown one after the other.
    fn gap(
        &self,
        room: RoomId,
        last: u64,
        next: u64,
        skipped: u64,
        ledger: &Ledger,
    ) -> Option<String> {
        let all = next - last - 1;
        let unexcused = self.missing(room, last, next, ledger);
        let is_right = match skipped {
            0 => unexcused == 0,
            _ if self.is_partial() => unexcused <= skipped && skipped <= all,
            _ => skipped == all,
        };
        (!is_right).then(|| {
            format!(
                "between #{last} and #{next} {unexcused} lines are missing, {skipped} announced"
            )
        })
    }

    /// How many lines between two of a room it should have been shown.
    pub(crate) fn missing(&self, room: RoomId, last: u64, next: u64, ledger: &Ledger) -> u64 {
        let is_missed = |id: &u64| {
            let line = ledger.stored((room, *id));
            if self.is_partial() && line.is_none_or(|line| token(&line.words).is_none()) {
                return false;
            }
            let from = line.and_then(|line| line.from);
            match from == Some(self.number) {
                true => !self.echoes,
                false => !self.ignores,
            }
        };
        (last + 1..next).filter(is_missed).count() as u64
    }

    fn received(&mut self, words: &str, ledger: &mut Ledger) {
        let Some((number, token)) = self.private(words, ledger) else {
            return;
        };
        if let Some(before) = self.told.insert(number, token)
            && before >= token
        {
            let fault = format!("private words {token} of c{number:02} came after {before}");
            return self.fail(ledger, &fault);
        }
        if let Some(other) = ledger.lines[token].told_to.replace(self.number) {
            let fault = format!("private words {token} were shown to c{other:02} already");
            self.fail(ledger, &fault);
        }
    }

    fn sent(&mut self, words: &str, ledger: &mut Ledger) {
        let Some((number, token)) = self.private(words, ledger) else {
            return;
        };
        if number != self.number || std::mem::replace(&mut ledger.lines[token].told_from, true) {
            let fault = format!("private words {token} of c{number:02} came back to it");
            self.fail(ledger, &fault);
        }
    }

    /// The connection and the number of private words, which must be as they were sent.
    fn private(&self, words: &str, ledger: &mut Ledger) -> Option<(usize, usize)> {
        let token = token(words)?;
        let line = ledger.lines.get(token);
        let line = line.filter(|line| line.purpose == Purpose::Told && !line.was_cut);
        let is_same = self.shows(words, ledger.text(token));
        match line {
            Some(line) if is_same => Some((line.from, token)),
            _ => {
                self.fail(ledger, &format!("nobody has said {words:?} in private"));
                None
            }
        }
    }

    fn past(&mut self, id: u64, words: &str, ledger: &mut Ledger) {
        ledger.collect();
        let is_there = ledger.rooms.iter().any(|(room, _)| {
            let is_it = self.session.as_ref().and_then(|session| session.id);
            let stored = ledger.stored((*room, id));
            is_it.is_none_or(|known| known == *room)
                && stored.is_some_and(|stored| self.shows(words, &stored.words))
        });
        if !is_there {
            self.fail(
                ledger,
                &format!("#{id} {words:?} of the past is not stored"),
            );
        }
    }

    fn notice(&mut self, notice: &str, ledger: &mut Ledger) {
        match notice {
            "The server is going down." => {
                self.tally.going_down += 1;
                self.tally.last_words += 1;
            }
            "Disconnected: idle for too long."
            | "The server made a mistake and has to hang up. Please connect again."
            | "The server is filling up, and you have not typed a line yet. Goodbye." => {
                self.tally.last_words += 1
            }
            notice => self.check_topic(notice, ledger),
        }
    }

    /// What carries a number outside of the transcript is a room's topic, or one's own.
    fn check_topic(&mut self, row: &str, ledger: &mut Ledger) {
        let Some(token) = token(row) else {
            return;
        };
        let line = ledger.lines.get_mut(token);
        match line.filter(|line| line.purpose == Purpose::Topic || line.from == self.number) {
            Some(line) => line.was_refused |= line.from == self.number,
            None => self.fail(ledger, &format!("{row:?} is not for this client")),
        }
    }

    fn other(&mut self, row: &str, ledger: &mut Ledger) {
        let starts = |words: &str| row.starts_with(words);
        if starts("Not sent: ") {
            self.tally.not_sent += 1;
        } else if let Some(rest) = row.strip_prefix("Your last ") {
            let count = rest.split_once(" lines were not sent");
            let count = count.and_then(|(count, _)| count.parse().ok());
            self.tally.not_sent += count.unwrap_or(1);
        } else if starts("You have entered illegal")
            || starts("Nothing was created.")
            || starts("\\me is for rooms")
            // A line that was typed ahead of the question.
            || starts("That is not the room's name.")
        {
            self.tally.refused += 1;
        } else if starts("Goodbye.")
            || starts("The server is full")
            || starts("Too many connections")
            || starts("This is parlor, a chat for nc")
        {
            self.tally.last_words += 1;
        } else if starts("Update username successful") {
            self.tally.renamed += 1;
        } else if let Some(rest) = row.strip_prefix("Your name is ") {
            self.called = rest.split_once(". Type").map(|(name, _)| name.to_owned());
        } else if row.starts_with(|first: char| first.is_ascii_digit())
            && let Some((_, people)) = row.split_once(" in room ")
        {
            self.people = people.split_once(": ").map(|(_, names)| names.to_owned());
        }
        self.check_topic(row, ledger);
    }
}

#[cfg(test)]
mod tests {
    use parlor::runtime::Clock;
    use parlor::store::Store;

    use super::*;
    use crate::random::Random;
    use crate::weather::Weather;

    const HEADER: &str = "------------ Room 1150 ------------\n";

    /// What is found wrong with these rows of a room in which `{0} long ago` and so on were said.
    fn fault(rows: &str) -> Option<String> {
        let store = Store::memory(100);
        let mut ledger = Ledger::new(Weather::new(
            store.clone(),
            Clock::system(),
            Random::new(0, 0),
        ));
        ledger.fill_rooms(&store, 2, || 4);
        ledger.issue(1, Purpose::Said, "too late");
        let mut view = View::new(0);
        view.is_plain = true;
        view.feed(rows.as_bytes(), &mut ledger);
        ledger.fault
    }

    fn line(number: usize) -> String {
        format!("[12:00:00] anon: {{{number}}} long ago\n")
    }

    #[test]
    fn what_a_room_says_in_its_order_is_right() {
        let rows: String = (0..4).map(line).collect();
        assert_eq!(fault(&format!("{HEADER}{rows}anon> ")), None);
        assert_eq!(fault(&format!("anon> {HEADER}{}", line(3))), None);
    }

    #[test]
    fn each_broken_promise_is_seen() {
        let row = "[12:00:00] anon: {1} lung ago\n".to_owned();
        let table = [
            (HEADER, [line(1), line(1)], "#2) came after #2"),
            (HEADER, [line(2), line(1)], "#2) came after #3"),
            (
                HEADER,
                [line(0), line(2)],
                "1 lines are missing, 0 announced",
            ),
            (HEADER, [line(0), line(5)], "in room \"1150\" came"),
            (HEADER, [line(0), line(8)], "is shown and not stored"),
            (HEADER, [line(0), line(77)], "is shown and not stored"),
            (HEADER, [line(0), row], "is shown, and Some("),
            ("", [line(0), line(1)], "outside of any room"),
            (
                HEADER,
                [line(0), "* 1 message skipped\n".to_owned()],
                "skipped for no reason",
            ),
            (
                HEADER,
                [line(0), "\u{1b}[m\n".to_owned()],
                "an IAC or an ESC",
            ),
            (
                HEADER,
                ["Goodbye.\n".to_owned(), line(0)],
                "after the last words",
            ),
            (
                HEADER,
                [line(0), "[12:00:00] anon -> you: {1} long ago\n".to_owned()],
                "in private",
            ),
        ];
        for (header, rows, expected) in table {
            let fault = fault(&format!("{header}{}", rows.concat()));
            let is_seen = fault.as_ref().is_some_and(|fault| fault.contains(expected));
            assert!(is_seen, "{rows:?}: {fault:?}");
        }
    }
}
