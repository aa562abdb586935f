//! *Pure.* Comings and goings that members are not told of yet, so that those of a moment are told together, and those
//! that were over in a moment in one word or not at all.

use std::time::Duration;

use crate::chat::message::{Group, MemberId, Notice};
use crate::chat::name::Name;
use crate::limits::PRESENCE_WAITING_MAX;
use crate::time::Timestamp;

/// Who has come or gone, and is to be told of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Presence {
    /// How long they wait.
    delay: Duration,
    /// In the order in which they came or went.
    waiting: Vec<Move>,
    /// Those who found no place in `waiting`.
    more: More,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct More {
    joined: usize,
    left: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Move {
    member: MemberId,
    /// How many had come before.
    join_seq: u64,
    name: Name,
    since: Timestamp,
    what: What,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Came,
    /// Came, and was heard: everybody knows.
    CameAndSpoke,
    Went,
    CameAndWent,
}

impl Presence {
    pub(super) fn new(delay: Duration) -> Presence {
        Presence {
            delay,
            waiting: Vec::new(),
            more: More::default(),
        }
    }

    pub(super) fn set_delay(&mut self, delay: Duration) {
        self.delay = delay;
    }

    /// Somebody has come. Whoever has gone just now under the same name has not, as far as others are concerned.
    pub(super) fn came(&mut self, member: MemberId, join_seq: u64, name: &Name, now: Timestamp) {
        let is_back = |other: &Move| other.what == What::Went && other.name == *name;
        match self.waiting.iter().position(is_back) {
            Some(at) if !name.is_anon() => drop(self.waiting.remove(at)),
            _ => self.add(member, join_seq, name, What::Came, now),
        }
    }

    /// Somebody has gone.
    pub(super) fn went(&mut self, member: MemberId, join_seq: u64, name: &Name, now: Timestamp) {
        let came = self.waiting.iter().position(|other| other.member == member);
        match came.map(|at| (at, self.waiting[at].what)) {
            // What was said stays to be seen; that somebody was there is of no interest.
            Some((at, What::CameAndSpoke)) => drop(self.waiting.remove(at)),
            Some((at, _)) => self.waiting[at].what = What::CameAndWent,
            None => self.add(member, join_seq, name, What::Went, now),
        }
    }

    /// Somebody has gone who is expected back: others are told only if that has not happened when so much time has passed.
    pub(super) fn moves(
        &mut self,
        member: MemberId,
        join_seq: u64,
        name: &Name,
        now: Timestamp,
        patience: Duration,
    ) {
        let came = self.waiting.iter().position(|other| other.member == member);
        if let Some(at) = came {
            // Nobody was told that it has come, and nobody is before it comes again.
            self.waiting.remove(at);
        } else if self.waiting.len() < PRESENCE_WAITING_MAX {
            self.add(member, join_seq, name, What::Went, now.after(patience));
        }
    }

    /// A member was heard.
    pub(super) fn spoke(&mut self, member: MemberId) {
        if let Some(came) = self.coming(member) {
            came.what = What::CameAndSpoke;
        }
    }

    /// A member is called otherwise. True if nobody has been told of the old name.
    pub(super) fn renamed(&mut self, member: MemberId, name: &Name) -> bool {
        match self.coming(member) {
            Some(came) => {
                came.name = name.clone();
                true
            }
            None => false,
        }
    }

    /// What happens to a member is told in other words.
    pub(super) fn forget(&mut self, member: MemberId) {
        self.waiting.retain(|other| other.member != member);
    }

    /// When somebody is to be told of.
    pub(super) fn due(&self) -> Option<Timestamp> {
        // Most often it is the first; but those whose server has stopped wait for longer.
        let first = self.waiting.iter().map(|other| other.since).min()?;
        Some(first.after(self.delay))
    }

    /// What is to be told at the time `now`, if anything is due: of those as well who have waited for half as long, so
    /// that they are told together.
    pub(super) fn take_due(&mut self, now: Timestamp) -> Vec<Notice> {
        if self.due().is_none_or(|due| now < due) {
            return Vec::new();
        }
        let is_told = |other: &mut Move| now.since(other.since) >= self.delay / 2;
        let told: Vec<Move> = self.waiting.extract_if(.., is_told).collect();
        notices(told, std::mem::take(&mut self.more))
    }

    /// What is to be told of those who have gone at the time `now`, before somebody comes who has not seen them. Who is
    /// expected back has not gone.
    pub(super) fn take_gone(&mut self, now: Timestamp) -> Vec<Notice> {
        let is_gone = |other: &mut Move| {
            matches!(other.what, What::Went | What::CameAndWent) && other.since <= now
        };
        let gone: Vec<Move> = self.waiting.extract_if(.., is_gone).collect();
        notices(gone, More::default())
    }

    /// Nobody is told any more.
    pub(super) fn clear(&mut self) {
        *self = Presence::new(self.delay);
    }

    fn coming(&mut self, member: MemberId) -> Option<&mut Move> {
        let is_coming = |other: &&mut Move| {
            other.member == member && matches!(other.what, What::Came | What::CameAndSpoke)
        };
        self.waiting.iter_mut().find(is_coming)
    }

    fn add(&mut self, member: MemberId, join_seq: u64, name: &Name, what: What, since: Timestamp) {
        if self.waiting.len() >= PRESENCE_WAITING_MAX {
            match what {
                What::Went | What::CameAndWent => self.more.left += 1,
                What::Came | What::CameAndSpoke => self.more.joined += 1,
            }
            return;
        }
        self.waiting.push(Move {
            member,
            join_seq,
            name: name.clone(),
            since,
            what,
        });
    }
}

fn notices(told: Vec<Move>, more: More) -> Vec<Notice> {
    let group = |what, more| {
        let who = told.iter().filter(|other| other.what == what);
        Group {
            who: who.map(|it| (it.join_seq, it.name.clone())).collect(),
            more,
        }
    };
    let joined = Notice::Joined(group(What::Came, more.joined));
    let passed = Notice::Passed(group(What::CameAndWent, 0));
    let left = Notice::Left(group(What::Went, more.left));
    let all = [joined, passed, left].into_iter();
    all.filter(|notice| match notice {
        Notice::Joined(group) | Notice::Passed(group) | Notice::Left(group) => !group.is_empty(),
        _ => true,
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const DELAY: Duration = Duration::from_secs(2);

    #[derive(Clone, Copy, Debug)]
    enum Step {
        Came(u64, &'static str),
        Went(u64, &'static str),
        Spoke(u64),
        Renamed(u64, &'static str),
        Forget(u64),
    }

    use Step::{Came, Forget, Renamed, Spoke, Went};

    fn name(text: &str) -> Name {
        Name::parse(text).expect("a name")
    }

    fn words(notices: &[Notice]) -> Vec<String> {
        let words = notices.iter().map(|notice| {
            let (what, group) = match notice {
                Notice::Joined(group) => ("+", group),
                Notice::Left(group) => ("-", group),
                Notice::Passed(group) => ("+-", group),
                other => panic!("{other:?}"),
            };
            let names: Vec<&str> = group.who.iter().map(|(_, name)| name.as_str()).collect();
            let more = if group.more > 0 {
                format!(" {}", group.more)
            } else {
                String::new()
            };
            format!("{what}{}{more}", names.join(","))
        });
        words.collect()
    }

    #[test]
    fn what_is_over_in_a_moment_is_told_in_a_word_or_not_at_all() {
        // Steps at milliseconds, and what is told at which.
        type Case = (
            &'static [(i64, Step)],
            &'static [(i64, &'static [&'static str])],
        );
        let table: &[Case] = &[
            (&[(0, Came(1, "ann"))], &[(1999, &[]), (2000, &["+ann"])]),
            (
                &[(0, Came(1, "bot")), (50, Went(1, "bot"))],
                &[(2000, &["+-bot"])],
            ),
            // A script posts a line and is gone.
            (
                &[(0, Came(1, "bot")), (1, Spoke(1)), (2, Went(1, "bot"))],
                &[(2000, &[])],
            ),
            // Who was heard is there.
            (&[(0, Came(1, "ann")), (900, Spoke(1))], &[(2000, &[])]),
            (&[(0, Spoke(1)), (10, Went(1, "ann"))], &[(2010, &["-ann"])]),
            // Whoever comes back at once has not been away.
            (
                &[(0, Went(1, "ann")), (900, Came(2, "ann"))],
                &[(3000, &[])],
            ),
            (
                &[(0, Went(1, "anon")), (900, Came(2, "anon"))],
                &[(2900, &["+anon", "-anon"])],
            ),
            // Many are told together, but not those who have just come.
            (
                &[
                    (0, Came(1, "ann")),
                    (900, Came(2, "ben")),
                    (950, Went(3, "cat")),
                    (1900, Came(4, "dai")),
                ],
                &[
                    (2000, &["+ann,ben", "-cat"]),
                    (3899, &[]),
                    (3900, &["+dai"]),
                ],
            ),
            (
                &[(0, Came(1, "anon")), (500, Renamed(1, "ann"))],
                &[(2000, &["+ann"])],
            ),
            (&[(0, Came(1, "ann")), (500, Forget(1))], &[(2000, &[])]),
        ];
        for (steps, expected) in table {
            let mut presence = Presence::new(DELAY);
            for (at, step) in *steps {
                let now = Timestamp(*at);
                match *step {
                    Came(id, who) => presence.came(MemberId(id), id, &name(who), now),
                    Went(id, who) => presence.went(MemberId(id), id, &name(who), now),
                    Spoke(id) => presence.spoke(MemberId(id)),
                    Renamed(id, who) => assert!(presence.renamed(MemberId(id), &name(who))),
                    Forget(id) => presence.forget(MemberId(id)),
                }
            }
            for (at, told) in *expected {
                assert_eq!(
                    words(&presence.take_due(Timestamp(*at))),
                    *told,
                    "{steps:?} at {at}"
                );
            }
            assert_eq!(presence, Presence::new(DELAY), "{steps:?}");
        }
    }

    #[test]
    fn those_who_have_gone_are_told_before_somebody_comes() {
        let mut presence = Presence::new(DELAY);
        presence.came(MemberId(1), 1, &name("ann"), Timestamp(0));
        presence.went(MemberId(2), 2, &name("ben"), Timestamp(1));
        presence.came(MemberId(3), 3, &name("cat"), Timestamp(2));
        presence.went(MemberId(3), 3, &name("cat"), Timestamp(3));
        let patience = Duration::from_secs(20);
        presence.moves(MemberId(4), 4, &name("dai"), Timestamp(3), patience);
        assert_eq!(words(&presence.take_gone(Timestamp(4))), ["+-cat", "-ben"]);
        assert_eq!(words(&presence.take_due(Timestamp(2000))), ["+ann"]);
    }

    #[test]
    fn whoever_moves_has_gone_only_if_that_takes_long() {
        let patience = Duration::from_secs(20);
        let moves = |presence: &mut Presence, id, who: &str, ms| {
            presence.moves(MemberId(id), id, &name(who), Timestamp(ms), patience);
        };
        let mut presence = Presence::new(DELAY);
        for (id, who) in [(1, "ann"), (2, "ben"), (3, "cat")] {
            moves(&mut presence, id, who, 0);
        }
        presence.came(MemberId(4), 4, &name("ann"), Timestamp(300));
        assert_eq!(words(&presence.take_due(Timestamp(21_999))), [""; 0]);
        assert_eq!(words(&presence.take_due(Timestamp(22_000))), ["-ben,cat"]);
        // Who had just come is told of when it is back.
        presence.came(MemberId(5), 5, &name("dai"), Timestamp(30_000));
        moves(&mut presence, 5, "dai", 30_100);
        presence.came(MemberId(6), 6, &name("dai"), Timestamp(30_200));
        assert_eq!(words(&presence.take_due(Timestamp(60_000))), ["+dai"]);
        // Of a great many some may be told to have come twice, and none to have gone.
        for id in 10..10 + 2 * PRESENCE_WAITING_MAX as u64 {
            moves(&mut presence, id, &format!("n{id}"), 70_000);
        }
        assert_eq!(words(&presence.take_due(Timestamp(80_000))), [""; 0]);
    }

    #[test]
    fn a_crowd_is_counted() {
        let mut presence = Presence::new(DELAY);
        for id in 0..2 * PRESENCE_WAITING_MAX as u64 {
            presence.came(MemberId(id), id, &name(&format!("n{id}")), Timestamp(0));
        }
        let told = presence.take_due(Timestamp(2000));
        let [Notice::Joined(group)] = &told[..] else {
            panic!("{told:?}")
        };
        assert_eq!(group.who.len(), PRESENCE_WAITING_MAX);
        assert_eq!(group.more, PRESENCE_WAITING_MAX);
    }
}
