//! What users report to operators.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::time::Instant;

use serde::{Deserialize, Serialize};

use crate::chat::address::Address;
use crate::chat::message::{Kind, Message, clean_text};
use crate::chat::name::{Name, RoomName};
use crate::chat::network::Network;
use crate::limits::{
    REPORT_EVERY, REPORT_LINE_COLUMNS_MAX, REPORTERS_MAX, REPORTS_BURST, REPORTS_MAX,
    REPORTS_PER_ADDRESS_MAX,
};
use crate::text;
use crate::time::Timestamp;
use crate::time::rate::{Pace, Rate};

/// What somebody has reported. It is stored as JSON: what a field means MUST NOT change, and a new one needs a default.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Its number; the first has 1.
    pub id: u64,
    /// When.
    pub time: Timestamp,
    /// Who reports.
    pub by: Party,
    /// Whom.
    pub about: Party,
    /// The room; `None`: from the menu.
    pub room: Option<Box<str>>,
    /// Why.
    #[serde(deserialize_with = "clean_text")]
    pub why: Box<str>,
    /// The last lines of the room at that time.
    pub lines: Vec<ReportedLine>,
}

/// Somebody of whom a report tells, as they were at the time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Party {
    /// The name.
    pub name: Name,
    /// The account that they were logged in to.
    pub account: Option<Name>,
    /// Where they came from; `None`: over a Unix socket, or they were gone already.
    pub address: Option<IpAddr>,
}

/// A line of a room, as far as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportedLine {
    /// When it was said.
    pub time: Timestamp,
    /// Who said it.
    pub name: Name,
    /// Whether it was said or done.
    pub kind: Kind,
    /// What.
    #[serde(deserialize_with = "clean_text")]
    pub text: Box<str>,
}

impl From<&Message> for ReportedLine {
    fn from(line: &Message) -> ReportedLine {
        ReportedLine {
            time: line.time,
            name: line.name.clone(),
            kind: line.kind,
            text: text::cut(&line.text, REPORT_LINE_COLUMNS_MAX).into(),
        }
    }
}

impl Report {
    /// The name of the room, which may be closed by now.
    pub fn room_name(&self) -> Option<RoomName> {
        RoomName::parse(self.room.as_deref()?).ok()
    }

    /// What reports are counted by.
    fn source(&self) -> Option<Address> {
        self.by.address.map(Address::from)
    }
}

/// Why a report was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReportError {
    /// Nobody of that name is there, or has spoken just now.
    Nobody,
    /// It is about oneself.
    Oneself,
    /// It is about a name that many have.
    Anon,
    /// So many came from there that no more are taken for a minute.
    TooMany,
    /// The server cannot find out who that is, or is at its end.
    Unavailable,
}

/// The reports that are kept, and how many each address may make.
#[derive(Debug, Default)]
pub struct Reports {
    kept: VecDeque<Report>,
    last: u64,
    /// The one that has made none for longest first. Those over Unix sockets are counted together.
    reporters: VecDeque<(Option<Network>, Rate)>,
}

impl Reports {
    /// Those that were stored, in the order of their numbers.
    pub fn of(kept: Vec<Report>) -> Reports {
        let last = kept.last().map_or(0, |report| report.id);
        Reports {
            kept: kept.into(),
            last,
            reporters: VecDeque::new(),
        }
    }

    /// Whether a report from `address` would be taken `now`.
    pub fn may_report(&self, address: Option<IpAddr>, now: Instant) -> bool {
        let is_free = |network: Option<Network>| {
            let known = self.reporters.iter().find(|(of, _)| *of == network);
            known.is_none_or(|(_, rate)| rate.clone().take(pace_of(network), now).is_ok())
        };
        networks_of(address).into_iter().all(is_free)
    }

    /// Counts a report from `address` that is made `now`; false if there were too many.
    pub fn count(&mut self, address: Option<IpAddr>, now: Instant) -> bool {
        let mut networks = networks_of(address).into_iter();
        networks.all(|network| self.count_of(network, now))
    }

    fn count_of(&mut self, network: Option<Network>, now: Instant) -> bool {
        let known = self.reporters.iter().position(|(of, _)| *of == network);
        let known = known.and_then(|at| self.reporters.remove(at));
        let (_, mut rate) = known.unwrap_or_else(|| (network, Rate::new(now)));
        if self.reporters.len() >= REPORTERS_MAX {
            self.reporters.pop_front();
        }
        let is_taken = rate.take(pace_of(network), now).is_ok();
        self.reporters.push_back((network, rate));
        is_taken
    }

    /// Keeps a report under the next number, which it is given. Gives the numbers of those that went for it.
    pub fn keep(&mut self, mut report: Report) -> (&Report, Vec<u64>) {
        self.last += 1;
        report.id = self.last;
        let mut gone = Vec::new();
        let source = report.source();
        let is_theirs = |other: &Report| other.source() == source;
        let theirs = self.kept.iter().filter(|other| is_theirs(other)).count();
        if theirs >= REPORTS_PER_ADDRESS_MAX
            && let Some(at) = self.kept.iter().position(is_theirs)
        {
            gone.extend(self.kept.remove(at).map(|gone| gone.id));
        }
        if self.kept.len() >= REPORTS_MAX {
            gone.extend(self.kept.pop_front().map(|gone| gone.id));
        }
        self.kept.push_back(report);
        (&self.kept[self.kept.len() - 1], gone)
    }

