//! What the room says, as this client is to see it.

use std::borrow::Cow;
use std::cell::RefCell;
use std::sync::Arc;

use super::Connection;
use crate::chat::batch::{Author, Batch, times_of};
use crate::chat::ignore::Ignores;
use crate::chat::message::{Item, Kind, Message, Notice};
use crate::chat::name::Name;
use crate::chat::settings::Bell;
use crate::dialog::view::{MessageView, View};
use crate::hub::room::Taken;
use crate::limits::{OWN_DRAWN_MAX, WRITE_BYTES};
use crate::terminal::draw::{self, Drawing, Viewpoint};
use crate::text;
use crate::time::Timestamp;

thread_local! {
    /// Where batches are kept while they are drawn.
    static BATCHES: RefCell<Vec<Arc<Batch>>> = const { RefCell::new(Vec::new()) };
}

/// Whether a notice has words of somebody who is ignored: a name or a topic that they chose. That they come and go is
/// told.
fn hides(ignores: &Ignores, notice: &Notice) -> bool {
    let covers = |member, name: &Name| ignores.cover(member, &name.without_number().keys());
    match notice {
        Notice::Renamed { member, old, new } => covers(*member, old) || covers(*member, new),
        Notice::Topic { member, name, .. } => covers(*member, name),
        Notice::Joined(_) | Notice::Left(_) | Notice::Passed(_) | Notice::ModNotice(_) => false,
    }
}

impl Connection {
    /// Draws what the room has said since. True if that left something to do at once; whatever the room
    /// says next rings again.
    pub(super) fn take_batches(&mut self) -> bool {
        if !self.user.is_in_room() || self.has_output() {
            return false;
        }
        let mut batches = BATCHES.take();
        let Some(taken) = self.user.take(WRITE_BYTES, &mut batches) else {
            return false;
        };
        if let Some(stored) = taken.measured {
            self.measure(stored);
        }
        let Taken { skipped, more, .. } = taken;
        if batches.is_empty() && skipped == 0 {
            return self.depart_if_done();
        }
        if self.screen.prompt_is_open() {
            self.note_cut();
        }
        if skipped > 0 {
            self.counts().skipped.add(skipped);
            self.show(&View::Message(MessageView::Skipped(skipped)));
        }
        for batch in batches.drain(..) {
            self.draw(&batch);
        }
        BATCHES.set(batches);
        let left = self.depart_if_done();
        self.show_prompt();
        more || left
    }

    /// Once it has seen all that was said before it left, the session goes on elsewhere.
    fn depart_if_done(&mut self) -> bool {
        match self.user.departure() {
            Some(departure) => {
                self.departed(departure);
                true
            }
            None => false,
        }
    }

    fn draw(&mut self, batch: &Batch) {
        let own = self.user.own_lines(batch);
        let is_composed = own > 0 && std::mem::take(&mut self.is_composed);
        if self.lost.is_some() {
            return;
        }
        let seen = self.seen_of(batch);
        if seen.is_empty() {
            return;
        }
        let messages = seen.iter().filter(|item| matches!(item, Item::Message(_)));
        self.page
            .take_if(|page| !page.stays_in_sight(messages.count()));
        let is_mentioned = self.is_mentioned(batch, &seen);
        let (first, last) = match seen {
            Cow::Borrowed(_) => batch.times(),
            Cow::Owned(_) => times_of(&seen).unwrap_or(batch.times()),
        };
        if own > 0 && self.screen.display.drawing == Drawing::Ansi && self.echoes {
            self.draw_beside_echo(&seen, first, is_composed);
        } else {
            self.begin_day(first);
            let whole = matches!(seen, Cow::Borrowed(_)).then_some(batch);
            // What is by the user or about the user stands out.
            let has_own = own > 0 && seen.len() <= OWN_DRAWN_MAX;
            let is_personal = (has_own || is_mentioned) && self.screen.display.has_color();
            self.draw_below(whole.filter(|_| !is_personal), &seen);
            // Where the date changes within the batch, its drawing tells so.
            self.day.set(last, &self.screen.display.zone);
        }
        if self.rings(&seen, is_mentioned) {
            self.ring();
        }
    }

