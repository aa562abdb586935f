//! What all connections of a server share.

use std::sync::Arc;

use crate::config::control::Control;
use crate::config::{Config, LiveConfig};
use crate::connection::backlog::TotalBacklog;
use crate::dialog::session::{AccountPolicy, Policy};
use crate::hub::lobby::Lobby;
use crate::net::admission::Admission;
use crate::net::reason::ReasonCounts;
use crate::net::share::Shares;
use crate::net::socket::Peer;
use crate::net::tls::Certificates;
use crate::runtime::Runtime;

/// What all connections of a server share.
#[derive(Debug)]
pub struct Shared {
    /// What it runs on.
    pub runtime: Runtime,
    /// What the operator chose, and may change.
    pub config: LiveConfig,
    /// What operators can have the server do.
    pub control: Control,
    /// Rooms and names.
    pub lobby: Arc<Lobby>,
    /// How many connections there are.
    pub admission: Arc<Admission>,
    /// How much of the executor each address takes, while connections are counted by it.
    pub shares: Arc<Shares>,
    /// How much output waits for clients.
    pub backlog: Arc<TotalBacklog>,
    /// Why connections ended.
    pub reasons: Arc<ReasonCounts>,
    /// What clients by TLS are shown.
    pub certificates: Arc<Certificates>,
}

/// Whether a client can keep a name, and give passwords. What others may read on the way is no place for those.
pub fn policy(config: &Config, peer: Peer) -> Policy {
    let is_overheard = !peer.is_private() && !config.plain_passwords;
    Policy {
        is_overheard,
        accounts: match config.data {
            None => AccountPolicy::NoFile,
            Some(_) if is_overheard => AccountPolicy::Overheard,
            Some(_) => AccountPolicy::Possible,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Options;
    use crate::net::socket::Encryption;
    use crate::store::place::DataPlace;

    #[test]
    fn passwords_are_asked_for_where_nobody_can_overhear_them_or_the_operator_does_not_mind() {
        let here = Peer::tcp("127.0.0.1:1".parse().expect("an address"));
        let there = Peer::tcp("192.0.2.1:1".parse().expect("an address"));
        let by_tls = Peer {
            encryption: Some(Encryption::Tls),
            ..there
        };
        let table = [
            (false, false, here, AccountPolicy::NoFile, false),
            (false, false, there, AccountPolicy::NoFile, true),
            (false, true, there, AccountPolicy::NoFile, false),
            (true, false, here, AccountPolicy::Possible, false),
            (true, false, Peer::unix(), AccountPolicy::Possible, false),
            (true, false, there, AccountPolicy::Overheard, true),
            (true, false, by_tls, AccountPolicy::Possible, false),
            (false, false, by_tls, AccountPolicy::NoFile, false),
            (true, true, here, AccountPolicy::Possible, false),
            (true, true, there, AccountPolicy::Possible, false),
        ];
        for (has_file, plain_passwords, peer, accounts, is_overheard) in table {
            let options = Options {
                data: has_file.then(|| DataPlace::new("chat.db")),
                plain_passwords: Some(plain_passwords),
                ..Options::default()
            };
            let config = Config::new(options).expect("it makes sense");
            let expected = Policy {
                accounts,
                is_overheard,
            };
            assert_eq!(
                policy(&config, peer),
                expected,
                "{has_file} {plain_passwords} {peer}"
            );
        }
    }
}
