//! Bans of the whole server: whom each keeps out, for how long, and how often it has.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::chat::cidr::Cidr;
use crate::chat::name::{Name, NameKey};
use crate::limits::SERVER_BANS_MAX;
use crate::time::Timestamp;

/// The target of a ban.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BanTarget {
    /// Whoever connects from there.
    Network(Cidr),
    /// Whoever has this name, or one that looks like it.
    Name(Name),
    /// Whoever is logged in to this account.
    Account(Name),
}

impl BanTarget {
    /// Reads what [`BanTarget`] is shown as.
    pub fn parse(text: &str) -> Option<BanTarget> {
        if let Some(name) = text.strip_prefix("name:") {
            return Name::parse(name).ok().map(BanTarget::Name);
        }
        if let Some(name) = text.strip_prefix("account:") {
            return Name::parse(name).ok().map(BanTarget::Account);
        }
        text.parse().ok().map(BanTarget::Network)
    }

    /// One of the words `address`, `name` and `account`.
    pub fn kind(&self) -> &'static str {
        match self {
            BanTarget::Network(_) => "address",
            BanTarget::Name(_) => "name",
            BanTarget::Account(_) => "account",
        }
    }

    fn key(&self) -> BanKey {
        match self {
            BanTarget::Network(network) => BanKey::Network(*network),
            BanTarget::Name(name) => BanKey::Name(name.folded()),
            BanTarget::Account(account) => BanKey::Account(account.folded()),
        }
    }
}

impl fmt::Display for BanTarget {
    /// `192.0.2.0/24`, `name:Dai`, `account:Dai`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // Without its length it would be read as the /64.
            BanTarget::Network(one) if one.is_single() && one.first().is_ipv6() => {
                write!(f, "{one}/128")
            }
            BanTarget::Network(network) => network.fmt(f),
            BanTarget::Name(name) => write!(f, "name:{name}"),
            BanTarget::Account(account) => write!(f, "account:{account}"),
        }
    }
}

/// Bits of the /64 that a household gets of version 6.
const HOUSEHOLD_BITS: u8 = 64;

/// Reads a network that somebody typed, in brackets too. An address of version 6 without a length is its /64, which is
/// what a household gets, as everywhere in rules.
pub(super) fn typed_network(text: &str) -> Option<Cidr> {
    let bare = text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'));
    let network: Cidr = bare.unwrap_or(text).parse().ok()?;
    match network.first() {
        first if first.is_ipv6() && !text.contains('/') => Cidr::new(first, HOUSEHOLD_BITS),
        _ => Some(network),
    }
}

/// Whether it is of version 6, and how long it is.
fn kind_of(network: &Cidr) -> (bool, u8) {
    (network.first().is_ipv6(), network.prefix())
}

/// What a ban is found by.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum BanKey {
    Network(Cidr),
    /// Case-folded.
    Name(String),
    /// Case-folded.
    Account(String),
}

/// Somebody who is kept out.
#[derive(Debug)]
pub struct ServerBan {
    /// Who.
    pub target: BanTarget,
    /// Until when, by the steady time; `None`: until it is lifted.
    pub until: Option<Timestamp>,
    /// The operator who made it.
    pub by: Box<str>,
    /// Why; may be empty. Whom it keeps out is told.
    pub why: Box<str>,
    /// When it was made.
    pub made: Timestamp,
    hits: AtomicU64,
    /// How many of them are stored.
    stored_hits: AtomicU64,
}

impl ServerBan {
    /// A ban that has kept out somebody so many times.
    pub fn new(
        target: BanTarget,
        until: Option<Timestamp>,
        by: &str,
        why: &str,
        made: Timestamp,
        hits: u64,
    ) -> ServerBan {
        ServerBan {
            target,
            until,
            by: by.into(),
            why: why.into(),
            made,
            hits: AtomicU64::new(hits),
            stored_hits: AtomicU64::new(hits),
        }
    }