    /// What of a batch the client is to see.
    fn seen_of<'a>(&self, batch: &'a Batch) -> Cow<'a, [Item]> {
        let seen = self.wanted_of(batch);
        match batch.tells_joins() {
            true => self.without_own_join(seen),
            false => seen,
        }
    }

    /// Nobody is told to have joined, nor who was there before.
    fn without_own_join<'a>(&self, seen: Cow<'a, [Item]>) -> Cow<'a, [Item]> {
        let own = self.user.join_seq();
        let others_of = |item: &Item| match item {
            Item::Notice(Notice::Joined(group)) => group.after(own),
            Item::Notice(_) | Item::Message(_) => None,
        };
        if seen.iter().all(|item| others_of(item).is_none()) {
            return seen;
        }
        let others = seen.iter().filter_map(|item| match others_of(item) {
            Some(others) if others.is_empty() => None,
            Some(others) => Some(Item::Notice(Notice::Joined(others))),
            None => Some(item.clone()),
        });
        Cow::Owned(others.collect())
    }

    /// What of a batch the client's user wants to see.
    fn wanted_of<'a>(&self, batch: &'a Batch) -> Cow<'a, [Item]> {
        let (ignores, quiet) = (self.user.ignores(), self.screen.display.quiet);
        if ignores.is_none() && !quiet {
            return Cow::Borrowed(batch.items());
        }
        let ignored: Vec<&Author> = ignores.map_or(Vec::new(), |ignores| {
            let authors = batch.authors().iter();
            let is_ignored = |author: &&Author| {
                author.member != self.user.id() && ignores.cover(author.member, &author.keys)
            };
            authors.filter(is_ignored).collect()
        });
        let is_seen = |item: &Item| match item {
            Item::Message(_) => !ignored.iter().any(|author| author.has_said(item)),
            Item::Notice(notice) => {
                !quiet && !ignores.is_some_and(|ignores| hides(ignores, notice))
            }
        };
        if batch.items().iter().all(is_seen) {
            return Cow::Borrowed(batch.items());
        }
        let seen = batch.items().iter().filter(|item| is_seen(item));
        Cow::Owned(seen.cloned().collect())
    }

    /// Takes out of lines of the past what the client's user does not want to see. A line that was `asked` for
    /// by its number is shown, whoever said it.
    pub(super) fn drop_ignored(&self, lines: &mut Vec<Arc<Message>>, asked: Option<u64>) {
        if let Some(ignores) = self.user.ignores() {
            lines.retain(|line| {
                line.member == self.user.id()
                    || asked == Some(line.id)
                    || !ignores.cover(line.member, &line.name.without_number().keys())
            });
        }
    }

    /// Draws what is `seen` of a batch, which is given if others may see it in the same way.
    fn draw_below(&mut self, shared: Option<&Batch>, seen: &[Item]) {
        let display = &self.screen.display;
        match shared.and_then(|batch| draw::shared_frame(batch, display, &self.day)) {
            Some(frame) => self.draw_with(|screen, out| screen.frame(frame, out)),
            None => self.draw_items(seen),
        }
    }

    /// Something is to be shown that was said at `time`: tells the date, if that is another than before.
    pub(super) fn begin_day(&mut self, time: Timestamp) {
        if let Some(date) = self.day.turn(time, &self.screen.display.zone) {
            self.show(&View::Message(MessageView::Date(date)));
        }
    }

    fn draw_items(&mut self, items: &[Item]) {
        let frame = draw::frame(items, &self.screen.display, Some(self.viewpoint()));
        self.draw_with(|screen, out| screen.frame(&frame, out));
    }

    /// As the user sees things.
    pub(super) fn viewpoint(&self) -> Viewpoint<'_> {
        Viewpoint {
            member: self.user.id(),
            mention: self.mention.as_deref(),
        }
    }

    /// True if others speak of the client's user in what is `seen` of the batch, and its display shows that.
    fn is_mentioned(&self, batch: &Batch, seen: &[Item]) -> bool {
        let display = &self.screen.display;
        match &self.mention {
            Some(mention) if display.has_color() || display.bell == Bell::Mention => {
                let (name, is_word) = mention.folded();
                let may_be = match is_word {
                    true => {
                        batch.has_word(name, |text| draw::words(text).map(text::fold).collect())
                    }
                    false => batch.has_text(name, text::fold),
                };
                may_be && mention.is_in(seen)
            }
            _ => false,
        }
    }

    /// True if what is seen rings the client's bell.
    fn rings(&self, seen: &[Item], is_mentioned: bool) -> bool {
        match self.screen.display.bell {
            Bell::Off => false,
            Bell::Mention => is_mentioned,
            Bell::All => seen.iter().any(|item| match item {
                Item::Message(message) => message.member != self.user.id(),
                Item::Notice(_) => false,
            }),
        }
    }

    /// Rings the terminal's bell.
    pub(super) fn ring(&mut self) {
        self.draw_with(|_, out| out.push('\x07'));
    }

    /// Draws a batch with lines of one's own where the client's terminal has echoed them: the echo stands for the line.
    /// It is never replaced. What is just above the cursor when a row arrives cannot be known here.
    /// Actions, and the first line if it `is_composed`, look otherwise than what was typed for them.
    fn draw_beside_echo(&mut self, seen: &[Item], first: Timestamp, mut is_composed: bool) {
        for item in seen {
            if let Item::Message(message) = item
                && message.member == self.user.id()
                && message.kind == Kind::Message
                && !std::mem::take(&mut is_composed)
            {
                continue;
            }
            self.begin_day(match item {
                Item::Message(message) => message.time,
                Item::Notice(_) => first,
            });
            self.draw_items(std::slice::from_ref(item));
        }
    }
}
