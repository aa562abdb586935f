//! TLS: listeners at which clients say hello before anything else, and the certificate that they are shown.
//!
//! - `layer`: TLS itself, as bytes in and bytes out;
//! - `handshake`: what comes before the connection;
//! - `socket`: the connection, as any other;
//! - `identity`: a certificate with its key, as read from PEM;
//! - `made`: one of our own;
//! - `certificates`: where they come from, and how another takes their place.

mod certificates;
mod handshake;
mod identity;
mod layer;
mod made;
mod socket;
#[cfg(test)]
mod tests;

pub use certificates::{CertificateSource, Certificates, Prepared};
pub use handshake::{HandshakeError, accept};
