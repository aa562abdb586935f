//! Hashing and checking passwords with argon2id, and how often one may try.
//!
//! It takes as much time and memory as [`crate::limits`] says, on purpose, so no task of the executor does it:
//! threads of their own do, few at once. A name that nobody has registered takes as long as a wrong password.

use std::collections::HashMap;
use std::hint::black_box;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use argon2::password_hash::Error;
use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use async_lock::{Semaphore, SemaphoreGuard};

use crate::chat::account::AccountError;
use crate::chat::address::Address;
use crate::chat::network::Network;
use crate::chat::password::{Password, is_affordable};
use crate::limits::{
    PASSWORD_LANES, PASSWORD_MEMORY_KIB, PASSWORD_PASSES, PASSWORDS_AT_ONCE, PASSWORDS_WAITING_MAX,
    TRIES_ADDRESSES_MAX, TRIES_PER_ADDRESS_MAX, TRIES_PERIOD,
};
use crate::runtime::Runtime;

/// Hashes and checks the passwords of one server.
#[derive(Debug)]
pub struct Passwords {
    runtime: Runtime,
    waiting: Semaphore,
    working: Semaphore,
    tries: Mutex<Tries>,
}

impl Passwords {
    /// Hashing on threads of `runtime`.
    pub fn new(runtime: Runtime) -> Passwords {
        Passwords {
            runtime,
            waiting: Semaphore::new(PASSWORDS_WAITING_MAX),
            working: Semaphore::new(PASSWORDS_AT_ONCE),
            tries: Mutex::default(),
        }
    }

    /// Hashes a password that somebody at `address` (`None`: not counted) has chosen. The hash is a PHC
    /// string with a salt of its own.
    ///
    /// # Errors
    ///
    /// [`AccountError::TooManyTries`], [`AccountError::Busy`], or [`AccountError::NotStored`] if the system
    /// has no memory or no random numbers for it.
    pub async fn hash(
        &self,
        address: Option<IpAddr>,
        password: Password,
    ) -> Result<String, AccountError> {
        let _place = self.place()?;
        self.count(address)?;
        let _turn = self.working.acquire().await;
        self.runtime.unblock(move || hash(&password)).await
    }

    /// Checks a password against the hash that is stored; `None`: there is no such account, which takes as
    /// long to find out.
    ///
    /// # Errors
    ///
    /// [`AccountError::Wrong`], [`AccountError::TooManyTries`] or [`AccountError::Busy`].
    pub async fn check(
        &self,
        address: Option<IpAddr>,
        password: Password,
        stored: Option<String>,
    ) -> Result<(), AccountError> {
        let _place = self.place()?;
        // Before it is known whether it fails: many could be tried at once.
        self.count(address)?;
        let _turn = self.working.acquire().await;
        let is_right = self.runtime.unblock(move || match stored {
            Some(stored) => is_right(&password, &stored),
            None => {
                let _ = black_box(hash_with_salt(&password, b"nobody's salt"));
                false
            }
        });
        if !is_right.await {
            return Err(AccountError::Wrong);
        }
        self.tries().take_back(address);
        Ok(())
    }

    fn place(&self) -> Result<SemaphoreGuard<'_>, AccountError> {
        self.waiting.try_acquire().ok_or(AccountError::Busy)
    }

    fn count(&self, address: Option<IpAddr>) -> Result<(), AccountError> {
        match self.tries().count(address, self.runtime.clock.now()) {
            true => Ok(()),
            false => Err(AccountError::TooManyTries),
        }
    }

    fn tries(&self) -> std::sync::MutexGuard<'_, Tries> {
        self.tries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn argon2() -> Result<Argon2<'static>, Error> {
    let params = Params::new(PASSWORD_MEMORY_KIB, PASSWORD_PASSES, PASSWORD_LANES, None)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn hash(password: &Password) -> Result<String, AccountError> {
    let hash = argon2().and_then(|argon2| argon2.hash_password(password.as_bytes()));
    match hash {
        Ok(hash) => Ok(hash.to_string()),
        Err(error) => {
            tracing::warn!(%error, "cannot hash a password");
            Err(AccountError::NotStored)
        }
    }
}

fn hash_with_salt(password: &Password, salt: &[u8]) -> Result<PasswordHash, Error> {
    argon2()?.hash_password_with_salt(password.as_bytes(), salt)
}

