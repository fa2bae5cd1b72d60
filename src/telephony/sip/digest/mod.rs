//! Digest authentication (RFC 7616 with the algorithms of RFC 8760, RFC 3261, 22), both sides,
//! as plain state: no clock, no message is sent here.
//!
//! [`Client`] answers what registrars and proxies ask; [`Server`] asks peers that call us and
//! checks what they answer. Requests of the endpoint that are challenged are repeated with an
//! answer by the transaction layer, whoever sent them: nobody else needs [`Client`].
//!
//! Deliberately absent: Basic (it sends the password), auth-int (nobody offers it alone), and
//! answering a peer for which no credentials were configured: an answer is something to guess
//! passwords with.

mod client;
mod fields;
mod server;

use std::fmt;

pub use client::{Client, Refusal};
pub use server::{Proof, Server, Verdict};

/// How a password is proven.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hash {
    /// RFC 8760.
    Sha256,
    /// What old phones have; some of them stumble when they are offered anything else.
    Md5,
}

/// A user and what proves it. Prints without the password.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The user of the digest, often the extension.
    pub user: String,
    /// The password.
    pub password: String,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Credentials({}, redacted)", self.user)
    }
}
