//! What all connections of a server share.

use std::sync::Arc;

use crate::config::Config;
use crate::lobby::Lobby;
use crate::reason::ReasonCounts;
use crate::session::Keeping;
use crate::socket::Peer;

/// What all connections of a server share.
#[derive(Debug)]
pub struct Shared {
    /// What the operator chose.
    pub config: Config,
    /// Rooms and names.
    pub lobby: Arc<Lobby>,
    /// Why connections ended.
    pub reasons: ReasonCounts,
}

/// Whether a client can keep a name. What comes from another host may be read on the way.
pub fn keeping(config: &Config, peer: Peer) -> Keeping {
    match config.data {
        None => Keeping::NoFile,
        Some(_) if peer.is_on_this_machine() || config.plain_passwords => Keeping::Possible,
        Some(_) => Keeping::Overheard,
    }
}

#[cfg(test)]
mod tests {
    use argh::FromArgs;

    use super::*;
    use crate::config::Args;

    #[test]
    fn passwords_are_asked_for_where_nobody_can_overhear_them_or_the_operator_does_not_mind() {
        let here = Peer::Tcp("127.0.0.1:1".parse().expect("an address"));
        let there = Peer::Tcp("192.0.2.1:1".parse().expect("an address"));
        let data = ["--data", "chat.db"];
        let plain = ["--data", "chat.db", "--plain-passwords"];
        let table: [(&[&str], Peer, Keeping); 7] = [
            (&[], here, Keeping::NoFile),
            (&[], there, Keeping::NoFile),
            (&data, here, Keeping::Possible),
            (&data, Peer::Unix, Keeping::Possible),
            (&data, there, Keeping::Overheard),
            (&plain, here, Keeping::Possible),
            (&plain, there, Keeping::Possible),
        ];
        for (args, peer, expected) in table {
            let parsed = Args::from_args(&["parlor"], args).expect("argh takes it");
            let config = Config::new(parsed).expect("it makes sense");
            assert_eq!(keeping(&config, peer), expected, "{args:?} {peer}");
        }
    }
}