fn is_right(password: &Password, stored: &str) -> bool {
    let checked =
        PasswordHash::new(stored)
            .map_err(Error::from)
            .and_then(|hash| match is_affordable(&hash) {
                true => argon2()?.verify_password(password.as_bytes(), &hash),
                false => Err(Error::ParamsInvalid),
            });
    match checked {
        Ok(()) => true,
        Err(Error::PasswordInvalid) => false,
        Err(error) => {
            tracing::warn!(%error, "an account has an invalid password hash");
            false
        }
    }
}

/// How often each address, and each network around one, has tried.
#[derive(Debug, Default)]
struct Tries(HashMap<Network, (Instant, u8)>);

impl Tries {
    /// Counts a try from `address`; false if there were too many in [`TRIES_PERIOD`].
    fn count(&mut self, address: Option<IpAddr>, now: Instant) -> bool {
        let Some(address) = address else {
            return true;
        };
        let address = Address::from(address);
        // A site that may not try leaves no trace of its addresses, or they would push out what is known of it.
        if !Network::around(address).all(|network| self.may_try(network, now)) {
            return false;
        }
        for network in Network::around(address) {
            if !self.0.contains_key(&network) && self.0.len() >= TRIES_ADDRESSES_MAX {
                self.make_space(now);
            }
            let (since, tries) = self.0.entry(network).or_insert((now, 0));
            if now >= *since + TRIES_PERIOD {
                (*since, *tries) = (now, 0);
            }
            *tries += 1;
        }
        true
    }

    fn may_try(&self, network: Network, now: Instant) -> bool {
        let most = u32::from(TRIES_PER_ADDRESS_MAX) * network.shares();
        self.0
            .get(&network)
            .is_none_or(|(since, tries)| now >= *since + TRIES_PERIOD || u32::from(*tries) < most)
    }

    /// The last try was right, and does not count.
    fn take_back(&mut self, address: Option<IpAddr>) {
        for network in address
            .map(Address::from)
            .into_iter()
            .flat_map(Network::around)
        {
            if let Some((_, tries)) = self.0.get_mut(&network) {
                *tries = tries.saturating_sub(1);
            }
        }
    }