    /// It has kept out somebody once more.
    pub fn count(&self) {
        self.hits.fetch_add(1, Ordering::Relaxed);
    }

    /// How often it has kept out somebody.
    pub fn hits(&self) -> u64 {
        self.hits.load(Ordering::Relaxed)
    }

    /// Whether it has kept out somebody since that was stored last.
    pub fn has_news(&self) -> bool {
        self.hits() != self.stored_hits.load(Ordering::Relaxed)
    }

    /// How often it has kept out somebody since that was stored last.
    pub fn new_hits(&self) -> u64 {
        let stored = self.stored_hits.load(Ordering::Relaxed);
        self.hits().saturating_sub(stored)
    }

    /// So many hits are stored.
    pub fn note_stored(&self, hits: u64) {
        self.stored_hits.store(hits, Ordering::Relaxed);
    }

    /// All servers together have stored so many hits, with those of this one that it has [noted](ServerBan::note_stored).
    fn stored_by_all(&self, hits: u64) {
        let before = self.stored_hits.swap(hits, Ordering::Relaxed);
        // Those of others come to what is counted here; if it is less, one of them is about to store more.
        self.hits
            .fetch_add(hits.wrapping_sub(before), Ordering::Relaxed);
    }

    /// Whether both say the same of whom, and not just about whom.
    fn is_same(&self, other: &ServerBan) -> bool {
        self.until == other.until
            && self.made == other.made
            && self.by == other.by
            && self.why == other.why
    }

    /// The time left; `None`: until it is lifted.
    pub fn left(&self, now: Timestamp) -> Option<Duration> {
        self.until.map(|until| until.since(now))
    }

    fn is_over(&self, now: Timestamp) -> bool {
        self.until.is_some_and(|until| until <= now)
    }
}

/// All bans of a server. An address is looked up once for each length of prefix that is there, whatever the number of
/// bans.
#[derive(Debug, Default)]
pub struct ServerBans {
    bans: HashMap<BanKey, Arc<ServerBan>>,
    /// How many there are of each kind of network, the most exact last.
    lengths: BTreeMap<(bool, u8), usize>,
    /// What banned names can be mistaken by, and which: most often one, and more where they look alike.
    names: HashMap<NameKey, Vec<BanKey>>,
}

impl ServerBans {
    /// Adds a ban, in place of one of the same target. Bans that are over at the time `now` go. Gives those that went,
    /// and the one that it replaces.
    ///
    /// # Errors
    ///
    /// How many there are, which is all that there can be.
    pub fn add(&mut self, ban: ServerBan, now: Timestamp) -> Result<Vec<Arc<ServerBan>>, usize> {
        let key = ban.target.key();
        let mut gone = Vec::new();
        if self.bans.len() >= SERVER_BANS_MAX {
            gone = self.expire(now);
        }
        if self.bans.len() >= SERVER_BANS_MAX && !self.bans.contains_key(&key) {
            return Err(self.bans.len());
        }
        gone.extend(self.insert(Arc::new(ban)));
        Ok(gone)
    }

    /// The bans are these from now on, and those of `kept` that there were before. Hits that are not stored yet are kept.
    /// Gives those that are new, or other ones than before.
    pub fn replace(
        &mut self,
        stored: Vec<ServerBan>,
        kept: &[BanTarget],
        now: Timestamp,
    ) -> Vec<Arc<ServerBan>> {
        let before = std::mem::take(self);
        let mut new = Vec::new();
        for ban in stored {
            if ban.is_over(now) || self.bans.len() >= SERVER_BANS_MAX {
                continue;
            }
            match before.get(&ban.target) {
                Some(known) if known.is_same(&ban) => {
                    known.stored_by_all(ban.hits());
                    self.insert(Arc::clone(known));
                }
                _ => {
                    let ban = Arc::new(ban);
                    new.push(Arc::clone(&ban));
                    self.insert(ban);
                }
            }
        }
        for target in kept {
            if let Some(ban) = before.get(target) {
                self.insert(Arc::clone(ban));
            }
        }
        new
    }

