//! The SIP endpoint (RFC 3261): answers and places calls over UDP and TCP, as one machine.
//!
//! # Contract
//! [`Endpoint`] is a [`machine::Machine`]: [`Input`] are received bytes and the application's
//! [`Command`]s, [`Output`] are bytes to send and [`Event`]s. Every call that was announced
//! ([`Event::Incoming`] or [`Event::Dialled`]) ends in exactly one [`Event::Ended`], after which
//! nothing more is said about it. Commands for a call that is over are ignored.
//!
//! # Bounds
//! Calls, transactions and connections are capped in all and per source ([`Config`]); what is
//! above is refused without keeping state. Requests outside a dialog other than INVITE never
//! make state: they are answered statelessly (RFC 3261, 8.2.7).
//!
//! # Deliberately absent
//! Name resolution ([`Output::Resolve`] says what to look up, the driver asks; in-dialog requests to a host name go
//! where the peer was last heard), the TLS handshake, being a registrar.
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod authorize;
mod body;
mod call;
mod callee;
mod caller;
mod config;
mod connections;
mod dialog;
pub mod digest;
mod endpoint;
mod flow;
mod framing;
mod guard;
mod half_open;
mod identity;
mod inbound;
mod info;
mod interface;
mod limits;
mod lines;
mod locate;
mod network;
mod notice;
mod party;
mod reason;
mod refer;
mod referred;
mod registration;
mod reliable;
mod replaces;
mod requests;
mod responses;
mod route;
mod session_timer;
mod stun;
mod timers;
mod transactions;
mod trunk;
mod uri_fields;
mod within;

pub use config::Config;
pub use digest::Credentials;
pub use endpoint::Endpoint;
pub use guard::Flood;
pub use identity::{Background, Diversion};
pub use interface::{CallKey, Command, ConnectionId, EndCause, EndedBy, Event, Input, Load, Output, Party, Transport};
pub use lines::Query;
pub use locate::{Answer, Found, Question, Search, Server, Service};
pub use network::Network;
pub use notice::{AccountState, Denial, Failure, Notice, TargetState};
pub use reason::Reason;
pub use refer::{ReferTo, Referral};
pub use registration::Account;
pub use route::Hop;
pub use trunk::Trunk;

pub use crate::sdp::{Codec, LocalMedia, NegotiatedMedia, Policy, Security};