    /// Forgets the addresses whose time is over; if there are none, the one counted longest.
    fn make_space(&mut self, now: Instant) {
        self.0.retain(|_, (since, _)| now < *since + TRIES_PERIOD);
        if self.0.len() >= TRIES_ADDRESSES_MAX {
            let oldest = self.0.iter().min_by_key(|(_, (since, _))| *since);
            if let Some((&network, _)) = oldest {
                self.0.remove(&network);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;
    use std::sync::Arc;
    use std::time::Duration;

    use futures_lite::future::{block_on, poll_once};

    use super::*;
    use crate::limits::SITE_SHARES;

    fn password(text: &str) -> Password {
        Password::parse(text).expect("a password")
    }

    fn address(number: u32) -> Option<IpAddr> {
        Some(IpAddr::V4(Ipv4Addr::from_bits(number)))
    }

    #[test]
    fn a_password_fits_its_hash_and_no_other() {
        let passwords = Passwords::new(Runtime::new(Arc::default()));
        let hash = |text| block_on(passwords.hash(None, password(text))).expect("a hash");
        let check = |text, hash: Option<&str>| {
            block_on(passwords.check(None, password(text), hash.map(str::to_owned)))
        };
        let (one, two) = (hash("hunter2hunter2"), hash("hunter2hunter2"));
        assert_ne!(one, two, "each has a salt of its own");
        let params = format!("m={PASSWORD_MEMORY_KIB},t={PASSWORD_PASSES},p={PASSWORD_LANES}");
        assert!(
            one.starts_with(&format!("$argon2id$v=19${params}$")),
            "{one}"
        );
        assert!(crate::chat::password::is_hash(&one));
        for hash in [one, two] {
            assert_eq!(check("hunter2hunter2", Some(&hash)), Ok(()));
            assert_eq!(
                check("hunter2hunter3", Some(&hash)),
                Err(AccountError::Wrong)
            );
        }
        assert_eq!(check("hunter2hunter2", None), Err(AccountError::Wrong));
    }

    #[test]
    fn a_hash_that_is_none_or_costs_too_much_fits_nothing() {
        let passwords = Passwords::new(Runtime::new(Arc::default()));
        let salt_and_hash = "c2FsdHNhbHRzYWx0$cm9vdHJvb3Ryb290cm9vdHJvb3Ryb290cm9vdHJvb3Q";
        for stored in [
            "",
            "hunter2hunter2",
            "$argon2id$",
            "$2b$10$abcdefghijklmnopqrstuv",
            &format!("$argon2id$v=19$m=4000000,t=2,p=1${salt_and_hash}"),
            &format!("$argon2id$v=19$m=64,t=4000000,p=1${salt_and_hash}"),
        ] {
            assert!(!crate::chat::password::is_hash(stored), "{stored}");
            let checked =
                passwords.check(None, password("hunter2hunter2"), Some(stored.to_owned()));
            assert_eq!(block_on(checked), Err(AccountError::Wrong), "{stored}");
        }
    }

    #[test]
    fn passwords_beyond_those_that_may_wait_are_refused() {
        let passwords = Passwords::new(Runtime::new(Arc::default()));
        let turns: Vec<_> = (0..PASSWORDS_AT_ONCE)
            .map(|_| passwords.working.try_acquire().expect("a turn"))
            .collect();
        let mut waiting = Vec::new();
        for _ in 0..PASSWORDS_WAITING_MAX {
            let mut check = Box::pin(passwords.check(None, password("password1"), None));
            assert_eq!(block_on(poll_once(&mut check)), None);
            waiting.push(check);
        }
        let refused = passwords.check(address(1), password("password1"), None);
        assert_eq!(block_on(refused), Err(AccountError::Busy));
        // Who gives up makes place for another.
        waiting.pop();
        drop(turns);
        let next = passwords.check(address(1), password("password1"), None);
        waiting.clear();
        assert_eq!(block_on(next), Err(AccountError::Wrong));
    }

    #[test]
    fn an_address_has_so_many_tries_in_a_period_and_right_ones_do_not_count() {
        let mut tries = Tries::default();
        let start = Instant::now();
        for _ in 0..100 {
            assert!(tries.count(address(1), start));
            tries.take_back(address(1));
            assert!(tries.count(None, start), "a Unix socket has no address");
        }
        for number in 0..TRIES_PER_ADDRESS_MAX {
            assert!(tries.count(address(1), start), "try {number}");
        }
        let late = start + TRIES_PERIOD - Duration::from_millis(1);
        assert!(!tries.count(address(1), late));
        assert!(tries.count(address(2), late));
        assert!(tries.count(address(1), start + TRIES_PERIOD));
    }

    #[test]
    fn a_site_has_a_few_times_the_tries_of_one_address() {
        let mut tries = Tries::default();
        let start = Instant::now();
        let from = |subnet: u32| Some(IpAddr::from([0x2001, 0xdb8, 1, subnet as u16, 0, 0, 0, 1]));
        let tried = (0..1000).filter(|subnet| tries.count(from(*subnet), start));
        let most = usize::from(TRIES_PER_ADDRESS_MAX) * SITE_SHARES as usize;
        assert_eq!(tried.count(), most);
        // Those that were refused are not remembered.
        assert_eq!(tries.0.len(), most + 1);
        let other = Some(IpAddr::from([0x2001, 0xdb8, 2, 0, 0, 0, 0, 1]));
        assert!(tries.count(other, start));
        assert!(tries.count(from(1000), start + TRIES_PERIOD));
    }

    #[test]
    fn the_addresses_counted_are_bounded() {
        let mut tries = Tries::default();
        let start = Instant::now();
        for number in 0..2 * TRIES_ADDRESSES_MAX as u32 {
            let now = start + Duration::from_millis(number.into());
            assert!(tries.count(address(number), now));
            assert!(tries.0.len() <= TRIES_ADDRESSES_MAX);
        }
        // Those counted last are still there.
        let now = start + Duration::from_secs(9);
        for _ in 1..TRIES_PER_ADDRESS_MAX {
            assert!(tries.count(address(2 * TRIES_ADDRESSES_MAX as u32 - 1), now));
        }
        assert!(!tries.count(address(2 * TRIES_ADDRESSES_MAX as u32 - 1), now));
        // In a quiet time all are forgotten at once.
        let later = now + 2 * TRIES_PERIOD;
        assert!(tries.count(address(u32::MAX), later));
        assert_eq!(tries.0.len(), 1);
    }
}