    fn insert(&mut self, ban: Arc<ServerBan>) -> Option<Arc<ServerBan>> {
        let key = ban.target.key();
        if let BanTarget::Network(network) = &ban.target
            && !self.bans.contains_key(&key)
        {
            *self.lengths.entry(kind_of(network)).or_default() += 1;
        }
        if let BanTarget::Name(name) = &ban.target {
            for of in name.keys() {
                let bans = self.names.entry(of).or_default();
                if !bans.contains(&key) {
                    bans.push(key.clone());
                }
            }
        }
        self.bans.insert(key, ban)
    }

    /// Takes back the ban of exactly this target, and gives it.
    pub fn remove(&mut self, target: &BanTarget) -> Option<Arc<ServerBan>> {
        let gone = self.bans.remove(&target.key())?;
        self.forget(&gone.target);
        Some(gone)
    }

    /// Takes out those that are over at the time `now`, and gives them.
    pub fn expire(&mut self, now: Timestamp) -> Vec<Arc<ServerBan>> {
        let over = self.bans.values().filter(|ban| ban.is_over(now));
        let over: Vec<Arc<ServerBan>> = over.cloned().collect();
        for ban in &over {
            self.bans.remove(&ban.target.key());
            self.forget(&ban.target);
        }
        over
    }

    /// A ban of this target is no more.
    fn forget(&mut self, target: &BanTarget) {
        match target {
            BanTarget::Network(network) => {
                if let Some(count) = self.lengths.get_mut(&kind_of(network)) {
                    *count -= 1;
                    if *count == 0 {
                        self.lengths.remove(&kind_of(network));
                    }
                }
            }
            BanTarget::Name(name) => {
                let gone = target.key();
                for key in name.keys() {
                    if let Some(bans) = self.names.get_mut(&key) {
                        bans.retain(|ban| *ban != gone);
                        if bans.is_empty() {
                            self.names.remove(&key);
                        }
                    }
                }
            }
            BanTarget::Account(_) => {}
        }
    }

    /// The ban that keeps out whoever connects from `ip` at the time `now`; of several the most exact one.
    pub fn of_address(&self, ip: IpAddr, now: Timestamp) -> Option<&Arc<ServerBan>> {
        if self.lengths.is_empty() {
            return None;
        }
        let ip = ip.to_canonical();
        let kinds = self.lengths.range((ip.is_ipv6(), 0)..=(ip.is_ipv6(), 128));
        let networks = kinds
            .rev()
            .filter_map(|((_, length), _)| Cidr::new(ip, *length));
        let bans = networks.filter_map(|network| self.bans.get(&BanKey::Network(network)));
        bans.into_iter().find(|ban| !ban.is_over(now))
    }

    /// The ban that keeps anybody from being called `name` at the time `now`.
    pub fn of_name(&self, name: &Name, now: Timestamp) -> Option<&Arc<ServerBan>> {
        if self.names.is_empty() || name.is_anon() {
            return None;
        }
        let keys = name.keys();
        let keys = keys.iter().filter_map(|key| self.names.get(key)).flatten();
        let mut bans = keys.filter_map(|key| self.bans.get(key));
        bans.find(|ban| !ban.is_over(now))
    }

    /// The ban that keeps anybody from logging in to `account` at the time `now`: of the account, or of its name.
    pub fn of_account(&self, account: &Name, now: Timestamp) -> Option<&Arc<ServerBan>> {
        if self.bans.is_empty() {
            return None;
        }
        let ban = self.bans.get(&BanKey::Account(account.folded()));
        ban.filter(|ban| !ban.is_over(now))
            .or_else(|| self.of_name(account, now))
    }

    /// The ban of exactly this target.
    pub fn get(&self, target: &BanTarget) -> Option<&Arc<ServerBan>> {
        self.bans.get(&target.key())
    }

