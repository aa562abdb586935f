//! *Pure.* What is kept of the moderation of a room when the server ends, and how it is written down.

use super::ban::Ban;
use super::moderation::Moderation;

impl Moderation {
    /// What is left of it when the server ends. Connections end with it, and so does what is about them alone:
    /// ownership without an account, mutes, and which connections a ban is about.
    pub fn persistent(&self) -> Moderation {
        Moderation {
            owners: self.owners.persistent(),
            lock: self.lock.clone(),
            private: self.private,
            bans: self.bans.iter().map(Ban::persistent).collect(),
            muted: Vec::new(),
            founder: self.founder.clone(),
        }
    }

    /// All of it, written down.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Reads what [`Moderation::to_json`] wrote.
    ///
    /// # Errors
    ///
    /// What is wrong with it. A room whose moderation cannot be read must not be opened to everybody.
    pub fn from_json(json: &str) -> Result<Moderation, String> {
        let wrong = |error: serde_json::Error| error.to_string();
        // Asked for by itself, since a list would do for a record.
        let object: serde_json::Map<_, _> = serde_json::from_str(json).map_err(wrong)?;
        serde_json::from_value(object.into()).map_err(wrong)
    }
}