    /// The last `count` of them, oldest first, and how many more there are.
    pub fn last(&self, count: usize) -> (Vec<Report>, usize) {
        let more = self.kept.len().saturating_sub(count);
        (self.kept.iter().skip(more).cloned().collect(), more)
    }

    /// How many are kept.
    pub fn count_kept(&self) -> usize {
        self.kept.len()
    }
}

/// All that a report from `address` counts for. Those over Unix sockets are counted together.
fn networks_of(address: Option<IpAddr>) -> Vec<Option<Network>> {
    match address.map(Address::from) {
        Some(address) => Network::around(address).map(Some).collect(),
        None => vec![None],
    }
}

fn pace_of(network: Option<Network>) -> Pace {
    let pace = Pace::every(REPORT_EVERY, REPORTS_BURST);
    pace.times(network.map_or(1, Network::shares))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn party(text: &str, address: Option<&str>) -> Party {
        Party {
            name: Name::parse(text).expect("a name"),
            account: None,
            address: address.map(|text| text.parse().expect("an address")),
        }
    }

    fn report(from: Option<&str>) -> Report {
        Report {
            id: 0,
            time: Timestamp(7),
            by: party("Dai", from),
            about: party("Bo", Some("2001:db8::1")),
            room: Some("1150".into()),
            why: "spam".into(),
            lines: Vec::new(),
        }
    }

    #[test]
    fn one_address_makes_a_few_reports_and_then_one_a_minute_however_many_addresses_it_has() {
        let (mut reports, now) = (Reports::default(), Instant::now());
        let burst = REPORTS_BURST as usize;
        let mut taken = |from: &[&str], at| {
            let from = from.iter().cycle().take(100);
            let parsed = from.map(|text| text.parse().ok());
            let taken = parsed.filter(|from| {
                let may = reports.may_report(*from, at);
                assert_eq!(reports.count(*from, at), may, "{from:?}");
                may
            });
            taken.count()
        };
        assert_eq!(taken(&["192.0.2.7", "::ffff:192.0.2.7"], now), burst);
        assert_eq!(taken(&["192.0.2.8"], now), burst);
        assert_eq!(taken(&["192.0.2.7"], now + REPORT_EVERY), 1);
        // All of a /64 together, and a /48 has a few times as much.
        assert_eq!(taken(&["2001:db8::1", "2001:db8::2"], now), burst);
        let mut subnets = Vec::new();
        for subnet in 0..50 {
            subnets.push(format!("2001:db8:1:{subnet:x}::1"));
        }
        let subnets: Vec<&str> = subnets.iter().map(String::as_str).collect();
        let site = taken(&subnets, now);
        assert!(site > burst && site < 5 * burst, "{site}");
        // Over Unix sockets.
        assert_eq!(taken(&["unix"], now), burst);
        for number in 0..2 * REPORTERS_MAX {
            let from = IpAddr::from((number as u32).to_be_bytes());
            reports.count(Some(from), now);
        }
        assert!(reports.reporters.len() <= REPORTERS_MAX);
    }

    #[test]
    fn a_flood_from_one_address_washes_away_no_report_of_others() {
        let mut reports = Reports::default();
        let first = reports.keep(report(Some("192.0.2.1"))).0.id;
        for _ in 0..2000 {
            reports.keep(report(Some("192.0.2.2")));
        }
        assert_eq!(reports.count_kept(), 1 + REPORTS_PER_ADDRESS_MAX);
        assert_eq!(reports.last(usize::MAX).0[0].id, first);
        for number in 0..2 * REPORTS_MAX as u32 {
            let ip = IpAddr::from(number.to_be_bytes()).to_string();
            let (_, gone) = reports.keep(report(Some(&ip)));
            assert!(gone.len() <= 2);
        }
        assert_eq!(reports.count_kept(), REPORTS_MAX);
        let (last, more) = reports.last(3);
        assert_eq!((last.len(), more), (3, REPORTS_MAX - 3));
        assert_eq!(last[2].id, 1 + 2000 + 2 * REPORTS_MAX as u64);
        // Numbers go on after a restart.
        let mut again = Reports::of(reports.last(usize::MAX).0);
        assert_eq!(again.keep(report(None)).0.id, last[2].id + 1);
    }

    #[test]
    fn a_report_is_read_as_it_was_written_and_cleaned() {
        let mut one = report(None);
        one.lines.push(ReportedLine {
            time: Timestamp(1),
            name: Name::anon(),
            kind: Kind::Action,
            text: "waves".into(),
        });
        let json = serde_json::to_string(&one).expect("JSON takes it");
        let read: Report = serde_json::from_str(&json).expect("it is one");
        assert_eq!(read, one);
        let forged = json.replace("waves", "\\u001b[2J*");
        let read: Report = serde_json::from_str(&forged).expect("it is one");
        assert_eq!(&*read.lines[0].text, "*");
    }
}