    /// Those that are not over at the time `now`, oldest first.
    pub fn all(&self, now: Timestamp) -> Vec<Arc<ServerBan>> {
        let bans = self.bans.values().filter(|ban| !ban.is_over(now));
        let mut bans: Vec<Arc<ServerBan>> = bans.cloned().collect();
        bans.sort_by_cached_key(|ban| (ban.made, ban.target.to_string()));
        bans
    }

    /// How many there are, those included that are over and still to go.
    pub fn count(&self) -> usize {
        self.bans.len()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: Timestamp = Timestamp(1000);

    fn ban(target: &str, until: Option<i64>) -> ServerBan {
        let target = BanTarget::parse(target).expect("a target");
        ServerBan::new(target, until.map(Timestamp), "Dai", "spam", Timestamp(0), 0)
    }

    fn bans(targets: &[(&str, Option<i64>)]) -> ServerBans {
        let mut bans = ServerBans::default();
        for (target, until) in targets {
            bans.add(ban(target, *until), NOW).expect("there is space");
        }
        bans
    }

    #[test]
    fn targets_are_shown_as_they_are_read() {
        for (typed, shown) in [
            ("192.0.2.7", Some("192.0.2.7")),
            ("192.0.2.7/24", Some("192.0.2.0/24")),
            ("::ffff:192.0.2.7", Some("192.0.2.7")),
            ("[2001:db8:1:2:3::7]", Some("2001:db8:1:2::/64")),
            ("2001:db8:1:2:3::7", Some("2001:db8:1:2::/64")),
            ("2001:db8:1:2:3::7/128", Some("2001:db8:1:2:3:0:0:7/128")),
            ("2001:db8:1::/48", Some("2001:db8:1::/48")),
            ("2001:db8::/129", None),
            ("Dai", None),
        ] {
            let read = typed_network(typed).map(|network| BanTarget::Network(network).to_string());
            let shown = shown.map(|text| text.replace(":3:0:0:7", ":3::7"));
            assert_eq!(read, shown, "{typed}");
            if let Some(shown) = shown {
                let again = BanTarget::parse(&shown).map(|read| read.to_string());
                assert_eq!(again, Some(shown));
            }
        }
    }

    fn name(text: &str) -> Name {
        Name::parse(text).expect("a name")
    }

    fn of_address(bans: &ServerBans, ip: &str) -> Option<String> {
        let found = bans.of_address(ip.parse().expect("an address"), NOW)?;
        Some(found.target.to_string())
    }

    #[test]
    fn the_most_exact_network_counts_and_one_whose_time_is_over_does_not() {
        let bans = bans(&[
            ("192.0.0.0/8", None),
            ("192.0.2.0/24", None),
            ("192.0.2.7", Some(1000)),
            ("192.0.2.8", Some(1001)),
            ("2001:db8:1::/48", None),
        ]);
        for (ip, expected) in [
            ("192.0.2.7", Some("192.0.2.0/24")),
            ("192.0.2.8", Some("192.0.2.8")),
            ("::ffff:192.0.2.8", Some("192.0.2.8")),
            ("192.9.9.9", Some("192.0.0.0/8")),
            ("193.0.2.7", None),
            ("2001:db8:1:2::3", Some("2001:db8:1::/48")),
            ("2001:db8:2::3", None),
        ] {
            assert_eq!(of_address(&bans, ip).as_deref(), expected, "{ip}");
        }
    }

    #[test]
    fn a_name_is_banned_with_all_that_look_like_it_and_an_account_by_itself() {
        let mut bans = bans(&[("name:Dai", None), ("account:Bo", None), ("name:DAl", None)]);
        let named = |bans: &ServerBans, text| bans.of_name(&name(text), NOW).is_some();
        let account = |bans: &ServerBans, text| bans.of_account(&name(text), NOW).is_some();
        for like in ["Dai", "DAI", "dаi", "dal"] {
            assert!(named(&bans, like) && account(&bans, like), "{like}");
        }
        assert!(account(&bans, "BO") && !named(&bans, "Bo"));
        assert!(!account(&bans, "B0") && !named(&bans, "Ann"));
        // Of two that look alike one may go.
        let gone = bans.remove(&BanTarget::Name(name("DAL")));
        assert_eq!(
            gone.map(|gone| gone.target.to_string()).as_deref(),
            Some("name:DAl")
        );
        assert!(named(&bans, "Dai"));
        bans.remove(&BanTarget::Name(name("dai")))
            .expect("it is there");
        assert!(!named(&bans, "Dai") && bans.names.is_empty());
        assert!(!named(&bans, "anon"));
    }

    #[test]
    fn a_full_list_takes_what_replaces_another_and_what_others_make_space_for() {
        let mut bans = ServerBans::default();
        for number in 0..SERVER_BANS_MAX {
            let (high, low) = (number / 256, number % 256);
            let until = (number == 7).then_some(2000);
            let one = ban(&format!("10.0.{high}.{low}"), until);
            assert!(bans.add(one, NOW).is_ok());
        }
        assert_eq!(
            bans.add(ban("192.0.2.7", None), NOW).err(),
            Some(SERVER_BANS_MAX)
        );
        let replaced = bans
            .add(ban("10.0.0.9", Some(5000)), NOW)
            .expect("in place of it");
        assert_eq!(replaced.len(), 1);
        assert_eq!(bans.count(), SERVER_BANS_MAX);
        // The time of one of them is over.
        let gone = bans.add(ban("192.0.2.7", None), Timestamp(2000));
        let gone = gone.expect("in its place");
        assert_eq!(gone[0].target.to_string(), "10.0.0.7");
        assert_eq!(of_address(&bans, "192.0.2.7").as_deref(), Some("192.0.2.7"));
        assert_eq!(of_address(&bans, "10.0.0.7"), None);
    }

    #[test]
    fn ten_thousand_names_whose_time_is_over_at_once_are_forgotten_at_once() {
        let mut bans = ServerBans::default();
        for number in 0..SERVER_BANS_MAX {
            let one = ban(&format!("name:n{number}"), Some(2000));
            bans.add(one, NOW).expect("there is space");
        }
        let start = std::time::Instant::now();
        assert_eq!(bans.expire(Timestamp(2000)).len(), SERVER_BANS_MAX);
        assert!(bans.names.is_empty());
        // One look at all others for each took minutes.
        assert!(start.elapsed() < std::time::Duration::from_secs(10));
    }

    proptest! {
        /// However bans come and go: an address is kept out exactly if one of them covers it, and nothing is left over.
        #[test]
        fn an_address_is_kept_out_exactly_if_a_ban_covers_it(
            steps in prop::collection::vec((any::<bool>(), 0u8..4, 24u8..=32), 0..60),
        ) {
            let (mut bans, mut kept): (ServerBans, Vec<Cidr>) = Default::default();
            for (adds, host, length) in steps {
                let ip = IpAddr::from([192, 0, 2, host.wrapping_mul(61)]);
                let network = Cidr::new(ip, length).expect("short enough");
                let target = BanTarget::Network(network);
                kept.retain(|other| *other != network);
                if adds {
                    kept.push(network);
                    bans.add(ServerBan::new(target, None, "", "", NOW, 0), NOW).expect("there is space");
                } else {
                    bans.remove(&target);
                }
                for ip in (0..=255).map(|host| IpAddr::from([192, 0, 2, host])) {
                    let is_covered = kept.iter().any(|network| network.contains(ip));
                    prop_assert_eq!(bans.of_address(ip, NOW).is_some(), is_covered);
                }
                prop_assert_eq!(bans.lengths.values().sum::<usize>(), kept.len());
            }
        }
    }
}
